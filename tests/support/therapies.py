"""Programs of every kind that a therapy file can tell, for property tests."""

from typing import Any

from hypothesis import strategies as st

from infuser.core import prescription
from infuser.core.schedule import Schedule
from infuser.wire import program as programs
from infuser.wire import units
from infuser.wire.messages import Refusal
from pumpctl import therapy_times, week

Program = dict[str, Any]
_START_MIN = therapy_times.parse("2026-12-01T08:00")
_DAYS = [(tuple(range(7)),), ((0, 1, 2, 3, 4), (5, 6)), ((0,), (1, 3, 5), (2, 4, 6))]


@st.composite
def patterns(draw: st.DrawFn) -> Program:
    """Concentration, mode, steps and minimum of a program."""
    concentration = draw(st.sampled_from([50, 500, 1000, 2000]))
    low = units.dose_ng(units.THERAPY_MIN_NL_PER_DAY, concentration)
    rates = st.integers(low, min(1_500_000, 12_000 * concentration))
    flex = draw(st.booleans())
    starts = sorted(draw(st.sets(st.integers(0, 1439), min_size=1, max_size=6))) if flex else [0]
    steps = []
    for on in draw(st.sampled_from(_DAYS)) if flex else _DAYS[0]:
        for at, start in enumerate(starts):
            minutes = (starts[(at + 1) % len(starts)] - start) % 1440 or 1440
            steps.append(week.Step(on, start, minutes, draw(rates)))
    return {
        "concentration_ug_per_ml": concentration,
        "mode": programs.FLEX if flex else programs.CONTINUOUS,
        "step_list": week.to_wire(steps),
        "minimum_ng_per_day": draw(st.integers(low, min(step.dose_ng_per_day for step in steps))),
    }


@st.composite
def _patient_boluses(draw: st.DrawFn, concentration: int) -> Program:
    minutes = draw(st.integers(1, 60))
    return {
        "patient_bolus_ng": draw(st.integers(concentration, 20 * concentration)),
        "patient_bolus_min": minutes,
        "patient_lockout_min": draw(st.integers(max(units.PATIENT_LOCKOUT_MIN_MIN, minutes), units.MIN_PER_WEEK)),
        "patient_boluses_per_day": draw(st.integers(1, units.PATIENT_BOLUSES_PER_DAY_MAX)),
    }


@st.composite
def _periodic_boluses(draw: st.DrawFn, concentration: int) -> Program:
    minutes = draw(st.integers(1, 60))
    least = max(units.PERIODIC_INTERVAL_MIN_MIN, minutes + 1)
    return {
        "periodic_bolus_ng": draw(st.integers(concentration, 5 * concentration)),
        "periodic_bolus_min": minutes,
        "periodic_interval_min": draw(st.integers(least, units.MIN_PER_WEEK)),
    }


@st.composite
def _plans(draw: st.DrawFn, dose: int) -> Program:
    """A titration or a taper from a mean daily dose on."""
    rising = draw(st.booleans())
    permille = draw(st.integers(1, units.PLAN_INCREASE_MAX_PERMILLE)) if rising else 0
    steps, at_min = [], _START_MIN
    for _ in range(draw(st.integers(1, 5))):
        at_min += draw(st.integers(units.MIN_PER_DAY, units.MIN_PER_WEEK))
        dose = draw(st.integers(dose, dose * (1000 + permille) // 1000) if rising else st.integers(dose * 2 // 3, dose))
        steps.append({"at_min": at_min, "dose_ng_per_day": dose})
    if not rising and draw(st.booleans()):
        steps.append({"at_min": at_min + 1, "dose_ng_per_day": 0})
    # A plan that keeps the dose counts as one that falls, and needs no share by which to rise.
    return {"plan_list": steps, "plan_increase_permille": permille}


@st.composite
def _patients(draw: st.DrawFn) -> Program:
    """What is told about the patient; nothing at all as often as everything."""
    made: Program = {
        "age_years": draw(st.sampled_from([programs.AGE_NOT_TOLD, 4, 17, 18, 47])),
        "weight_hg": draw(st.sampled_from([0, 20, 725])),
        "indication": draw(st.integers(0, 2)),
        "contraindications": draw(st.integers(0, 7)),
        "cautions": draw(st.integers(0, 7)),
    }
    if draw(st.booleans()):
        made["screening_ng"] = draw(st.integers(1, 100_000))
        made["screening_response"] = draw(st.integers(1, 3))
    return made


@st.composite
def programs_of_files(draw: st.DrawFn) -> Program:
    """A program in the form in which files give it; the pump takes most of them."""
    made = draw(patterns())
    concentration = made["concentration_ug_per_ml"]
    bolus = draw(st.integers(0, units.dose_ng(units.BOLUS_MAX_NL, concentration)))
    made |= {
        "patient": draw(st.from_regex(r"[A-Z]{1,5}[-\"\\'é# =]?[0-9]{1,4}", fullmatch=True)),
        "drug": "baclofen",
        "bolus_max_ng": bolus,
        "bolus_lockout_min": draw(st.integers(0, 0xFFFF)) if bolus else 0,
        "start_min": draw(st.sampled_from([0, _START_MIN])),
        "low_reservoir_nl": draw(st.integers(units.LOW_RESERVOIR_MIN_NL, units.LOW_RESERVOIR_MAX_NL)),
    }
    made |= draw(_patients())
    if draw(st.booleans()):
        made |= draw(_patient_boluses(concentration))
    more = draw(st.sampled_from(["nothing", "periodic", "plan"]))
    if more == "periodic":
        made |= draw(_periodic_boluses(concentration))
    elif more == "plan":
        made |= draw(_plans(Schedule(programs.new(**made)).pattern_ng_per_day))
    limits = sorted(draw(st.lists(st.integers(1_000_000, units.DOSE_WINDOW_MAX_NG), min_size=3, max_size=3)))
    for field, limit in zip(("dose_max_1h_ng", "dose_max_4h_ng", "dose_max_ng_per_day"), limits, strict=True):
        made[field] = draw(st.sampled_from([0, limit]))
    return programs.new(**made)


def taken(program: Program) -> bool:
    """Whether the pump takes a program."""
    try:
        prescription.check(program)
    except Refusal:
        return False
    return True


sound_programs = programs_of_files().filter(taken)
