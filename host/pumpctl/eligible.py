"""A therapy held against a drug library without a pump, by the code that the pump itself uses."""

import contextlib
from collections.abc import Iterator
from typing import Any

from infuser.core import druglibrary, eligibility, prescription
from infuser.core.schedule import Schedule
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
    told = entry(program, library, name)
    found = prescription.warnings(Schedule(program), told, before_ng_per_day, since_ms)
    return [str(warning["text"]) for warning in found]


def entry(program: Program, library: dict[str, Any], name: str, remedy: str = _REMEDY) -> dict[str, Any]:
    """The library's entry of a sound program that its patient may be given; FileProblem as of `warnings`."""
    told = patient(program, library, name, remedy)
    with _refused(library, name, remedy):
        prescription.check_against(prescription.check(program), told)
    return told


def patient(program: Program, library: dict[str, Any], name: str, remedy: str = _REMEDY) -> dict[str, Any]:
    """The library's entry of a drug that the patient may be given, whatever the doses; FileProblem otherwise."""
    with _refused(library, name, remedy):
        told: dict[str, Any] = druglibrary.entry_for(library, program)
        eligibility.check(program, told)
    return told


@contextlib.contextmanager
def _refused(library: dict[str, Any], name: str, remedy: str) -> Iterator[None]:
    try:
        yield
    except Refusal as refused:
        held = f"{library['name']}, version {library['version']}"
        raise FileProblem(name, [problem_of(refused, f"by the drug library ({held})")], remedy) from None
