"""Checks a program against itself, the pump's hard limits and the drug library (EC3); warns at soft ones (EC2)."""

from infuser.core import druglibrary, eligibility, plan
from infuser.core.schedule import Schedule
from infuser.core.window import SPANS_MIN
from infuser.wire import codec, errors, units
from infuser.wire import program as programs
from infuser.wire.messages import Refusal

_LOCAL_MAX_MIN = units.EPOCH_MAX_MS // units.MS_PER_MIN
_WINDOW_FIELDS = ("dose_max_1h_ng", "dose_max_4h_ng", "dose_max_ng_per_day")


def _within(field: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise Refusal(errors.OUT_OF_RANGE, field, value, low, high)


def stored(data: bytes) -> Schedule:
    """The schedule of a program as it is sent and stored; Refusal if it is none, or not a sound one."""
    try:
        program = programs.decode(data)
    except codec.CodecError as error:
        raise Refusal(errors.PROGRAM_INVALID, "program", text=str(error))
    return check(program)


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
    _check_periodic(program)
    _check_patient_bolus(program)
    _within("start_min", program["start_min"], 0, _LOCAL_MAX_MIN)
    schedule = Schedule(program)
    _check_rates(program, schedule, "step_list")
    _check_doses(program, schedule)
    _check_plan(program, schedule)
    _check_windows(program, schedule)
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
        _within(field + "dose_ng_per_day", step["dose_ng_per_day"], 1, units.DOSE_WINDOW_MAX_NG * 24)
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


def _check_bolus(program: dict, kind: str) -> None:
    """Volume, duration and rate of a bolus that the pump gives by itself."""
    concentration = program["concentration_ug_per_ml"]
    dose = program[kind + "_bolus_ng"]
    most = units.dose_ng(units.BOLUS_MAX_NL, concentration)
    _within(kind + "_bolus_ng", dose, units.dose_ng(units.NL_PER_UL, concentration), most)
    minutes = program[kind + "_bolus_min"]
    _within(kind + "_bolus_min", minutes, 1, units.BOLUS_MAX_MS // units.MS_PER_MIN)
    rate = units.bolus_rate_nl_per_day(units.volume_nl(dose, concentration), minutes * units.MS_PER_MIN)
    _within(kind + "_bolus_rate_nl_per_day", rate, 1, units.PUMP_MAX_NL_PER_DAY - units.THERAPY_MAX_NL_PER_DAY)


def _check_periodic(program: dict) -> None:
    if not program["periodic_bolus_ng"]:
        return
    _check_bolus(program, "periodic")
    _within(
        "periodic_interval_min",
        program["periodic_interval_min"],
        max(units.PERIODIC_INTERVAL_MIN_MIN, program["periodic_bolus_min"] + 1),
        units.MIN_PER_WEEK,
    )
    if program["plan_list"]:
        raise Refusal(errors.PROGRAM_INVALID, "plan_list", text="a plan of doses goes with no periodic bolus")


def _check_patient_bolus(program: dict) -> None:
    if not program["patient_bolus_ng"]:
        return
    _check_bolus(program, "patient")
    low = max(units.PATIENT_LOCKOUT_MIN_MIN, program["patient_bolus_min"])
    _within("patient_lockout_min", program["patient_lockout_min"], low, units.MIN_PER_WEEK)
    _within("patient_boluses_per_day", program["patient_boluses_per_day"], 1, units.PATIENT_BOLUSES_PER_DAY_MAX)


def _check_rates(program: dict, schedule: Schedule, field: str) -> None:
    low, high = units.THERAPY_MIN_NL_PER_DAY, units.THERAPY_MAX_NL_PER_DAY
    concentration = schedule.concentration
    for number, step in enumerate(program["step_list"]):
        rate = schedule.volume_nl(step["dose_ng_per_day"])
        if not low <= rate <= high:
            raise Refusal(
                errors.OUT_OF_RANGE,
                "{}[{}].dose_ng_per_day".format(field, number),
                step["dose_ng_per_day"],
                units.dose_ng(low, concentration),
                units.dose_ng(high, concentration),
            )


def _check_doses(program: dict, schedule: Schedule) -> None:
    concentration = schedule.concentration
    most = program["dose_max_ng_per_day"] or units.DOSE_MAX_NG_PER_DAY
    _within("dose_max_ng_per_day", most, 1, units.DOSE_WINDOW_MAX_NG)
    for field in _WINDOW_FIELDS[:2]:
        _within(field, program[field], 0, units.DOSE_WINDOW_MAX_NG)
    _within("dose_ng_per_day", schedule.dose_ng_per_day(), 1, min(most, units.DOSE_MAX_NG_PER_DAY))
    slowest = min(program["step_list"], key=lambda step: step["dose_ng_per_day"])["dose_ng_per_day"]
    least = units.dose_ng(units.THERAPY_MIN_NL_PER_DAY, concentration)
    _within("minimum_ng_per_day", program["minimum_ng_per_day"], least, slowest)
    _within("bolus_max_ng", program["bolus_max_ng"], 0, units.dose_ng(units.BOLUS_MAX_NL, concentration))


def _check_plan(program: dict, schedule: Schedule) -> None:
    entries = program["plan_list"]
    if not entries:
        return
    _within("plan_list", len(entries), 1, units.PLAN_STEPS_MAX)
    base = schedule.pattern_ng_per_day
    rises = plan.rising(entries, base)
    if rises:
        _within("plan_increase_permille", program["plan_increase_permille"], 1, units.PLAN_INCREASE_MAX_PERMILLE)
    dose = base
    at_min = 0
    for number, entry in enumerate(entries):
        field = "plan_list[{}].".format(number)
        wait_min = units.MIN_PER_DAY if rises else 1
        _within(field + "at_min", entry["at_min"], at_min + wait_min if number else 1, _LOCAL_MAX_MIN)
        at_min = entry["at_min"]
        if rises:
            most = min(dose * (1000 + program["plan_increase_permille"]) // 1000, units.DOSE_MAX_NG_PER_DAY)
            _within(field + "dose_ng_per_day", entry["dose_ng_per_day"], dose, most)
        else:
            last = number == len(entries) - 1
            _within(field + "dose_ng_per_day", entry["dose_ng_per_day"], 0 if last else 1, dose)
        dose = entry["dose_ng_per_day"]
    # Everything in between lies between the two.
    doses = [(entry["dose_ng_per_day"], number) for number, entry in enumerate(entries) if entry["dose_ng_per_day"]]
    for dose, number in (min(doses), max(doses)) if doses else ():
        _check_scaled(program, "plan_list[{}].dose_ng_per_day".format(number), dose)


def _check_scaled(program: dict, field: str, dose: int) -> None:
    """The whole pattern at a dose of the plan must be something that the pump can deliver and may."""
    schedule = Schedule(program, dose)
    slowest, fastest = min(schedule.rates()), max(schedule.rates())
    if slowest < units.THERAPY_MIN_NL_PER_DAY or fastest > units.THERAPY_MAX_NL_PER_DAY:
        low = dose * units.THERAPY_MIN_NL_PER_DAY // max(1, slowest) + 1
        raise Refusal(errors.OUT_OF_RANGE, field, dose, low, dose * units.THERAPY_MAX_NL_PER_DAY // fastest)
    _check_windows(program, schedule)


def _check_windows(program: dict, schedule: Schedule) -> None:
    """A program that by itself fills a dose window would sooner or later fall to its minimum rate."""
    concentration = schedule.concentration
    margin_nl = units.steps_volume_nl(druglibrary.WINDOW_MARGIN_STEPS, units.STEP_PL_NOMINAL)
    for index, span_min in enumerate(SPANS_MIN):
        field = _WINDOW_FIELDS[index]
        if not program[field]:
            continue
        # The guard's window holds a minute more than its span.
        peak_nl = max(schedule.rates()) * (span_min + 1) // units.MIN_PER_DAY + 1
        if not schedule.periodic_nl and schedule.volume_nl(program[field]) >= peak_nl + margin_nl:
            continue  # even the fastest step all the time would fit: the long way is not needed
        least_nl = schedule.most_nl(span_min + 1) + margin_nl
        if schedule.volume_nl(program[field]) < least_nl:
            least_ng = units.dose_ng(least_nl, concentration) + 1
            raise Refusal(errors.OUT_OF_RANGE, field, program[field], least_ng, units.DOSE_WINDOW_MAX_NG)


def check_against(schedule: Schedule, entry: dict) -> None:
    """Refusal for a sound program that must not be given: its patient, or a hard limit of the library's entry."""
    eligibility.check(schedule.program, entry)
    druglibrary.check(entry, schedule.program, schedule)


def warnings(schedule: Schedule, entry: dict, before_ng_per_day: int = 0, since_ms: int = 0) -> list[dict]:
    """Soft limits overstepped: [{field, text}]; such a program is taken only with a confirmation.

    `before_ng_per_day` is the daily dose in force for `since_ms`, 0 where there is none.
    """
    found = druglibrary.warnings(entry, schedule)
    found += eligibility.warnings(schedule, entry, before_ng_per_day, since_ms)
    return found
