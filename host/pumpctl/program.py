"""Therapy files: TOML that a clinician reads to and from the program that the pump takes."""

import re
from pathlib import Path
from typing import Any

from infuser.core import prescription
from infuser.wire import codec, errors
from infuser.wire import program as programs
from infuser.wire.messages import Refusal
from pumpctl import program_sense, refusal, therapy_shape, therapy_text, therapy_values
from pumpctl.errors import FileProblem, Problem, UsageProblem, VerificationError

Program = dict[str, Any]

# Field of the wire's program -> where it stands in the file.
_PATHS = {
    "patient": "patient.id",
    "age_years": "patient.age",
    "weight_hg": "patient.weight",
    "indication": "patient.indication",
    "contraindications": "patient.contraindications",
    "cautions": "patient.cautions",
    "screening_ng": "screening.dose",
    "screening_response": "screening.response",
    "drug": "drug.name",
    "concentration_ug_per_ml": "drug.concentration",
    "mode": "infusion.mode",
    "minimum_ng_per_day": "infusion.minimum",
    "bolus_max_ng": "bolus.max",
    "bolus_lockout_min": "bolus.lockout",
    "patient_bolus_ng": "patient_bolus.dose",
    "patient_bolus_min": "patient_bolus.duration",
    "patient_lockout_min": "patient_bolus.lockout",
    "patient_boluses_per_day": "patient_bolus.per_day",
    "periodic_bolus_ng": "periodic_bolus.dose",
    "periodic_bolus_min": "periodic_bolus.duration",
    "periodic_interval_min": "periodic_bolus.every",
    "plan_list": "plan.step",
    "plan_increase_permille": "plan.increase_max",
    "start_min": "start.at",
    "dose_max_1h_ng": "limits.dose_max_1h",
    "dose_max_4h_ng": "limits.dose_max_4h",
    "dose_max_ng_per_day": "limits.dose_max",
    "low_reservoir_nl": "reservoir.alarm_volume",
}
# Limits that the program's own doses may not fill.
_WINDOWS = ("dose_max_1h_ng", "dose_max_4h_ng", "dose_max_ng_per_day")
_REMEDY = "correct the file; `pumpctl program check` reads it without a pump"


def load(path: Path) -> Program:
    """The wire program of a therapy file. FileProblem lists everything wrong with it."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise FileProblem(str(path), [Problem("", f"not UTF-8 text at byte {error.start}", True)], _REMEDY) from None
    except OSError as error:
        raise UsageProblem(f"{path}: {error.strerror}", field="file", value=str(path)) from None
    return loads(text, str(path))


def loads(text: str, name: str = "therapy") -> Program:
    """The wire program of a therapy file's text. FileProblem lists everything wrong with it."""
    import tomllib  # takes its time, and not every command that knows programs reads a file

    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FileProblem(name, [Problem("", f"not TOML: {error}", True)], _REMEDY) from None
    program, problems = read(document)
    if program is None:
        raise FileProblem(name, problems, _REMEDY)
    return program


def read(document: dict[str, Any]) -> tuple[Program | None, list[Problem]]:
    """(program, []) of a TOML document, or (None, everything wrong with it)."""
    problems = therapy_shape.check(document)
    program, wrong = therapy_values.read(document, {problem.path for problem in problems})
    problems += wrong
    return (None, problems) if problems else _as_the_pump_checks(program)


def _as_the_pump_checks(program: Program) -> tuple[Program | None, list[Problem]]:
    """The pump's own check, run here: what it would refuse is refused before it is sent."""
    try:
        prescription.check(program)
    except Refusal as refused:
        return None, [problem_of(refused)]
    return program, []


def problem_of(refused: Refusal, why: str = "") -> Problem:
    """A refusal of a program as something wrong in its file; `why` says who allows no more."""
    message = refused.text or "is out of range"
    if refused.code == errors.NOT_IN_LIBRARY:
        message = refusal.not_in_library(refused)
    elif refused.low or refused.high:
        value = refusal.shown(refused.field, refused.value)
        message = f"{refusal.plain(refused.field)} = {value}, {refusal.allowed(refused)}"
        if refused.field in _WINDOWS:
            message += "; what the program gives by itself must fit with room to spare"
        elif refused.text:
            message += f"; {refused.text}"
    return Problem(_path(refused.field), f"{message}, {why}" if why else message)


def _path(field: str) -> str:
    """Where a field of the wire's program stands in the file; a step of the plan by its number, from 1."""
    entry = re.fullmatch(r"plan_list\[(\d+)\]\.(at|dose)_\w+", field)
    if entry:
        return f"plan.step[{int(entry[1]) + 1}].{entry[2]}"
    return _PATHS.get(field, "infusion")


def encode(program: Program) -> bytes:
    """The bytes that the pump stores, and of which the digest is made."""
    return programs.encode(program)


def decode(data: bytes) -> Program:
    """The program of bytes read from a pump; VerificationError if they are not one."""
    try:
        told: Program = programs.decode(data)
    except codec.CodecError as error:
        raise VerificationError(f"the pump's program does not decode: {error}") from error
    if not program_sense.possible(told):
        remedy = "run `pumpctl stop` and `pumpctl selftest`; send the program again, or service the pump"
        raise VerificationError("the pump's program is one that no pump takes", field="program", remedy=remedy)
    return told


def dumps(program: Program, heading: str = "") -> str:
    """A therapy file that gives this very program when it is loaded."""
    return therapy_text.write(program, heading)


def example(name: str = "start-100ug-continuous") -> Path:
    """Path of a therapy file shipped with the tool, by its name without `.toml`; UsageProblem lists the names."""
    here = Path(__file__).parent
    told = {path.stem: path for folder in (here.parent, here) for path in (folder / "examples").glob("*.toml")}
    if name not in told:
        remedy = f"there are: {', '.join(sorted(told))}"
        raise UsageProblem(f"there is no example {name}", field="example", value=name, remedy=remedy)
    return told[name]
