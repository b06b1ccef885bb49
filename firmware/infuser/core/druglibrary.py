"""Holds a program and each order against the drug library: hard limits refuse (EC3), soft ones warn (EC2).

A limit of 0 is none. All functions raise Refusal, which names the field, or return.
"""

from infuser.core.libraryentry import WINDOW_FIELDS, limits_ng, pick
from infuser.core.schedule import Schedule
from infuser.core.window import SPANS_MIN
from infuser.wire import errors, units
from infuser.wire import library as libraries
from infuser.wire import program as programs
from infuser.wire.messages import Refusal

AGE_MAX_YEARS = 120
# A window this close to full counts as full: a program must leave so much room in it.
WINDOW_MARGIN_STEPS = 32


def _within(field: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise Refusal(errors.OUT_OF_RANGE, field, value, low, high)


# The library itself


def check_library(library: dict) -> None:
    """Refusal LIBRARY_INVALID or OUT_OF_RANGE with the field at fault; entries count from 0."""
    check_parts(library, library["entry_list"])


def check_parts(head: dict, entries) -> None:
    """The same with the entries apart, which may come one after the other."""
    _within("format", head["format"], libraries.FORMAT, libraries.FORMAT)
    _within("version", head["version"], 1, 0xFFFFFFFF)
    if not head["name"]:
        raise Refusal(errors.LIBRARY_INVALID, "name", text="the library has no name")
    seen: set[tuple] = set()
    for entry in entries:
        path = "entry_list[{}].".format(len(seen))
        _check_entry(path, entry)
        key = (entry["drug"], entry["concentration_ug_per_ml"])
        if key in seen:
            raise Refusal(
                errors.LIBRARY_INVALID, path + "concentration_ug_per_ml", key[1], text="an entry stands twice"
            )
        seen.add(key)
    _within("entry_list", len(seen), 1, libraries.ENTRIES_MAX)


def _check_entry(path: str, entry: dict) -> None:
    if not entry["drug"]:
        raise Refusal(errors.LIBRARY_INVALID, path + "drug", text="the drug is not named")
    concentration = entry["concentration_ug_per_ml"]
    _within(path + "concentration_ug_per_ml", concentration, 1, units.CONCENTRATION_MAX_UG_PER_ML)
    _within(path + "age_min_years", entry["age_min_years"], 0, AGE_MAX_YEARS)
    bolus_ng = units.dose_ng(units.BOLUS_MAX_NL, concentration)
    most_ng = _inside(path, entry, "hard_high_ng_per_day", units.DOSE_MAX_NG_PER_DAY)
    most_ng = _inside(path, entry, "soft_high_ng_per_day", most_ng)
    _inside(path, entry, "soft_low_ng_per_day", most_ng)
    _inside(path, entry, "bolus_soft_ng", _inside(path, entry, "bolus_hard_ng", bolus_ng))
    _inside(path, entry, "patient_bolus_hard_ng", bolus_ng)
    for field in ("bolus_lockout_min", "patient_lockout_min"):
        _within(path + field, entry[field], 0, units.MIN_PER_WEEK)
    window_ng = units.DOSE_WINDOW_MAX_NG
    for field in reversed(WINDOW_FIELDS):
        window_ng = _inside(path, entry, field, window_ng)
    for field in ("increase_spinal_permille", "increase_cerebral_permille", "increase_child_permille"):
        _within(path + field, entry[field], 0, units.PLAN_INCREASE_MAX_PERMILLE)


def _inside(path: str, entry: dict, field: str, most: int) -> int:
    """A limit that lies inside another one; returns what the next one inside may be."""
    _within(path + field, entry[field], 0, most)
    return entry[field] or most


def entry_for(library: dict, program: dict) -> dict:
    """The entry of a program's drug and concentration; Refusal NOT_IN_LIBRARY says what there is (EC16)."""
    return pick(library["entry_list"], program)


# Hard limits


def check(entry: dict, program: dict, schedule: Schedule) -> None:
    """Refusal for a program that prescription.check has found sound and that oversteps a hard limit."""
    if entry["screening_only"]:
        _check_screening(program)
    _check_doses(entry, program, schedule)
    _check_boluses(entry, program)
    _check_windows(entry, program, schedule)


def check_bolus(entry: dict, dose_ng: int) -> None:
    """Refusal for a clinician's bolus above the hard limit."""
    _at_most("dose_ng", dose_ng, entry["bolus_hard_ng"])


def check_rate(entry: dict, dose_ng_per_day: int) -> None:
    """Refusal for a basal dose a day, such as a temporary rate, above the hard limit."""
    _at_most("dose_ng_per_day", dose_ng_per_day, entry["hard_high_ng_per_day"])


def _at_most(field: str, value: int, high: int) -> None:
    if high:
        _within(field, value, 0, high)


def _check_screening(program: dict) -> None:
    """From a concentration for screening a clinician gives boluses; the basal rate only keeps the path open."""
    text = "this concentration is for screening only"
    if program["mode"] != programs.CONTINUOUS:
        raise Refusal(errors.NOT_IN_LIBRARY, "mode", program["mode"], text=text)
    if program["plan_list"]:
        raise Refusal(errors.NOT_IN_LIBRARY, "plan_list", len(program["plan_list"]), text=text)
    for field in ("patient_bolus_ng", "periodic_bolus_ng"):
        if program[field]:
            raise Refusal(errors.NOT_IN_LIBRARY, field, program[field], text=text)
    dose = program["step_list"][0]["dose_ng_per_day"]
    if dose != program["minimum_ng_per_day"]:
        raise Refusal(
            errors.NOT_IN_LIBRARY, "dose_ng_per_day", dose, text=text + ": the basal rate is the minimum rate"
        )


def _check_doses(entry: dict, program: dict, schedule: Schedule) -> None:
    high = entry["hard_high_ng_per_day"]
    if not high:
        return
    _within("dose_ng_per_day", schedule.dose_ng_per_day(), 1, high)
    # The mean of the week may hide a day that is too much.
    heaviest = heaviest_day_ng(program)
    periodic = 0
    if program["periodic_bolus_ng"]:
        periodic = program["periodic_bolus_ng"] * units.MIN_PER_DAY // program["periodic_interval_min"]
    _within("step_list of a day", heaviest + periodic, 1, high)
    for number, step in enumerate(program["plan_list"]):
        dose = heaviest * step["dose_ng_per_day"] // schedule.pattern_ng_per_day
        _within("plan_list[{}].dose_ng_per_day".format(number), dose, 0, high)


def heaviest_day_ng(program: dict) -> int:
    """Largest basal dose in ng of any day of the week, midnight to midnight."""
    starts = []
    for step in program["step_list"]:
        for day in range(7):
            if step["day_mask"] >> day & 1:
                starts.append((day * units.MIN_PER_DAY + step["start_min"], step["dose_ng_per_day"]))
    starts.sort()
    # What holds at the beginning of the week is the step that began last.
    given = [0] * 7
    at_min, dose = 0, starts[-1][1]
    for start_min, next_dose in starts + [(units.MIN_PER_WEEK, 0)]:
        while at_min < start_min:
            day = at_min // units.MIN_PER_DAY
            until = min(start_min, (day + 1) * units.MIN_PER_DAY)
            given[day] += (until - at_min) * dose
            at_min = until
        dose = next_dose
    return max(given) // units.MIN_PER_DAY


def _check_boluses(entry: dict, program: dict) -> None:
    _at_most("bolus_max_ng", program["bolus_max_ng"], entry["bolus_hard_ng"])
    if program["bolus_max_ng"]:
        _within("bolus_lockout_min", program["bolus_lockout_min"], entry["bolus_lockout_min"], 0xFFFF)
    _at_most("periodic_bolus_ng", program["periodic_bolus_ng"], entry["bolus_hard_ng"])
    if program["patient_bolus_ng"]:
        _at_most("patient_bolus_ng", program["patient_bolus_ng"], entry["patient_bolus_hard_ng"])
        low = entry["patient_lockout_min"]
        _within("patient_lockout_min", program["patient_lockout_min"], low, units.MIN_PER_WEEK)


def _check_windows(entry: dict, program: dict, schedule: Schedule) -> None:
    """A program that by itself fills a window of the library would sooner or later fall to its minimum rate."""
    limits = limits_ng(entry)
    if not any(limits):
        return
    schedules = [schedule]
    doses = [step["dose_ng_per_day"] for step in program["plan_list"]]
    if doses and max(doses) > schedule.pattern_ng_per_day:
        schedules.append(Schedule(program, max(doses)))
    margin_nl = units.steps_volume_nl(WINDOW_MARGIN_STEPS, units.STEP_PL_NOMINAL)
    for span_min, field, limit_ng in zip(SPANS_MIN, WINDOW_FIELDS, limits):
        for one in schedules if limit_ng else ():
            # The guard's window holds a minute more than its span.
            needed_ng = units.dose_ng(one.most_nl(span_min + 1) + margin_nl, one.concentration) + 1
            if needed_ng > limit_ng:
                raise Refusal(
                    errors.OUT_OF_RANGE, field, needed_ng, 1, limit_ng, "more than the library's window holds"
                )


# Soft limits


def warnings(entry: dict, schedule: Schedule) -> list[dict]:
    """Soft limits that a program oversteps: [{field, text}]; taken only with a confirmation."""
    told = rate_warnings(entry, schedule.dose_ng_per_day())
    program = schedule.program
    doses = [step["dose_ng_per_day"] for step in program["plan_list"]]
    if doses and doses[-1] > schedule.pattern_ng_per_day:  # a taper is meant to end below
        told += rate_warnings(entry, max(doses), "plan_list")
    for field in ("patient_bolus_ng", "periodic_bolus_ng"):
        told += bolus_warnings(entry, program[field], field)
    return told


def rate_warnings(entry: dict, dose_ng_per_day: int, field: str = "dose_ng_per_day") -> list[dict]:
    """The soft limit of a daily dose, if it is overstepped."""
    low = entry["soft_low_ng_per_day"]
    high = entry["soft_high_ng_per_day"]
    if low <= dose_ng_per_day and (not high or dose_ng_per_day <= high):
        return []
    usual = "{} to {}".format(low, high) if high else "at least {}".format(low)
    text = "{} ng a day is outside the usual {} ng a day".format(dose_ng_per_day, usual)
    return [{"field": field, "text": text}]


def bolus_warnings(entry: dict, dose_ng: int, field: str = "dose_ng") -> list[dict]:
    """The soft limit of a bolus, if it is overstepped."""
    high = entry["bolus_soft_ng"]
    if not high or dose_ng <= high:
        return []
    return [{"field": field, "text": "a bolus of {} ng is above the usual {} ng".format(dose_ng, high)}]
