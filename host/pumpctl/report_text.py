"""How quantities, moments and texts from the pump are written in a report."""

import html
import unicodedata
from datetime import UTC, datetime, timedelta

from infuser.wire import units

_THIN = "\u202f"
_SPACE = "\u00a0"
_MINUS = "\u2212"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS_PER_DAY = units.MS_PER_DAY


def escape(value: object) -> str:
    """Text fit for HTML and SVG; control and direction characters become visible replacement marks."""
    kept = ("\ufffd" if unicodedata.category(c) in ("Cc", "Cf", "Cs") else c for c in str(value))
    return html.escape("".join(kept))


def plain(text: str) -> str:
    """A report's sentence for a terminal, in characters that every terminal has."""
    return text.translate({ord(_THIN): " ", ord(_SPACE): " ", ord(_MINUS): "-", ord("µ"): "u"})


def scaled(value: int, unit: int, digits: int) -> str:
    """`value / unit` with `digits` decimals, cut towards zero, thousands set apart."""
    whole, part = divmod(abs(value) * 10**digits // unit, 10**digits)
    text = f"{whole:,}".replace(",", _THIN)
    if digits:
        text += f".{part:0{digits}d}"
    return (_MINUS if value < 0 else "") + text


def volume(nl: int) -> str:
    """A volume in the unit that people would use for its size."""
    if abs(nl) < 10 * units.NL_PER_UL:
        return scaled(nl, 1, 0) + _SPACE + "nL"
    if abs(nl) < units.NL_PER_ML:
        return scaled(nl, units.NL_PER_UL, 1) + _SPACE + "µL"
    return millilitres(nl)


def millilitres(nl: int) -> str:
    """A volume in mL with three decimals."""
    return scaled(nl, units.NL_PER_ML, 3) + _SPACE + "mL"


def dose(ng: int) -> str:
    """A dose in µg, cut to a tenth."""
    return scaled(ng, units.NG_PER_UG, 1) + _SPACE + "µg"


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
    when = calendar(local_ms)
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
