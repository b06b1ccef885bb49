"""Puts the application onto a Pico: free the prompt, check, copy, compare, load, switch, restart, greet."""

import contextlib
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

from infuser import VERSION
from infuser.core import snapshot
from infuser.wire import messages
from pumpctl import ports, refusal
from pumpctl.errors import LinkError, ProtocolMismatch, UncertainOutcome, UsageProblem, VerificationError
from pumpctl.flash_board import Board, Facts, Needs, NoPrompt
from pumpctl.flash_plan import Plan

PROMPT_S = 2.0
RELEASE_S = 10.0
GREETING_S = 30.0
REST_S = 0.5  # between two greetings; before the first one the port of the board that restarts goes away
HOW_TO_CONNECT = (
    "connect a Raspberry Pi Pico; hold BOOTSEL while plugging in a new one, and it is given MicroPython too"
)
INSTALL = f"install firmware {VERSION}"
NEWER_NEEDED = "use the pumpctl that belongs to it, or a newer one; what is stored is as it was"

Progress = Callable[[float], None]


def board_port(spec: str) -> str:
    """The serial port of the board that `spec` means. PortError, UsageProblem."""
    port = ports.resolve(spec)
    if port.kind == "virtual" and not ports.emulated(port.spec):
        raise UsageProblem(
            f"{port.name} is a virtual pump: it runs the installed firmware itself",
            field="port", value=spec, remedy="restart it to take up changed firmware, or name a board's port",
        )  # fmt: skip
    return port.spec


@contextlib.contextmanager
def prompt_of(
    spec: str, operator: str, confirm: Callable[[str], None], then: str = INSTALL, newer: bool = False
) -> Iterator[Board]:
    """The board's prompt. A pump that runs there is asked to leave first, if `confirm` does not raise.

    It decides itself, and refuses while it delivers. Whatever goes wrong afterwards, it is started again. `newer`
    lets a pump with newer firmware than this leave too.
    """
    released = False
    try:
        board = Board(spec, prompt_s=PROMPT_S)
    except NoPrompt:
        _release(spec, operator, confirm, then, newer)
        released = True
        board = Board(spec, prompt_s=RELEASE_S)
    with board:
        try:
            yield board
        except BaseException:
            if released:
                board.restart()
            raise


def _release(spec: str, operator: str, confirm: Callable[[str], None], then: str, newer: bool) -> None:
    """Ask the firmware that runs to leave; a pump of another version is asked without the greeting's consent."""
    from pumpctl.client import Pump
    from pumpctl.exchange import Exchange
    from pumpctl.signin import SignIn
    from pumpctl.transport import open_transport

    try:
        with Pump.open(spec, operator=operator) as pump:
            told = pump.hello
            if not newer:
                refuse_downgrade(told.firmware)
            confirm(f"Pump {told.serial} runs firmware {told.firmware}. End it and {then}?")
            with contextlib.suppress(UncertainOutcome):  # whether it has left is seen at the prompt
                pump.service_repl()
    except ProtocolMismatch as mismatch:
        if not newer:
            refuse_downgrade(mismatch.value or "")
        confirm(f"{mismatch.message}. End the firmware that runs and {then}?")
        transport = open_transport(spec)
        try:
            link = Exchange(transport, timeout_s=1.0, tries=3)
            SignIn(link, operator).ensure(ports.board_serial(spec), messages.SERVICE_REPL)
            try:
                link.ask(messages.SERVICE_REPL, {"operator": operator})
            except LinkError:
                # Firmware 0.1 took a role without signatures, and hears no signed frame.
                link.sign_with(None)
                link.ask(messages.SERVICE_REPL, {"operator": operator})
        except messages.Refusal as refused:
            raise refusal.as_error(messages.SERVICE_REPL, refused) from None
        finally:
            transport.close()


def refuse_downgrade(firmware: str) -> None:
    """UsageProblem if the pump runs a newer firmware than this one: its stored state could not be read any more."""
    if _order(firmware) > _order(VERSION):
        raise UsageProblem(
            f"the pump runs firmware {firmware}, newer than {VERSION}, which could not read the state it has stored",
            field="firmware", value=firmware, high=VERSION,
            remedy=NEWER_NEEDED,
        )  # fmt: skip


def _order(version: str) -> tuple[int, ...]:
    """A version for comparison; one that is none comes before all others."""
    return tuple(int(part) for part in version.split(".")) if re.fullmatch(r"\d+(\.\d+)*", version) else ()


def install(board: Board, plan: Plan, needs: Needs, progress: Progress) -> Facts:
    """Check, copy, compare, load for trial, switch; whatever fails before the switch leaves the board as it was.

    A board whose image holds this firmware itself is left alone: see `Facts.frozen`.
    """
    facts = board.facts()
    if facts.frozen:
        refuse_frozen(facts)
        return facts
    needs.check(facts, plan)
    stored = board.state_version()
    if stored > snapshot.VERSION:
        raise UsageProblem(
            f"the pump's flash holds state of version {stored}; firmware {VERSION} reads up to {snapshot.VERSION}",
            field="state", value=stored, high=snapshot.VERSION, remedy=NEWER_NEEDED,
        )  # fmt: skip
    # The interpreter of a chip begins anew where memory must be as whole as it is for the launcher.
    empty = board.empty_memory if "RP2040" in facts.machine else (lambda: None)
    empty()
    board.copy(plan, progress)
    board.verify(plan)
    empty()
    board.try_out(plan)
    empty()
    board.switch(plan)
    progress(plan.size)
    return facts


def refuse_frozen(facts: Facts) -> None:
    """UsageProblem if the board's image holds another firmware: that one starts, whatever the file system holds."""
    if facts.frozen != VERSION:
        raise UsageProblem(
            f"the board's image itself holds firmware {facts.frozen}, which starts before any that is installed",
            field="image", value=facts.frozen, low=VERSION, high=VERSION,
            remedy="hold BOOTSEL while plugging it in and run the command again: it writes an image without firmware",
        )  # fmt: skip


def greet(spec: str, within_s: float = GREETING_S) -> dict[str, Any]:
    """Firmware and serial number of the restarted pump, as soon as it answers; LinkError if it does not.

    The serial number is empty where a pump of another version does not tell it.
    """
    from pumpctl.client import Pump

    end = time.monotonic() + within_s
    while True:
        time.sleep(REST_S)
        try:
            with Pump.open(spec) as pump:
                return {"firmware": pump.hello.firmware, "serial": pump.hello.serial}
        except ProtocolMismatch as mismatch:
            return {"firmware": mismatch.value or "unknown", "serial": ""}
        except LinkError as error:
            if time.monotonic() > end:
                raise LinkError(
                    f"installed and verified, but the pump did not answer within {within_s:g} s of its restart",
                    field="port", value=spec, remedy="see what it prints: `python -m mpremote connect PORT repl`",
                ) from error  # fmt: skip


def await_pump(spec: str, within_s: float = GREETING_S) -> dict[str, Any]:
    """Greet the restarted pump until it answers with this version. LinkError, VerificationError."""
    told = greet(spec, within_s)
    if told["firmware"] != VERSION or not told["serial"]:
        raise VerificationError(
            f"the pump restarted with firmware {told['firmware']}, not {VERSION}: the new one could not be started",
            field="firmware", value=told["firmware"], low=VERSION, high=VERSION,
            remedy="run the command again, and see `pumpctl status` for what runs now",
        )  # fmt: skip
    return told
