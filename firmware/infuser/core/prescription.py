"""Checks a program against itself and the pump's own hard limits (EC3); warns at soft ones (EC2)."""

from infuser.core.schedule import Schedule
from infuser.wire import errors, units
from infuser.wire import program as programs
from infuser.wire.messages import Refusal

# Product labelling of intrathecal baclofen: maintenance in spasticity of cerebral origin (the
# narrower range of the two).
_SOFT_DOSE_NG_PER_DAY = (22000, 1400000)


def _within(field: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise Refusal(errors.OUT_OF_RANGE, field, value, low, high)


def check(program: dict) -> Schedule:
    """The schedule of a sound program; Refusal names the first field that is not."""
    _within("version", program["version"], programs.VERSION, programs.VERSION)
    if not program["patient"]:
        raise Refusal(errors.PROGRAM_INVALID, "patient", text="the patient's identity is empty")
    if not program["drug"]:
        raise Refusal(errors.PROGRAM_INVALID, "drug", text="the drug is not named")
    _within("concentration_ug_per_ml", program["concentration_ug_per_ml"], 1, units.CONCENTRATION_MAX_UG_PER_ML)
    _within("mode", program["mode"], programs.CONTINUOUS, programs.FLEX)
    _within("low_reservoir_nl", program["low_reservoir_nl"], units.LOW_RESERVOIR_MIN_NL, units.LOW_RESERVOIR_MAX_NL)
    _check_steps(program)
    schedule = Schedule(program)
    _check_doses(program, schedule)
    return schedule


def _check_steps(program: dict) -> None:
    steps = program["step_list"]
    most = 1 if program["mode"] == programs.CONTINUOUS else 7 * units.FLEX_STEPS_PER_DAY_MAX
    _within("step_list", len(steps), 1, most)
    starts = set()
    for number, step in enumerate(steps):
        field = "step_list[{}].".format(number)
        _within(field + "day_mask", step["day_mask"], 1, programs.EVERY_DAY)
        _within(field + "start_min", step["start_min"], 0, units.MIN_PER_DAY - 1)
        for day in range(7):
            if step["day_mask"] >> day & 1:
                start = day * units.MIN_PER_DAY + step["start_min"]
                if start in starts:
                    raise Refusal(
                        errors.PROGRAM_INVALID, field + "start_min", step["start_min"], text="two steps begin at once"
                    )
                starts.add(start)
    for day in range(7):
        count = sum(1 for start in starts if start // units.MIN_PER_DAY == day)
        _within("step_list of a day", count, 0, units.FLEX_STEPS_PER_DAY_MAX)


def _check_doses(program: dict, schedule: Schedule) -> None:
    low, high = units.THERAPY_MIN_NL_PER_DAY, units.THERAPY_MAX_NL_PER_DAY
    concentration = schedule.concentration
    bounds_ng = (units.dose_ng(low, concentration), units.dose_ng(high, concentration))
    for number, step in enumerate(program["step_list"]):
        rate = schedule.volume_nl(step["dose_ng_per_day"])
        if not low <= rate <= high:
            field = "step_list[{}].dose_ng_per_day".format(number)
            raise Refusal(errors.OUT_OF_RANGE, field, step["dose_ng_per_day"], bounds_ng[0], bounds_ng[1])
    dose = schedule.dose_ng_per_day()
    most = program["dose_max_ng_per_day"] or units.DOSE_MAX_NG_PER_DAY
    _within("dose_max_ng_per_day", most, 1, units.DOSE_MAX_NG_PER_DAY)
    _within("dose_ng_per_day", dose, 1, most)
    slowest = min(program["step_list"], key=lambda step: step["dose_ng_per_day"])["dose_ng_per_day"]
    _within("minimum_ng_per_day", program["minimum_ng_per_day"], bounds_ng[0], slowest)
    _within("bolus_max_ng", program["bolus_max_ng"], 0, units.dose_ng(units.BOLUS_MAX_NL, concentration))


def warnings(schedule: Schedule) -> list[dict]:
    """Soft limits overstepped: [{field, text}]; such a program is taken only with a confirmation."""
    dose = schedule.dose_ng_per_day()
    low, high = _SOFT_DOSE_NG_PER_DAY
    if low <= dose <= high:
        return []
    text = "{} ng a day is outside the usual {} to {} ng a day".format(dose, low, high)
    return [{"field": "dose_ng_per_day", "text": text}]
