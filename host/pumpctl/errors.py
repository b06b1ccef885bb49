"""Every way in which the tool fails, each with its exit code, its message and what to do about it.

Exit codes: 0 done; 1 internal error; 2 usage or invalid file; 3 refused by the pump;
4 no pump or link lost; 5 data failed verification;
6 a scenario not as expected, or a problem found by doctor or by bring-up.
Ctrl-C ends with 130, as shells expect.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

DONE = 0
INTERNAL = 1
USAGE = 2
REFUSED = 3
NO_LINK = 4
UNVERIFIED = 5
UNMET = 6
INTERRUPTED = 130


class PumpctlError(Exception):
    """Base of all errors shown to people; `low` and `high` bound the allowed range where there is one."""

    exit_code = INTERNAL
    kind = "internal"

    def __init__(
        self, message: str, *, remedy: str = "", field: str = "", value: Any = None, low: Any = None, high: Any = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.field = field
        self.value = value
        self.low = low
        self.high = high

    def document(self) -> dict[str, Any]:
        """The error as it is printed under `--json`."""
        told: dict[str, Any] = {"kind": self.kind, "exit_code": self.exit_code, "message": self.message}
        for name in ("field", "value", "low", "high", "remedy"):
            if getattr(self, name) not in (None, ""):
                told[name] = getattr(self, name)
        return told

    def lines(self) -> list[str]:
        """The error as people read it, the remedy last."""
        return [self.message, *([self.remedy] if self.remedy else [])]


class Internal(PumpctlError):
    """The tool itself is at fault."""


class UsageProblem(PumpctlError):
    """What was asked for, or a file it refers to, cannot be right."""

    exit_code = USAGE
    kind = "usage"


class Declined(UsageProblem):
    """A person said no; nothing was changed."""

    kind = "declined"


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a file. `path` is a TOML path such as `infusion.step[2].rate`.

    `shape` tells a wrong key, type or spelling, which the JSON Schema finds too, from a wrong value.
    """

    path: str
    message: str
    shape: bool = False

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class FileProblem(UsageProblem):
    """A file with one or more problems, all of them listed."""

    kind = "file"

    def __init__(self, name: str, problems: Sequence[Problem], remedy: str = "") -> None:
        count = f"{len(problems)} problems" if len(problems) > 1 else "1 problem"
        super().__init__(f"{name}: {count}", remedy=remedy, field=problems[0].path)
        self.problems = list(problems)

    def document(self) -> dict[str, Any]:
        """The error with its list of problems."""
        told = [{key: value for key, value in asdict(problem).items() if key != "shape"} for problem in self.problems]
        return {**super().document(), "problems": told}

    def lines(self) -> list[str]:
        """The headline, one line a problem, the remedy."""
        first, *rest = super().lines()
        return [first, *(f"  {problem}" for problem in self.problems), *rest]


class Refused(PumpctlError):
    """The pump understood the command and refused it; `code` is the number in the wire error table.

    `reason` is what the pump itself said about this refusal, empty where the code says all.
    """

    exit_code = REFUSED
    kind = "refused"

    def __init__(self, message: str, *, code: int, name: str, reason: str = "", **told: Any) -> None:
        super().__init__(message, **told)
        self.code = code
        self.name = name
        self.reason = reason

    def document(self) -> dict[str, Any]:
        """The error with the pump's own code and its name."""
        return {**super().document(), "code": self.code, "name": self.name}


class LinkError(PumpctlError):
    """No pump answers, or it stopped answering; whatever was asked for did not happen."""

    exit_code = NO_LINK
    kind = "link"


class PortError(LinkError):
    """The port is absent, busy, or it is not clear which one is meant."""

    kind = "port"


class ProtocolMismatch(LinkError):
    """Pump and tool were built from different declarations; `value` is the pump's firmware where that is known."""

    kind = "protocol-mismatch"


class UncertainOutcome(LinkError):
    """A command was sent and nothing tells whether the pump carried it out."""

    kind = "uncertain"


class VerificationError(PumpctlError):
    """Data read from a pump or a file is not what it must be."""

    exit_code = UNVERIFIED
    kind = "verification"
