"""Drug libraries as TOML: what was read from a pump, and the template of a new one."""

import json
from datetime import date, timedelta
from typing import Any

from pumpctl.library_keys import ENTRY, HEAD, REQUIRED, Key, written
from pumpctl.quantity import Kind

_EPOCH = date(1970, 1, 1)


def issued(library: dict[str, Any]) -> str:
    """The day of issue, YYYY-MM-DD."""
    return (_EPOCH + timedelta(minutes=library["issued_min"])).isoformat()


def write(library: dict[str, Any], heading: str = "") -> str:
    """A TOML file that gives this very library when it is loaded."""
    lines = [f"# {heading}", ""] if heading else []
    lines += [
        f"name = {_quoted(library['name'])}",
        f"version = {library['version']}",
        f"issued = {issued(library)}",
        f"source = {_quoted(library['source'])}",
    ]
    for entry in library["entry_list"]:
        lines += ["", "[[entry]]"]
        lines += [f"{name} = {_told(key, entry[key.field])}" for name, key in ENTRY.items() if entry[key.field]]
    return "\n".join(lines) + "\n"


def _told(key: Key, value: Any) -> str:
    if isinstance(key.kind, Kind):
        return f'"{written(key, value)}"'
    return _quoted(value) if key.kind == "text" else str(value).lower()


def _quoted(text: str) -> str:
    # A JSON string is a TOML string too, but for DEL, which TOML wants escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def template() -> str:
    """A library to be filled in: every key with what it is for, the optional ones commented out."""
    lines = [
        "# A drug library. A soft limit needs a confirmation, which is logged; a hard limit is refused by the pump.",
        "# A limit that is left out is none. Write beside each figure where it comes from.",
        "",
    ]
    examples = {"name": '"Ward library"', "version": "1", "issued": date.today().isoformat(), "source": '"..."'}
    lines += [_line(f"{name} = {examples[name]}", about) for name, about in HEAD.items()]
    lines += ["", "# One table for each drug and concentration.", "[[entry]]"]
    for name, key in ENTRY.items():
        example = {"text": '"baclofen"', "flag": "true", "count": "4"}.get(str(key.kind), "")
        if isinstance(key.kind, Kind):
            example = f'"{_EXAMPLES[name]}"'
        mark = "" if name in REQUIRED else "# "
        lines.append(_line(f"{mark}{name} = {example}", key.about))
    return "\n".join(lines) + "\n"


def _line(told: str, about: str) -> str:
    return f"{told:<34} # {about}"


_EXAMPLES = {
    "concentration": "500ug/ml",
    "soft_low": "22ug/d",
    "soft_high": "1400ug/d",
    "hard_high": "2003ug/d",
    "bolus_soft": "100ug",
    "bolus_hard": "200ug",
    "bolus_lockout": "4h",
    "patient_bolus_hard": "50ug",
    "patient_lockout": "1h",
    "window_1h": "250ug",
    "window_4h": "600ug",
    "window_24h": "2200ug",
    "increase_spinal": "30%",
    "increase_cerebral": "15%",
    "increase_child": "15%",
}
