"""Programming in two steps: stage and check, then commit what was confirmed by its digest."""

from infuser.app.checks import within, wrong_state
from infuser.core import prescription
from infuser.wire import codec, errors, messages, states
from infuser.wire import program as programs
from infuser.wire.messages import Refusal


class Staging:
    """Bytes of a program on their way; nothing is in force until a commit names their digest."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.total = 0

    def put(self, total: int, offset: int, chunk: bytes) -> int:
        """Take a chunk; offset 0 begins anew. Returns the bytes held."""
        within("total", total, 1, programs.ENCODED_MAX)
        if offset == 0:
            self.data = bytearray()
            self.total = total
        held = len(self.data)
        if total != self.total or offset > held or offset + len(chunk) > total:
            raise Refusal(errors.OUT_OF_RANGE, "offset", offset, 0, held)
        self.data[offset:] = chunk
        return len(self.data)

    def whole(self) -> bytes:
        """The program's bytes; Refusal while some are missing."""
        if not self.total or len(self.data) != self.total:
            raise Refusal(errors.PROGRAM_INCOMPLETE, "received", len(self.data), self.total, self.total)
        return bytes(self.data)

    def clear(self) -> None:
        """Forget it."""
        self.data = bytearray()
        self.total = 0


def _schedule(pump, data: bytes):
    try:
        program = programs.decode(data)
    except codec.CodecError as error:
        raise Refusal(errors.PROGRAM_INVALID, "program", text=str(error))
    schedule = prescription.check(program)
    present = pump.controller.schedule
    if present and present.program["patient"] != program["patient"]:
        raise Refusal(errors.PATIENT_MISMATCH, "patient", text="the pump is programmed for another patient")
    ledger = pump.controller.ledger
    concentration = program["concentration_ug_per_ml"]
    if ledger.filled_nl and ledger.fill_concentration != concentration:
        held = ledger.fill_concentration
        raise Refusal(
            errors.PROGRAM_INVALID,
            "concentration_ug_per_ml",
            concentration,
            held,
            held,
            "the reservoir holds another concentration; clear the program and refill first",
        )
    return schedule


def stage(pump, request: dict) -> dict:
    """Take one chunk of a program."""
    return {"received": pump.staging.put(request["total"], request["offset"], request["chunk"])}


def check(pump, request: dict) -> dict:
    """Say what the staged program means, in figures the pump would deliver."""
    data = pump.staging.whole()
    schedule = _schedule(pump, data)
    understood = schedule.figures()
    understood["digest"] = programs.digest(data)
    understood["refill_due_ms"] = pump.controller.refill_due_ms(schedule)
    understood["warning_list"] = prescription.warnings(schedule)
    return understood


def commit(pump, request: dict) -> dict:
    """Put the staged program into force if its digest is the one confirmed."""
    data = pump.staging.whole()
    if programs.digest(data) != request["digest"]:
        raise Refusal(errors.DIGEST_MISMATCH, "digest")
    if pump.controller.state in (states.PRIMING, states.REFILL):
        raise wrong_state(pump.controller.state)
    schedule = _schedule(pump, data)
    warnings = prescription.warnings(schedule)
    if warnings and not request["confirmed"]:
        raise Refusal(errors.CONFIRMATION_NEEDED, warnings[0]["field"], text=warnings[0]["text"])
    pump.controller.change_program(data, request["confirmed"], request["operator"])
    pump.staging.clear()
    return {"digest": pump.controller.ledger.digest(), "state": pump.controller.state}


def read(pump, request: dict) -> dict:
    """A chunk of the program in force."""
    data = pump.controller.ledger.program
    offset = request["offset"]
    within("offset", offset, 0, len(data))
    return {
        "total": len(data),
        "digest": pump.controller.ledger.digest(),
        "chunk": data[offset : offset + messages.CHUNK_MAX],
    }


def clear(pump, request: dict) -> dict:
    """Take the program out of force, for another patient or drug; only while nothing is delivered."""
    controller = pump.controller
    if controller.delivering() or controller.state == states.REFILL:
        raise wrong_state(controller.state)
    controller.change_program(b"", False, request["operator"])
    if controller.state == states.SUSPENDED:
        controller.enter(states.IDLE, states.BY_PROGRAM)
    return {"state": controller.state}
