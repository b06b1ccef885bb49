"""A titration or a taper: which dose follows which, within the increments for the patient, and when.

All of it is integer arithmetic on ng a day. What the label allows comes from the drug library's entry and from
`infuser.core.eligibility`; what a pump takes as a plan from `infuser.core.prescription`, which judges the result.
"""

from dataclasses import dataclass
from math import gcd
from typing import Any

from infuser.core import eligibility
from infuser.wire import units
from pumpctl import eligible, quantity, therapy_plan, therapy_times
from pumpctl.errors import UsageProblem
from pumpctl.program import Program

Values = dict[str, Any]

# Product labelling: on side effects 10 to 20 % down. A fall follows the smaller one: withdrawal is a hazard too.
DECREASE_PERMILLE = (100, 200)
NAME = "titration"
REMEDY = "change what was asked for; or name the library that the pump holds: --library FILE"
# A readable dose is a multiple of 1, 2 or 5 times a power of ten that is at most so many parts of the step.
_GRAIN_PARTS = 4


@dataclass(frozen=True)
class Order:
    """What is asked for: from the program's dose to a target, one step every so often, the first after `hold_min`.

    `share_permille` is what a step adds or takes away, 0 for the choice that is documented; times are local minutes.
    `given` says that the patient has the dose already, so that it is not judged as a first one.
    """

    target_ng_per_day: int
    begin_min: int
    hold_min: int = units.MIN_PER_DAY
    every_min: int = units.MIN_PER_DAY
    share_permille: int = 0
    given: bool = False


@dataclass(frozen=True)
class Plan:
    """A program with its plan, what is to be confirmed, and why it ends where it ends: empty at the target."""

    program: Program
    order: Order
    share_permille: int
    warnings: list[str]
    short: str = ""

    @property
    def doses(self) -> list[int]:
        """Daily doses, the one to begin with first."""
        first = therapy_plan.pattern_dose(self.program)
        return [first, *(step["dose_ng_per_day"] for step in self.program["plan_list"])]

    @property
    def times_min(self) -> list[int]:
        """When each of them begins, local minutes."""
        return [self.order.begin_min, *(step["at_min"] for step in self.program["plan_list"])]


def build(program: Program, library: Values, order: Order) -> Plan:
    """The program's dose led to the target; UsageProblem or FileProblem says what forbids it.

    `program` is sound but for its plan, which is replaced; a limit of its own is not widened.
    """
    base = {**program, "plan_list": [], "plan_increase_permille": 0}
    entry = eligible.entry(base, library, NAME, REMEDY)
    start = therapy_plan.pattern_dose(base)
    _check(base, entry, order, start)
    rises = order.target_ng_per_day > start
    share = _share(base, entry, order, rises)
    low, high = therapy_plan.bounds(base, start)
    doses, short = ladder(start, order.target_ng_per_day, share, (low, high), base["concentration_ug_per_ml"])
    if len(doses) > units.PLAN_STEPS_MAX:
        doses = doses[: units.PLAN_STEPS_MAX]
        short = f"a plan holds {units.PLAN_STEPS_MAX} steps"
    steps = [
        {"at_min": order.begin_min + order.hold_min + at * order.every_min, "dose_ng_per_day": dose}
        for at, dose in enumerate(doses)
    ]
    _check_calendar(steps)
    made = {**base, "plan_list": steps, "plan_increase_permille": share if rises and steps else 0}
    warnings = eligible.warnings(made, library, NAME, start if order.given else 0, units.MS_PER_DAY)
    return Plan(made, order, share, warnings, short)


