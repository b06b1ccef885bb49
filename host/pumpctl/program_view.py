"""A program in clinical units: as a JSON document, as lines, and beside another one."""

from typing import Any

from infuser.core.schedule import Schedule
from infuser.wire import program as programs
from infuser.wire import units
from pumpctl import quantity, week

Program = dict[str, Any]
NONE = "-"


def figures(program: Program) -> dict[str, int]:
    """What follows from a program, by the arithmetic that the pump uses; names as UNDERSTOOD_FIELDS."""
    told: dict[str, int] = Schedule(program).figures()
    return told


def document(program: Program) -> dict[str, Any]:
    """A program for scripts: its fields, what follows from it, and its digest."""
    return {
        "digest": programs.digest_text(programs.digest(programs.encode(program))),
        **{name: value for name, value in program.items() if name not in ("mode", "step_list", "version")},
        "mode": programs.MODE_NAMES[program["mode"]],
        "steps": [_step_document(step) for step in week.from_wire(program["step_list"])],
        **figures(program),
    }


def _step_document(step: week.Step) -> dict[str, Any]:
    return {
        "days": week.days_text(step.days) or "every day",
        "from": week.clock_text(step.start_min),
        "to": week.clock_text(step.end_min),
        "dose_ng_per_day": step.dose_ng_per_day,
    }


def lines(program: Program | None) -> list[tuple[str, str]]:
    """(name, value) for people; a program that is absent has the same names and no values."""
    if program is None:
        return [(name, NONE) for name in _NAMES]
    told = figures(program)
    minimum = quantity.format_dose_rate(program["minimum_ng_per_day"])
    bolus = "none"
    if program["bolus_max_ng"]:
        lockout = quantity.format_duration(program["bolus_lockout_min"] * units.MS_PER_MIN)
        volume = quantity.format_volume(told["bolus_max_nl"])
        bolus = f"{quantity.format_dose(program['bolus_max_ng'])} ({volume}), lock-out {lockout}"
    limit = program["dose_max_ng_per_day"] or units.DOSE_MAX_NG_PER_DAY
    values = (
        program["patient"],
        f"{program['drug']} {program['concentration_ug_per_ml']} ug/mL",
        programs.MODE_NAMES[program["mode"]],
        quantity.format_dose_rate(told["dose_ng_per_day"]),
        quantity.format_rate(told["volume_nl_per_day"]),
        _rates(told),
        "\n".join(_step_line(step) for step in week.from_wire(program["step_list"])) if _stepped(program) else "none",
        f"{minimum}  {quantity.format_rate(told['minimum_nl_per_day'])}",
        bolus,
        quantity.format_dose_rate(limit),
        quantity.format_volume(program["low_reservoir_nl"]),
    )
    return list(zip(_NAMES, values, strict=True))


_NAMES = (
    "patient", "drug", "mode", "dose per day", "volume per day", "rate", "steps", "minimum rate", "bolus", "dose limit",
    "alarm volume",
)  # fmt: skip


def _stepped(program: Program) -> bool:
    return bool(program["mode"] == programs.FLEX)


def _rates(told: dict[str, int]) -> str:
    low, high = (_per_hour(told[name]) for name in ("rate_low_nl_per_day", "rate_high_nl_per_day"))
    return low if low == high else f"{low} to {high}"


def _per_hour(rate_nl_per_day: int) -> str:
    return f"{quantity.decimal(rate_nl_per_day, 24 * units.NL_PER_UL, 2)} uL/h"


def _step_line(step: week.Step) -> str:
    days = f"{week.days_text(step.days)} " if len(step.days) < 7 else ""
    times = f"{week.clock_text(step.start_min)}-{week.clock_text(step.end_min)}"
    return f"{days}{times}  {quantity.format_dose_rate(step.dose_ng_per_day)}"


def side_by_side(old: Program | None, new: Program, old_due: str, new_due: str) -> list[tuple[str, str, str, str]]:
    """(name, now, new, change) of every setting and of the refill's due time; `change` is empty where nothing does."""
    rows: list[tuple[str, str, str, str]] = []
    for (name, now), (_, then) in zip(lines(old), lines(new), strict=True):
        rows.append((name, now, then, "" if now == then else "changed"))
    if old is not None:
        change = percent(figures(old)["dose_ng_per_day"], figures(new)["dose_ng_per_day"])
        at = _NAMES.index("dose per day")
        name, now, then, _ = rows[at]
        rows[at] = (name, now, then, change)
    rows.append(("refill due", old_due, new_due, "" if old_due == new_due else "changed"))
    return rows


def percent(old: int, new: int) -> str:
    """Relative change in tenths of a percent with its sign; empty for none."""
    if old == new or not old:
        return ""
    return f"{'+' if new > old else ''}{quantity.decimal((new - old) * 100, old, 1)} %"
