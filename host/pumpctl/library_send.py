"""Reading, replacing and trusting on a pump, callable from Python with a client."""

from collections.abc import Callable
from typing import Any

from infuser.wire import errors as wire_errors
from pumpctl import library as files
from pumpctl.client import Pump
from pumpctl.errors import Refused, VerificationError

DrugLibrary = dict[str, Any]


def present(pump: Pump) -> DrugLibrary | None:
    """The library in force, None if the pump's own is missing or damaged."""
    try:
        return files.unpack(pump.read_library())[0]
    except Refused as refused:
        if refused.code == wire_errors.LIBRARY_MISSING:
            return None
        raise


def commit(pump: Pump, stored: bytes) -> DrugLibrary:
    """Put a staged library into force and read it back; VerificationError if the pump holds something else."""
    pump.commit_library(files.digest(stored))
    held = pump.read_library()
    if held != stored:
        raise VerificationError("the pump does not hold the library that was sent", remedy="send it again")
    return files.unpack(held)[0]


def stage(pump: Pump, stored: bytes, progress: Callable[[float], None] | None = None) -> None:
    """Hand a signed library over; nothing changes yet."""
    pump.stage_library(stored, progress)
