"""Asks the supervisor of a virtual pump over its control socket."""

import json
import socket
from collections.abc import Callable
from typing import Any

from pumpctl.errors import LinkError, PumpctlError, UsageProblem
from pumpctl.virtual.paths import PumpPaths, socket_address

ANSWER_WITHIN_S = 200
Progress = Callable[[int, int], None]


def ask(
    paths: PumpPaths, request: dict[str, Any], progress: Progress | None = None, within_s: float = ANSWER_WITHIN_S
) -> dict[str, Any]:
    """The answer to `request`; `progress` hears of (virtual ms passed, of ms).

    LinkError: the pump does not run, has failed or falls silent for `within_s`. UsageProblem: it
    understood and declines, for instance because there is no fault of that name.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(within_s)
        try:
            with socket_address(paths.socket) as address:
                connection.connect(address)
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as lines:
                for line in lines:
                    answer: dict[str, Any] = json.loads(line)
                    if "ok" in answer:
                        return _judged(paths, answer)
                    if progress is not None and "progress_ms" in answer:
                        progress(answer["progress_ms"], answer["of_ms"])
        except (FileNotFoundError, ConnectionRefusedError):
            raise not_running(paths) from None
        except TimeoutError:
            raise LinkError(
                f"virtual pump '{paths.name}' did not answer within {within_s:g} s",
                remedy=f"see {paths.log}; then `pumpctl virtual stop --name {paths.name}`",
            ) from None
        except (ConnectionError, ValueError):
            pass
    raise LinkError(
        f"virtual pump '{paths.name}' ended before it answered",
        remedy=f"see {paths.log}; start it again with `pumpctl virtual start --name {paths.name}`",
    )


def not_running(paths: PumpPaths) -> PumpctlError:
    return LinkError(
        f"virtual pump '{paths.name}' does not run",
        field="name",
        value=paths.name,
        remedy=f"start it with `pumpctl virtual start --name {paths.name}`",
    )


def _judged(paths: PumpPaths, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer if it is a good one; otherwise raises what it stands for."""
    if answer.pop("ok"):
        return answer
    told = {key: answer[key] for key in ("field", "value", "low", "high", "remedy") if key in answer}
    if not answer.get("failed"):
        raise UsageProblem(answer["error"], **told)
    raise failed(paths, answer["error"], answer.get("log_tail", ""))


def failed(paths: PumpPaths, error: str, log_tail: str) -> PumpctlError:
    """The error for a pump whose firmware does not live, with what it last wrote to its log."""
    tail = f"\nthe last lines of {paths.vm_log}:\n{log_tail}" if log_tail else ""
    return LinkError(
        f"virtual pump '{paths.name}': {error}{tail}",
        remedy=f"`pumpctl virtual stop --name {paths.name}` ends it, `pumpctl virtual reset` begins afresh",
    )
