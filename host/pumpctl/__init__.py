"""Host tool of the bench infusion pump: programs therapies, guides refills, reads the logs.

From Python: `from pumpctl import Pump`. What is named here is loaded when it is first used.
"""

from typing import TYPE_CHECKING, Any

from infuser import VERSION as __version__

if TYPE_CHECKING:
    from pumpctl.client import Pump
    from pumpctl.errors import (
        FileProblem,
        LinkError,
        PortError,
        Problem,
        ProtocolMismatch,
        PumpctlError,
        Refused,
        UncertainOutcome,
        UsageProblem,
        VerificationError,
    )
    from pumpctl.ports import Port, find
    from pumpctl.replies import Status

_PLACES = {"Pump": "client", "Port": "ports", "find": "ports", "Status": "replies"}
_ERRORS = (
    "FileProblem", "LinkError", "PortError", "Problem", "ProtocolMismatch", "PumpctlError", "Refused",
    "UncertainOutcome", "UsageProblem", "VerificationError",
)  # fmt: skip

__all__ = [
    "FileProblem",
    "LinkError",
    "Port",
    "PortError",
    "Problem",
    "ProtocolMismatch",
    "Pump",
    "PumpctlError",
    "Refused",
    "Status",
    "UncertainOutcome",
    "UsageProblem",
    "VerificationError",
    "__version__",
    "find",
]


def __getattr__(name: str) -> Any:
    """A public name, from the module where it is."""
    place = "errors" if name in _ERRORS else _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{place}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
