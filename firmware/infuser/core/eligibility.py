"""Whether a therapy may be given to its patient at all, and what a clinician must confirm before it is.

The figures are those of the drug library's entry; a limit of 0 is none. `screening_ng` and the patient's data
come with the program.
"""

from infuser.wire import errors, units
from infuser.wire import program as programs
from infuser.wire.messages import Refusal

ADULT_YEARS = 18
AGE_MAX_YEARS = 120
WEIGHT_HG = (20, 4000)  # 2 kg to 400 kg
# Product labelling: who does not respond to 100 ug is no candidate, so no larger dose is a screening dose.
SCREENING_MAX_NG = 100 * units.NG_PER_UG
_CONTRAINDICATIONS = ("hypersensitivity to the drug", "an infection", "a body too small for the pump")
_CAUTIONS = (
    "impaired kidneys: a lower dose may be needed",
    "after a stroke: give with caution",
    "pregnancy: give with caution",
)
_NO_SCREENING = "no screening response is recorded; a chronic infusion follows only a positive one"


def check(program: dict, entry: dict) -> None:
    """Refusal names what forbids the therapy, or the field that makes no sense."""
    _check_fields(program)
    for bit, text in enumerate(_CONTRAINDICATIONS):
        if program["contraindications"] >> bit & 1:
            raise Refusal(errors.NOT_ELIGIBLE, "contraindications", text="contraindication: " + text)
    age = program["age_years"]
    if age < entry["age_min_years"]:
        raise Refusal(errors.NOT_ELIGIBLE, "age_years", age, entry["age_min_years"], text="too young")
    if entry["needs_screening"] and program["screening_response"] == programs.NEGATIVE:
        raise Refusal(errors.NOT_ELIGIBLE, "screening_response", text="the screening response was negative")


def _check_fields(program: dict) -> None:
    age = program["age_years"]
    if age != programs.AGE_NOT_TOLD:
        _within("age_years", age, 0, AGE_MAX_YEARS)
    if program["weight_hg"]:
        _within("weight_hg", program["weight_hg"], WEIGHT_HG[0], WEIGHT_HG[1])
    _within("indication", program["indication"], 0, len(programs.INDICATION_NAMES) - 1)
    _within("screening_response", program["screening_response"], 0, len(programs.RESPONSE_NAMES) - 1)
    # A response is one to a dose, and a dose says nothing without its response.
    low = 1 if program["screening_response"] else 0
    _within("screening_ng", program["screening_ng"], low, SCREENING_MAX_NG if low else 0)
    _within("contraindications", program["contraindications"], 0, (1 << len(programs.CONTRAINDICATION_NAMES)) - 1)
    _within("cautions", program["cautions"], 0, (1 << len(programs.CAUTION_NAMES)) - 1)


def _within(field: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise Refusal(errors.OUT_OF_RANGE, field, value, low, high)


def warnings(schedule, entry: dict, before_ng_per_day: int = 0, since_ms: int = 0) -> list[dict]:
    """What a clinician must confirm: [{field, text}].

    `before_ng_per_day` is the daily dose in force, 0 for a patient without one; `since_ms` the time for which it
    has been in force.
    """
    program = schedule.program
    found: list[dict] = []
    _warn_of_screening(program, entry, found)
    for bit, text in enumerate(_CAUTIONS):
        if program["cautions"] >> bit & 1:
            _warn(found, "cautions", "caution, " + text)
    dose = schedule.dose_ng_per_day()
    if before_ng_per_day:
        _warn_of_increase(program, entry, dose, before_ng_per_day, since_ms, found)
    else:
        _warn_of_first_dose(program, entry, dose, found)
    _warn_of_plan(program, entry, schedule.pattern_ng_per_day, found)
    return found


def _warn(found: list[dict], field: str, text: str) -> None:
    found.append({"field": field, "text": text})


def _warn_of_screening(program: dict, entry: dict, found: list[dict]) -> None:
    if not program["screening_response"]:
        if entry["needs_screening"]:
            _warn(found, "screening_response", _NO_SCREENING)
        return  # whoever tells nothing at all is asked once
    if program["age_years"] == programs.AGE_NOT_TOLD:
        _warn(found, "age_years", "the patient's age is not told")
    if not program["indication"]:
        _warn(found, "indication", "the indication is not told: spinal or cerebral")


def first_dose_max_ng(program: dict) -> int:
    """Largest first daily dose by the label, ng; 0 where no response to a screening dose is known."""
    response = program["screening_response"]
    if response == programs.POSITIVE_OVER_8H:
        return int(program["screening_ng"])
    return 2 * program["screening_ng"] if response == programs.POSITIVE else 0


def _warn_of_first_dose(program: dict, entry: dict, dose: int, found: list[dict]) -> None:
    most = first_dose_max_ng(program)
    if not entry["needs_screening"] or not most or dose <= most:
        return
    long = program["screening_response"] == programs.POSITIVE_OVER_8H
    whose = "the screening dose, whose effect lasted over 8 h" if long else "twice the screening dose"
    text = "a first dose of {} a day is above {} ({})".format(_ug(dose), whose, _ug(most))
    _warn(found, "dose_ng_per_day", text)


def increase_max_permille(program: dict, entry: dict) -> int:
    """By how much a dose is raised at once at most, in permille of the dose before; 0 for no limit."""
    if program["age_years"] < ADULT_YEARS:
        return int(entry["increase_child_permille"])
    if program["indication"] == programs.SPINAL:
        return int(entry["increase_spinal_permille"])
    if program["indication"] == programs.CEREBRAL:
        return int(entry["increase_cerebral_permille"])
    # Not told: the smaller of the two that there is.
    told = [entry[name] for name in ("increase_spinal_permille", "increase_cerebral_permille") if entry[name]]
    return min(told) if told else 0


def _risen_permille(dose: int, before: int) -> int:
    # Rounded down: doses go through whole nL, and what is 30 % must not become 30.001 %.
    return (dose - before) * 1000 // before


def _warn_of_increase(program: dict, entry: dict, dose: int, before: int, since_ms: int, found: list[dict]) -> None:
    risen = _risen_permille(dose, before)
    if risen <= 0:
        return
    most = increase_max_permille(program, entry)
    if most and risen > most:
        text = "an increase by {} from {} a day is above {} for this patient"
        _warn(found, "dose_ng_per_day", text.format(_percent(risen), _ug(before), _percent(most)))
    if most and since_ms < units.MS_PER_DAY:
        hours = since_ms // units.MS_PER_H
        text = "the last change was {} h ago; a dose is raised at most once in 24 h".format(hours)
        _warn(found, "dose_ng_per_day", text)


def _warn_of_plan(program: dict, entry: dict, dose: int, found: list[dict]) -> None:
    most = increase_max_permille(program, entry)
    for number, step in enumerate(program["plan_list"]):
        risen = _risen_permille(step["dose_ng_per_day"], dose)
        if most and risen > most:
            text = "step {} of the plan raises the dose by {}, above {} for this patient"
            _warn(found, "plan_list", text.format(number + 1, _percent(risen), _percent(most)))
            return
        dose = step["dose_ng_per_day"] or dose


def _ug(dose_ng: int) -> str:
    whole, part = divmod(dose_ng, units.NG_PER_UG)
    return "{}.{:03d}".format(whole, part).rstrip("0").rstrip(".") + " ug"


def _percent(permille: int) -> str:
    whole, part = divmod(permille, 10)
    return "{}.{} %".format(whole, part) if part else "{} %".format(whole)
