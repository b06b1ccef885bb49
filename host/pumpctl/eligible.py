"""A therapy held against a drug library without a pump, by the code that the pump itself uses."""

from typing import Any

from infuser.core import druglibrary, prescription
from infuser.wire.messages import Refusal
from pumpctl.errors import FileProblem
from pumpctl.program import Program, problem_of

_REMEDY = "correct the file; or name the library that the pump holds: --library FILE"


def warnings(
    program: Program, library: dict[str, Any], name: str, before_ng_per_day: int = 0, since_ms: int = 0
) -> list[str]:
    """What a clinician would have to confirm: of the patient's first therapy, or after a dose in force for `since_ms`.

    FileProblem, under the therapy's `name`, says why a pump with this library would refuse it.
    """
    try:
        entry = druglibrary.entry_for(library, program)
        schedule = prescription.check(program)
        prescription.check_against(schedule, entry)
    except Refusal as refused:
        held = f"{library['name']}, version {library['version']}"
        raise FileProblem(name, [problem_of(refused, f"by the drug library ({held})")], _REMEDY) from None
    return [str(warning["text"]) for warning in prescription.warnings(schedule, entry, before_ng_per_day, since_ms)]
