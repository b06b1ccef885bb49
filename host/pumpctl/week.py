"""Flex steps over the week: from clinical steps with begin and end to the wire's steps, and back."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from infuser.wire import units
from pumpctl.errors import Problem
from pumpctl.therapy_keys import DAYS

EVERY_DAY = tuple(range(7))
_Value = TypeVar("_Value", bound=Hashable)


@dataclass(frozen=True)
class Step:
    """One step: minutes since midnight, the days on which it begins (0 is Monday), its dose rate.

    `minutes` is 1 to 1440: a step may pass midnight but not last longer than a day.
    """

    days: tuple[int, ...]
    start_min: int
    minutes: int
    dose_ng_per_day: int

    @property
    def end_min(self) -> int:
        """Minutes since midnight at which it ends, 1440 for midnight."""
        return (self.start_min + self.minutes) % units.MIN_PER_DAY or units.MIN_PER_DAY


def clock_text(minute: int) -> str:
    """Minutes since midnight as HH:MM."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def days_text(days: Sequence[int]) -> str:
    """Days for people; empty for every day."""
    return "" if len(days) == 7 else ", ".join(DAYS[day] for day in sorted(days))


def problems(steps: Sequence[Step]) -> list[Problem]:
    """Overlaps and gaps of the week, each named once with its times."""
    found: dict[tuple[int, int, tuple[int, ...]], list[int]] = {}
    for start, minutes, owners in _runs(_owners(steps)):
        if len(owners) != 1:
            day, minute = divmod(start, units.MIN_PER_DAY)
            found.setdefault((minute, minutes, owners), []).append(day)
    return [_problem(steps, key, days) for key, days in found.items()]


def _owners(steps: Sequence[Step]) -> list[tuple[int, ...]]:
    """For each minute of the week the numbers of the steps that claim it."""
    owners: list[tuple[int, ...]] = [()] * units.MIN_PER_WEEK
    for number, step in enumerate(steps, 1):
        for day in step.days:
            start = day * units.MIN_PER_DAY + step.start_min
            for at in range(start, start + step.minutes):
                owners[at % units.MIN_PER_WEEK] += (number,)
    return owners


def _runs(owners: list[tuple[int, ...]]) -> list[tuple[int, int, tuple[int, ...]]]:
    """(start, minutes, owners) of each stretch of the week with the same owners, in order."""
    starts = [at for at in range(len(owners)) if owners[at] != owners[at - 1]]
    if not starts:
        return [(0, len(owners), owners[0])]
    ends = [*starts[1:], starts[0] + len(owners)]
    return [(start, end - start, owners[start]) for start, end in zip(starts, ends, strict=True)]


def _problem(steps: Sequence[Step], where: tuple[int, int, tuple[int, ...]], days: list[int]) -> Problem:
    minute, minutes, owners = where
    when = f"from {clock_text(minute)} to {clock_text((minute + minutes) % units.MIN_PER_DAY)}"
    if minutes > units.MIN_PER_DAY:
        when += f", {minutes // 60} h later"
    if days_text(days):
        when += f" ({days_text(days)})"
    if not owners:
        return Problem("infusion.step", f"gap {when}: no step covers it")
    told = [f"step {number} ({clock_text(steps[number - 1].start_min)}-{clock_text(steps[number - 1].end_min)})"
            for number in owners]  # fmt: skip
    return Problem(f"infusion.step[{owners[-1]}]", f"{' and '.join(told)} overlap {when}")


def to_wire(steps: Sequence[Step]) -> list[dict[str, int]]:
    """The wire's step list of steps that cover the week: one entry per begin and rate, in order."""
    masks: dict[tuple[int, int], int] = {}
    for step in steps:
        key = (step.start_min, step.dose_ng_per_day)
        masks[key] = masks.get(key, 0) | sum(1 << day for day in step.days)
    entries = sorted((start, mask, rate) for (start, rate), mask in masks.items())
    return [{"day_mask": mask, "start_min": start, "dose_ng_per_day": rate} for start, mask, rate in entries]


def from_wire(step_list: Sequence[dict[str, Any]]) -> list[Step]:
    """Clinical steps of a wire step list; what lasts longer than a day is told day by day."""
    return [Step(days, minute, minutes, rate) for days, minute, minutes, rate in _pieces(_starts(step_list))]


def both_from_wire(old: Sequence[dict[str, Any]], new: Sequence[dict[str, Any]]) -> list[tuple[Step, Step]]:
    """Two wire step lists cut at the begins of both: the same days and times, each with its own dose rate."""
    before, after = _starts(old), _starts(new)
    begins = sorted({start for start, _ in (*before, *after)})
    starts = [(start, (_at(before, start), _at(after, start))) for start in begins]
    return [
        (Step(days, minute, minutes, now), Step(days, minute, minutes, then))
        for days, minute, minutes, (now, then) in _pieces(starts)
    ]


def _starts(step_list: Sequence[dict[str, Any]]) -> list[tuple[int, int]]:
    """(minute of the week, dose rate) of each begin, in order."""
    return sorted(
        (day * units.MIN_PER_DAY + step["start_min"], step["dose_ng_per_day"])
        for step in step_list
        for day in EVERY_DAY
        if step["day_mask"] >> day & 1
    )


def _at(starts: Sequence[tuple[int, int]], minute: int) -> int:
    """The dose rate at a minute of the week; before the first begin it is that of the last."""
    return next((rate for start, rate in reversed(starts) if start <= minute), starts[-1][1])


def _pieces(starts: Sequence[tuple[int, _Value]]) -> list[tuple[tuple[int, ...], int, int, _Value]]:
    """(days, start, minutes, value) of what holds from each begin to the next, those that are alike together."""
    days: dict[tuple[int, int, _Value], list[int]] = {}
    for at, (start, value) in enumerate(starts):
        left = (starts[(at + 1) % len(starts)][0] - start) % units.MIN_PER_WEEK or units.MIN_PER_WEEK
        while left > 0:
            day, minute = divmod(start % units.MIN_PER_WEEK, units.MIN_PER_DAY)
            days.setdefault((minute, min(left, units.MIN_PER_DAY), value), []).append(day)
            start, left = start + units.MIN_PER_DAY, left - units.MIN_PER_DAY
    pieces = [(tuple(sorted(on)), minute, minutes, value) for (minute, minutes, value), on in days.items()]
    return sorted(pieces, key=lambda piece: (piece[1], piece[0]))
