"""Program and drug library in pieces, to the pump and from it: asked for many times in a row, so always in memory."""

from infuser.app.checks import within
from infuser.wire import messages


def program_stage(pump, request: dict) -> dict:
    """Take one chunk of a program."""
    return {"received": pump.staging.put(request["total"], request["offset"], request["chunk"])}


def program_read(pump, request: dict) -> dict:
    """A chunk of the program in force."""
    data = pump.controller.ledger.program
    offset = request["offset"]
    within("offset", offset, 0, len(data))
    return {
        "total": len(data),
        "digest": pump.controller.ledger.digest(),
        "chunk": data[offset : offset + messages.CHUNK_MAX],
    }


def library_stage(pump, request: dict) -> dict:
    """Take one chunk of a library and its signature."""
    return {"received": pump.library.staging.put(request["total"], request["offset"], request["chunk"])}


def library_read(pump, request: dict) -> dict:
    """A chunk of the library in force and its signature, as they were sent."""
    stored = pump.library.stored()
    offset = request["offset"]
    within("offset", offset, 0, len(stored))
    return {
        "total": len(stored),
        "digest": pump.controller.ledger.library_digest,
        "chunk": stored[offset : offset + messages.CHUNK_MAX],
    }
