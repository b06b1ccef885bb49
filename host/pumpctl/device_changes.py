"""What changes in the pump itself: its clock, the volume of a microstep, its keys; before and after."""

from typing import Any

from infuser.core.schedule import Schedule
from infuser.wire import units
from pumpctl import doses, quantity, status_parts, timetext
from pumpctl.calibration import Calibration, format_step
from pumpctl.comparison import NONE, Change, Number, number
from pumpctl.program import Program

Values = dict[str, Any]


def clock(status: Values, program: Program | None, time_ms: int, utc_offset_min: int) -> list[Change]:
    """Another time, and what it does to the daily pattern and to the plan; no dose already given changes."""
    valid, offset = status["time_valid"], status["utc_offset_min"]
    told = [
        Change("clock", _moment(status["time_ms"], offset) if valid else "not set", _moment(time_ms, utc_offset_min)),
        Change("zone", _zone(offset), _zone(utc_offset_min)),
    ]
    if valid:
        moved = quantity.format_duration(time_ms - status["time_ms"])
        told.append(Change("moved", NONE, moved) if moved != "0 s" else Change("moved", NONE, NONE))
    if program is None:
        return told
    schedule = Schedule(program, status["plan_dose_ng_per_day"])
    if schedule.daily():
        before = doses.pattern_at(schedule, status["time_ms"], offset)
        after = doses.pattern_at(schedule, time_ms, utc_offset_min)
        rates = (Number(before[0], after[0]),) if valid else ()
        now = _dose(before[0]) if valid else NONE
        told.append(Change("dose by the pattern", now, _dose(after[0]), rates))
        told.append(Change("next change of dose", _wait(before[1]) if valid else NONE, _wait(after[1])))
    if status["plan_next_ms"] and valid:
        # A plan's dates are local: with another zone its next step is due at another instant.
        due_ms = status["plan_next_ms"] + (offset - utc_offset_min) * units.MS_PER_MIN
        waits = (status["plan_next_ms"] - status["time_ms"], due_ms - time_ms)
        told.append(Change("next plan step", _wait(max(0, waits[0])), _wait(max(0, waits[1]))))
    return told


def calibration(told: Calibration, status: Values) -> list[Change]:
    """Another volume of a microstep, and what it does to the volume that therapy gives; microsteps made stay counted
    at the volume of their time."""
    old, new = status["step_pl"], told.step_pl
    rows = [Change("a microstep", format_step(old), format_step(new), (Number(old, new),))]
    rate = status["rate_nl_per_day"] or units.volume_nl(
        status["program_dose_ng_per_day"], max(1, status["concentration_ug_per_ml"])
    )
    if rate:
        a_day = [units.volume_steps(rate, max(1, size)) for size in (old, new)]
        rows.append(Change("microsteps a day", str(a_day[0]), str(a_day[1]), (Number(a_day[0], a_day[1]),)))
        # What the therapy really gave, if the new value is right.
        rows.append(_volume("really given a day", [rate * new // max(1, old), rate]))
    return rows


def _volume(name: str, told: list[int]) -> Change:
    return number(name, told[0], told[1], quantity.format_volume)


def keys(status: Values, here: str) -> list[Change]:
    """New keys: whom the pump obeys before and after; `here` is the digest of the keys kept on this machine."""
    keyed = status["keyed"]
    return [
        Change("keys of the pump", "has keys" if keyed else "none", "two new ones"),
        Change("keys kept here", here[:16] or "none", "the new ones"),
        Change("therapy changed by", "whoever has the old keys" if keyed else "anybody", "whoever has the new keys"),
        Change("stopped by", "anybody", "anybody"),
    ]


def _moment(time_ms: int, utc_offset_min: int) -> str:
    return (timetext.iso(time_ms, utc_offset_min) or "unknown")[:19].replace("T", " ")


def _zone(utc_offset_min: int) -> str:
    hours, minutes = divmod(abs(utc_offset_min), 60)
    return f"UTC{'-' if utc_offset_min < 0 else '+'}{hours:02d}:{minutes:02d}"


def _dose(dose_ng_per_day: int) -> str:
    return quantity.format_dose_rate(dose_ng_per_day)


def _wait(wait_ms: int) -> str:
    return f"in {status_parts.whole(wait_ms)}"
