"""How quantities, moments and texts from the pump are written in a report."""

import html
import re
from datetime import UTC, datetime, timedelta

from infuser.wire import units
from pumpctl import quantity
from pumpctl.printable import printable

_THIN = "\u202f"
_SPACE = "\u00a0"
_MINUS = "\u2212"
_MICRO = re.compile(r"µ(?=[Lg]\b)")
_U = re.compile(r"\bu(?=[Lg]\b)")
_HYPHEN = re.compile(r"(?<![\w-])-(?=\d)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS_PER_DAY = units.MS_PER_DAY


def escape(value: object) -> str:
    """Text fit for HTML and SVG; control and direction characters become visible replacement marks."""
    return html.escape(printable(str(value)))


def plain(text: str) -> str:
    """A sentence for a terminal: numbers and units as all commands write them, in ASCII."""
    return _MICRO.sub("u", text.translate({ord(_THIN): None, ord(_SPACE): " ", ord(_MINUS): "-"}))


def in_print(text: str) -> str:
    """A sentence of the terminal for the page: its micro set as such."""
    return _U.sub("µ", text)


def signs(text: str) -> str:
    """A text of the terminal with minus and plus-minus set as such."""
    return _HYPHEN.sub(_MINUS, text.replace("+/-", "±"))


def scaled(value: int, unit: int, digits: int) -> str:
    """`value / unit` with `digits` decimals, cut towards zero, thousands set apart."""
    whole, part = divmod(abs(value) * 10**digits // unit, 10**digits)
    text = f"{whole:,}".replace(",", _THIN)
    if digits:
        text += f".{part:0{digits}d}"
    return (_MINUS if value < 0 else "") + text


def volume(nl: int) -> str:
    """A volume as the tool writes it everywhere, in the report's characters."""
    return _in_print(quantity.format_volume(nl))


def millilitres(nl: int) -> str:
    """A volume in mL with three decimals, rounded as all volumes are; for columns."""
    rounded_ul = (2 * abs(nl) + units.NL_PER_UL) // (2 * units.NL_PER_UL)
    return scaled(-rounded_ul if nl < 0 else rounded_ul, 1000, 3) + _SPACE + "mL"


def dose(ng: int) -> str:
    """A dose as the tool writes it everywhere, exact to the ng, in the report's characters."""
    return _in_print(quantity.format_dose(ng))


def _in_print(text: str) -> str:
    """A quantity of the terminal set for the page."""
    number, unit = text.split(" ")
    whole, _, part = number.partition(".")
    whole = f"{int(whole.removeprefix('-')):,}".replace(",", _THIN)
    sign = _MINUS if number.startswith("-") else ""
    return f"{sign}{whole}{'.' + part if part else ''}{_SPACE}{unit.replace('u', 'µ')}"


def percent(part: int, whole: int) -> str:
    """`part` of `whole` in percent with two decimals, cut towards zero; empty when there is no whole."""
    if not whole:
        return ""
    if part and abs(part) * 10000 < whole:
        return f"under 0.01{_SPACE}%"
    return scaled(part * 100, whole, 2) + _SPACE + "%"


def plural(count: int, one: str, many: str = "") -> str:
    """ "1 stop", "3 stops", "no stops"."""
    return f"{count or 'no'} {one if count == 1 else many or one + 's'}"


def duration(ms: int) -> str:
    """A length of time with its two largest units."""
    if ms < units.MS_PER_S:
        return "under 1 s"
    if ms < units.MS_PER_MIN:
        return f"{ms // units.MS_PER_S} s"
    if ms < units.MS_PER_H:
        return f"{ms // units.MS_PER_MIN} min"
    if ms < _MS_PER_DAY:
        return f"{ms // units.MS_PER_H} h {ms % units.MS_PER_H // units.MS_PER_MIN:02d} min"
    days = plural(ms // _MS_PER_DAY, "day")
    return f"{days} {ms % _MS_PER_DAY // units.MS_PER_H} h"


def clock_known(local_ms: int) -> bool:
    """Whether a local time counts from a wall clock, not from an unknown start."""
    return local_ms >= units.EPOCH_MIN_MS - _MS_PER_DAY


def calendar(local_ms: int) -> datetime:
    """The calendar's reading of a local time (given as ms since 1970 in that zone)."""
    return _EPOCH + timedelta(milliseconds=local_ms)


def moment(local_ms: int, seconds: bool = False) -> str:
    """A local time as people write it: "3 March 2026 08:15"; "day 3 08:15" without a clock."""
    try:
        when = calendar(local_ms)
    except OverflowError:  # a damaged or lying record must not stop the log from being shown
        return f"an impossible time ({local_ms} ms)"
    clock = when.strftime("%H:%M:%S" if seconds else "%H:%M")
    if not clock_known(local_ms):
        return f"day {local_ms // _MS_PER_DAY + 1} {clock}"
    return f"{when.day} {when:%B %Y} {clock}"


def day(local_ms: int) -> str:
    """The day of a local time: "3 Mar"."""
    if not clock_known(local_ms):
        return f"day {local_ms // _MS_PER_DAY + 1}"
    when = calendar(local_ms)
    return f"{when.day} {when:%b}"


def zone(offset_min: int) -> str:
    """A UTC offset: "UTC+01:00"."""
    hours, minutes = divmod(abs(offset_min), 60)
    return f"UTC{_MINUS if offset_min < 0 else '+'}{hours:02d}:{minutes:02d}"
