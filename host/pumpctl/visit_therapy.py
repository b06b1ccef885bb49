"""The therapy file of a visit: read, held against the pump's own drug library and its patient before anything else."""

from pathlib import Path

from infuser.wire import units
from pumpctl import bridge, eligible, library, library_send, prescription
from pumpctl import program as therapies
from pumpctl import visit_steps as steps
from pumpctl.errors import UsageProblem
from pumpctl.visit_room import Question, Room


def _library(room: Room) -> library.DrugLibrary:
    """The library that the pump will hold the therapy against."""
    file = room.preview_answer(LIBRARY) if room.visit.kind == "implant" else ""
    held = library.load_any(Path(file)) if file else library_send.present(room.pump)
    if held is None:
        raise UsageProblem("the pump's drug library is missing or damaged", field="library",
                           remedy="send one: `pumpctl library send FILE`")  # fmt: skip
    return held


def check(room: Room, value: str) -> None:
    """A therapy that the pump would refuse, or that needs a confirmation nobody can give, is refused here."""
    program = therapies.load(Path(value))
    patient = room.facts["pump_patient"]
    if patient and patient != program["patient"]:
        raise UsageProblem(
            f"the therapy is for {program['patient']}, the pump is programmed for another patient", field="therapy",
            value=value, remedy="check the patient's identity and the pump's serial number",
        )  # fmt: skip
    _check_change(room, program, value)
    room.facts["signature"] = prescription.load(Path(value)).hex()
    if room.facts["signed_only"] and not room.facts["signature"]:
        raise UsageProblem(
            "the pump takes only programs that the prescriber has signed", field="therapy", value=value,
            remedy="have the file signed: `pumpctl program sign FILE --key KEY`",
        )  # fmt: skip
    old = steps.before(room)
    before = room.facts["dose_ng_per_day"] if old and old["drug"] == program["drug"] else 0
    refuse_unconfirmed(room, eligible.warnings(program, _library(room), value, before, units.MS_PER_DAY), "therapy")
    steps.want(room, program)
    room.facts.update(patient=program["patient"], fill_concentration=program["concentration_ug_per_ml"])


def refuse_unconfirmed(room: Room, warnings: list[str], field: str) -> None:
    """UsageProblem for soft limits overstepped where nobody can be asked to confirm them."""
    if warnings and not room.talk.overrides:
        raise UsageProblem(
            f"outside a soft limit: {'; '.join(warnings)}", field=field,
            remedy="check the values, then give --confirm-warnings too",
        )  # fmt: skip


def _check_change(room: Room, program: therapies.Program, value: str) -> None:
    if room.visit.kind == "change-drug" and not bridge.changes_drug(steps.before(room), program):
        raise UsageProblem(
            "the therapy is for the drug and concentration that the pump already has", field="therapy", value=value,
            remedy="`pumpctl visit refill` refills the same drug, `pumpctl visit adjust` changes the dose",
        )  # fmt: skip


THERAPY = Question(
    "therapy", "file", "Therapy file for this patient", "therapy.toml", check=check, final=True,
)  # fmt: skip
LIBRARY = Question(
    "library", "file", "Signed drug library to put into force first; without it the pump keeps its own", "ward.lib",
    default=lambda room: "", quiet=True,
)  # fmt: skip
