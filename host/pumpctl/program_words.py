"""The settings of one program in clinical words, one function a row."""

from typing import Any

from infuser.wire import program as programs
from infuser.wire import units
from pumpctl import quantity, therapy_keys, therapy_patient, therapy_plan, therapy_times, week
from pumpctl.comparison import percent

Program = dict[str, Any]
Figures = dict[str, int]
NO = "none"
NOT_TOLD = "not told"


def person(program: Program) -> str:
    """Age, weight and indication of the patient, as far as they are told."""
    told = therapy_patient.document(program)
    words = [
        "" if told["age_years"] is None else quantity.format_age(told["age_years"]),
        quantity.format_weight(told["weight_hg"]) if told["weight_hg"] else "",
        told["indication"] or "",
    ]
    return ", ".join(word for word in words if word) or NOT_TOLD


def screening(program: Program) -> str:
    """The screening dose and the response to it."""
    responses = {number: word for word, number in therapy_keys.RESPONSES.items()}
    word = responses.get(program["screening_response"])
    return f"{quantity.format_dose(program['screening_ng'])}, {word}" if word else "none recorded"


def hazards(program: Program) -> str:
    """Contraindications and cautions of the patient."""
    told = therapy_patient.document(program)
    words = [f"contraindicated: {name}" for name in told["contraindications"]]
    words += [f"caution: {name}" for name in told["cautions"]]
    return ", ".join(words).replace("-", " ") or NO


def steps(program: Program) -> str:
    """The steps of a flex day, one a line."""
    if program["mode"] != programs.FLEX:
        return NO
    return "\n".join(
        f"{span(step)}  {quantity.format_dose_rate(step.dose_ng_per_day)}"
        for step in week.from_wire(program["step_list"])
    )


def span(step: week.Step) -> str:
    """The time of day of a step, with its days unless it is every day's."""
    days = f"{week.days_text(step.days)} " if len(step.days) < 7 else ""
    return f"{days}{week.clock_text(step.start_min)}-{week.clock_text(step.end_min)}"


def rates(told: Figures) -> str:
    """The flow, or the range of flows, in uL/h."""
    low, high = (per_hour(told[name]) for name in ("rate_low_nl_per_day", "rate_high_nl_per_day"))
    return low if low == high else f"{low} to {high}"


def per_hour(rate_nl_per_day: int) -> str:
    """A flow in uL/h, from 1 mL/h on in mL/h."""
    if rate_nl_per_day < 24 * units.NL_PER_ML:
        return f"{quantity.decimal(rate_nl_per_day, 24 * units.NL_PER_UL, 2)} uL/h"
    return f"{quantity.decimal(rate_nl_per_day, 24 * units.NL_PER_ML, 3)} mL/h"


def minimum(program: Program, told: Figures) -> str:
    """The minimum rate as dose and as flow."""
    dose = quantity.format_dose_rate(program["minimum_ng_per_day"])
    return f"{dose}  {quantity.format_rate(told['minimum_nl_per_day'])}"


def bolus(program: Program, told: Figures) -> str:
    """The largest clinician's bolus and its lock-out."""
    if not program["bolus_max_ng"]:
        return NO
    given = _dose(program["bolus_max_ng"], told["bolus_max_nl"])
    return f"up to {given}, lock-out {_time(program['bolus_lockout_min'])}"


def patient_bolus(program: Program, told: Figures) -> str:
    """What the patient's button gives, and how often."""
    if not program["patient_bolus_ng"]:
        return NO
    given = _dose(program["patient_bolus_ng"], told["patient_bolus_nl"])
    return (
        f"{given} over {_time(program['patient_bolus_min'])}\n"
        f"lock-out {_time(program['patient_lockout_min'])}, {program['patient_boluses_per_day']} in 24 h"
    )


def periodic_bolus(program: Program, told: Figures) -> str:
    """The boluses that come by themselves."""
    if not program["periodic_bolus_ng"]:
        return NO
    given = _dose(program["periodic_bolus_ng"], told["periodic_bolus_nl"])
    interval = program["periodic_interval_min"]
    share = quantity.format_dose_rate(units.dose_rate_ng_per_day(program["periodic_bolus_ng"], interval))
    every = f"every {_time(interval)}, the first {_time(interval)} after the start"
    return f"{given} over {_time(program['periodic_bolus_min'])}\n{every}: {share}"


def dose_with_boluses(program: Program, told: Figures) -> int:
    """Mean daily dose, ng, when the patient takes every bolus allowed."""
    return int(told["dose_ng_per_day"] + program["patient_bolus_ng"] * program["patient_boluses_per_day"])


def with_boluses(program: Program, told: Figures) -> str:
    """The daily dose when the patient takes every bolus allowed."""
    if not program["patient_bolus_ng"]:
        return NO
    return f"{quantity.format_dose_rate(dose_with_boluses(program, told))} if all are taken"


def plan(program: Program) -> str:
    """The doses of a titration or taper, one a line, each with its change."""
    if not program["plan_list"]:
        return NO
    lines = [plan_kind(program)]
    before = therapy_plan.pattern_dose(program)
    for step in program["plan_list"]:
        dose = step["dose_ng_per_day"]
        what = f"{quantity.format_dose_rate(dose)}  {percent(before, dose)}".rstrip() if dose else "end of therapy"
        lines.append(f"{therapy_times.people(step['at_min'])}  {what}")
        before = dose
    return "\n".join(lines)


def plan_kind(program: Program) -> str:
    """Whether the plan rises, and by how much at most, or falls."""
    if not program["plan_list"]:
        return NO
    share = quantity.decimal(program["plan_increase_permille"], 10, 1)
    return f"titration, at most +{share} % a step" if therapy_plan.rises(program) else "taper"


def start(program: Program) -> str:
    """When therapy starts."""
    if not program["start_min"]:
        return "when resumed"
    return f"not before {therapy_times.people(program['start_min'])} local time"


def limits(program: Program) -> str:
    """What may be given in any 1, 4 and 24 hours."""
    told = [(hours, limit(program, hours)) for hours in (1, 4)]
    shown = [f"{quantity.format_dose(dose)} in {hours} h" for hours, dose in told if dose]
    return ", ".join([*shown, quantity.format_dose_rate(limit(program, 24))])


def limit(program: Program, hours: int) -> int:
    """Most that may be given in any 1, 4 or 24 hours, ng; 0 for no limit, never above the pump's own."""
    if hours != 24:
        return int(program[f"dose_max_{hours}h_ng"])
    pumps_own = min(units.DOSE_WINDOW_MAX_NG, units.dose_ng(units.DAY_MAX_NL, program["concentration_ug_per_ml"]))
    return int(min(program["dose_max_ng_per_day"] or pumps_own, pumps_own))


def _dose(dose_ng: int, volume_nl: int) -> str:
    return f"{quantity.format_dose(dose_ng)} ({quantity.format_volume(volume_nl)})"


def _time(minutes: int) -> str:
    return quantity.format_duration(minutes * units.MS_PER_MIN)