def ladder(
    start: int, target: int, share_permille: int, bounds: tuple[int, int], concentration: int
) -> tuple[list[int], str]:
    """(doses after `start`, why they end before the target): each within the share of the one before.

    A rise is rounded down to a readable dose, a fall up to one, so that no step is larger than the share.
    """
    grain = concentration // gcd(concentration, units.NL_PER_UL)
    # What the pump delivers exactly: a target to rise to is rounded down, one to fall to up.
    goal = max(start, target // grain * grain) if target >= start else min(start, -(-target // grain) * grain)
    doses: list[int] = []
    dose = start
    while dose != goal and len(doses) <= units.PLAN_STEPS_MAX:
        if goal > dose:
            following = _rise(dose, goal, share_permille, grain)
        else:
            following = _fall(dose, goal, share_permille, bounds[0], grain)
        if following == dose:
            told = quantity.format_dose_rate(dose)
            return doses, f"{percent(share_permille)} of {told} is less than the pump can tell"
        doses.append(following)
        dose = following
    return doses, ""


def _rise(dose: int, goal: int, share_permille: int, grain: int) -> int:
    most = dose * (1000 + share_permille) // 1000
    if goal <= most:
        return goal
    unit = _readable(most - dose, grain)
    return max(dose, most // unit * unit)


def _fall(dose: int, goal: int, share_permille: int, least: int, grain: int) -> int:
    """Down to the least that the motor can deliver, and from there to nothing, if nothing is what is asked for."""
    floor = -(-least // grain) * grain
    below = -(-dose * (1000 - share_permille) // 1000)
    if not goal and dose <= floor:
        return 0
    lowest = max(goal, floor)
    if below <= lowest:
        return lowest
    unit = _readable(dose - below, grain)
    return min(dose, max(lowest, -(-below // unit) * unit))


def _readable(step: int, grain: int) -> int:
    """The largest 1, 2 or 5 times a power of ten within a quarter of a step that the pump delivers exactly."""
    unit, told = 1, grain
    while unit <= max(1, step // _GRAIN_PARTS):
        for size in (unit, 2 * unit, 5 * unit):
            if size <= step // _GRAIN_PARTS and size % grain == 0:
                told = size
        unit *= 10
    return told


def _share(program: Program, entry: Values, order: Order, rises: bool) -> int:
    """What a step adds or takes away, permille: as asked for within what is allowed, else the documented choice."""
    if not rises:
        low, most = DECREASE_PERMILLE
        return _within("--decrease", order.share_permille or low, most, "the label on side effects")
    most = increase_max_permille(program, entry)
    return _within("--increase", order.share_permille or most // 2, most, "the drug library for this patient")


def increase_max_permille(program: Program, entry: Values) -> int:
    """Most that a step may add for this patient: the library's figure, never above the pump's own."""
    most = eligibility.increase_max_permille(program, entry)
    return min(most or units.PLAN_INCREASE_MAX_PERMILLE, units.PLAN_INCREASE_MAX_PERMILLE)


def _within(option: str, share: int, most: int, by: str) -> int:
    if not 1 <= share <= most:
        raise UsageProblem(
            f"{option} {percent(share)} is out of range, allowed 0.1 % to {percent(most)} by {by}",
            field=option, value=share, low=1, high=most, remedy=f"give {percent(most).replace(' ', '')} or less",
        )  # fmt: skip
    return share


def _check(program: Program, entry: Values, order: Order, start: int) -> None:
    """What forbids a plan to this target, before any step is reckoned."""
    target = order.target_ng_per_day
    low, high = therapy_plan.bounds(program, start)
    high = min(high, entry["hard_high_ng_per_day"] or high)
    if target and not low <= target <= high:
        allowed = f"allowed {quantity.format_dose_rate(low)} to {quantity.format_dose_rate(high)}"
        raise UsageProblem(
            f"the target of {quantity.format_dose_rate(target)} is out of range, {allowed} by motor, dose limit and"
            " drug library",
            field="--target", value=target, low=low, high=high, remedy="give another target, or --limit",
        )  # fmt: skip
    if program["periodic_bolus_ng"]:
        raise UsageProblem("a plan of doses goes with no periodic bolus", field="periodic_bolus",
                           remedy="take [periodic_bolus] out of the therapy")  # fmt: skip
    for option, minutes, what in (("--every", order.every_min, "a dose is raised at most once in 24 h"),
                                  ("--hold-first", order.hold_min, "no increase in the first 24 h")):  # fmt: skip
        if minutes < units.MIN_PER_DAY:
            told = quantity.format_duration(minutes * units.MS_PER_MIN)
            raise UsageProblem(f"{option} {told} is too short: {what}", field=option, value=minutes,
                               low=units.MIN_PER_DAY, remedy=f"give {option} 24h or longer")  # fmt: skip


def _check_calendar(steps: list[dict[str, int]]) -> None:
    if steps and steps[-1]["at_min"] > therapy_times.LOCAL_MAX:
        last = therapy_times.people(therapy_times.LOCAL_MAX)
        raise UsageProblem(f"the plan goes beyond {last}, the end of the pump's calendar", field="--every",
                           remedy="begin earlier, or step more often")  # fmt: skip


def percent(permille: int) -> str:
    """A share for people."""
    return f"{quantity.decimal(permille, 10, 1)} %"
