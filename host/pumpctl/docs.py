"""Writes what is derived from the source: tables of the firmware's pages, and mip's list of files.

`python -m pumpctl.docs firmware` rewrites PROTOCOL.md, HARDWARE.md and SAFETY.md between their marks,
package.json and wiring.svg. The prose around the marks is written by hand.
"""

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from infuser import VERSION
from infuser.wire import alarms, codec, frame, library, messages, program, records, replies, states, units
from pumpctl import alarm_texts, error_texts, library_firmware, wiring
from pumpctl import firmware_files as pumpctl_firmware
from pumpctl.docs_pages import PAGES

_BLOCK = re.compile(r"(<!-- generated: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
# The request that the page spells out byte by byte.
EXAMPLE = {"resume_after_ms": 0, "remind_min": 15, "operator": "Ada"}
FLAG_LETTERS = (
    (messages.MUTATES, "M"),
    (messages.WHEN_STOPPED, "S"),
    (messages.CLINICIAN, "C"),
    (messages.SERVICE, "V"),
)
ANSWERS = {
    alarms.KEEP: "none: delivery goes on",
    alarms.BASAL_ONLY: "basal rate only",
    alarms.MINIMUM_RATE: "minimum rate",
    alarms.MOTOR_OFF: "motor off",
}


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; bars inside a cell are escaped."""

    def line(cells: Sequence[object]) -> str:
        return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |\n"

    return line(columns) + line(["---"] * len(columns)) + "".join(line(row) for row in rows)


def fields(declared: str | tuple[tuple[str, Any], ...]) -> str:
    """Declared fields as one line: `name` type, and a list as its record in brackets."""
    if not declared:
        return "none"
    told = codec.fields(declared)
    return ", ".join(
        f"`{name}` [{fields(kind)}]" if isinstance(kind, tuple) else f"`{name}` {kind}" for name, kind in told
    )


def _sizes() -> str:
    rows = [
        ("firmware version that this page belongs to", VERSION),
        ("protocol hash", f"`{messages.hash_text(messages.protocol_hash())}`"),
        ("payload of a frame", f"1 to {frame.PAYLOAD_MAX} bytes"),
        ("frame on the line, both zero bytes included", f"at most {frame.CODED_MAX + 2} bytes"),
        ("chunk of a program or of the log", f"at most {messages.CHUNK_MAX} bytes"),
        ("encoded program", f"at most {program.ENCODED_MAX} bytes"),
        ("text", f"at most {codec.TEXT_MAX} bytes of UTF-8"),
    ]
    return table(("quantity", "value"), rows)


def _types() -> str:
    rows = [(name, f"{low} to {high}") for name, (low, high) in codec.BOUNDS.items()]
    return table(("type", "range"), rows)


def _example() -> str:
    payload = messages.encode_request(messages.STOP, 0x0102030405060708, EXAMPLE)
    return f"payload  {payload.hex(' ')}\nframe    {frame.encode(payload).hex(' ')}\n"


def _messages() -> str:
    rows = []
    for number, (name, flags, request, reply) in sorted(messages.MESSAGES.items()):
        marks = "".join(letter for flag, letter in FLAG_LETTERS if flags & flag)
        told = "see below" if len(codec.fields(reply)) > 12 else fields(reply)
        rows.append((number, name, marks, fields(request), told))
    return table(("id", "command", "flags", "request", "reply"), rows)


def _field_rows(declared: str) -> str:
    told = codec.fields(declared)
    rows = [(f"`{name}`", f"list of: {fields(kind)}" if isinstance(kind, tuple) else kind) for name, kind in told]
    return table(("field", "type"), rows)


def _errors() -> str:
    rows = [(code, *told) for code, told in sorted(error_texts.ERRORS.items())]
    return table(("code", "name", "what happened", "what to do"), rows)


def _alarms() -> str:
    rows = [
        (
            number,
            name,
            alarms.PRIORITY_NAMES[priority].upper(),
            "yes" if latching else "no",
            ANSWERS[answer],
            f"{delay_s} s" if delay_s else "at once",
            f"{escalate_min} min" if escalate_min else "never",
            alarm_texts.text(number),
            alarm_texts.remedy(number),
        )
        for number, (name, priority, latching, answer, delay_s, escalate_min) in sorted(alarms.ALARMS.items())
    ]
    columns = (
        "id",
        "alarm",
        "priority",
        "latching",
        "the pump's answer",
        "after",
        "rises after",
        "condition",
        "what to do",
    )
    return table(columns, rows)


def _records() -> str:
    return table(
        ("kind", "record", "fields"), [(n, name, fields(of)) for n, (name, of) in sorted(records.RECORDS.items())]
    )


def _program_limits() -> str:
    rows = [
        ("`version`", program.VERSION),
        ("`step_list` of a day", f"at most {units.FLEX_STEPS_PER_DAY_MAX} entries"),
        ("`patient_lockout_min`", f"at least {units.PATIENT_LOCKOUT_MIN_MIN} min, where there is a patient bolus"),
        ("`patient_boluses_per_day`", f"at most {units.PATIENT_BOLUSES_PER_DAY_MAX}"),
        ("`periodic_interval_min`", f"at least {units.PERIODIC_INTERVAL_MIN_MIN} min, where there is one"),
        ("`plan_list`", f"at most {units.PLAN_STEPS_MAX} entries"),
        ("`plan_increase_permille`", f"at most {units.PLAN_INCREASE_MAX_PERMILLE}"),
        ("`dose_max_ng_per_day`", f"at most {units.DOSE_WINDOW_MAX_NG} ng; 0 is the pump's own"),
    ]
    return table(("field", "limit"), rows)


def _names() -> str:
    listed = {
        "state": dict(enumerate(states.STATE_NAMES)),
        "reason": dict(enumerate(states.REASON_NAMES)),
        "bucket": dict(enumerate(states.BUCKET_NAMES)),
        "mode": program.MODE_NAMES,
        "purpose": dict(enumerate(states.PURPOSE_NAMES)),
        "action": states.PLAN_ACTION_NAMES,
    }
    return table(
        ("field", "values"), [(k, ", ".join(f"{n} {name}" for n, name in v.items())) for k, v in listed.items()]
    )


BLOCKS: dict[str, Callable[[], str]] = {
    "sizes": _sizes,
    "types": _types,
    "example": lambda: f"```\n{_example()}```\n",
    "messages": _messages,
    "refusal": lambda: _field_rows(messages.REFUSAL_FIELDS),
    "status": lambda: _field_rows(replies.STATUS_FIELDS),
    "inspect": lambda: _field_rows(replies.INSPECT_FIELDS),
    "understood": lambda: _field_rows(replies.UNDERSTOOD_FIELDS),
    "names": _names,
    "program": lambda: _field_rows(program.PROGRAM_FIELDS),
    "program-limits": _program_limits,
    "library": lambda: _field_rows(library.LIBRARY_FIELDS),
    "errors": _errors,
    "alarms": _alarms,
    "records": _records,
}


def protocol(text: str) -> str:
    """PROTOCOL.md with every block between its marks written anew; KeyError names an unknown block."""
    return _renewed(text, BLOCKS)


def page(firmware: Path, name: str) -> str:
    """The page `name` of PAGES in `firmware` with its tables written anew; KeyError as above."""
    blocks = {mark: (lambda make=make: table(*make(firmware))) for mark, make in PAGES[name].items()}
    return _renewed((firmware / name).read_text(encoding="utf-8"), blocks)


def _renewed(text: str, blocks: Mapping[str, Callable[[], str]]) -> str:
    return _BLOCK.sub(lambda found: found[1] + "\n" + blocks[found[2]]() + "\n" + found[3], text)


def firmware_files(firmware: Path) -> list[str]:
    """Every file of the application below `firmware`, `main.py` last, as paths with slashes."""
    return [*sorted(path.relative_to(firmware).as_posix() for path in firmware.glob("infuser/**/*.py")), "main.py"]


def package(firmware: Path) -> str:
    """package.json for mip: the application where the launcher looks for it, and the launcher."""
    sources = {f"{pumpctl_firmware.FOLDER}/{name}": name for name in firmware_files(firmware)}
    return pumpctl_firmware.mip_list({**sources, "main.py": "launcher.py"})


def main(arguments: Sequence[str]) -> int:
    """Rewrite the files in the firmware directory given; says which changed."""
    firmware = Path(arguments[0])
    told = firmware / "PROTOCOL.md"
    for path, text in (
        (told, protocol(told.read_text(encoding="utf-8"))),
        *((firmware / name, page(firmware, name)) for name in PAGES),
        (firmware / library_firmware.FILE, library_firmware.text()),
        (firmware / "package.json", package(firmware)),
        (firmware / wiring.FILE, wiring.write(firmware)),
    ):
        changed = not path.exists() or path.read_text(encoding="utf-8") != text
        if changed:
            path.write_text(text, encoding="utf-8")
        print(f"{path}: {'written' if changed else 'up to date'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
