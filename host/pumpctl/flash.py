"""Puts the application onto a Pico: compile, free the prompt, check, copy, compare, switch, restart, greet."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from infuser import VERSION
from infuser.core import snapshot
from infuser.wire import messages
from pumpctl import ports, refusal
from pumpctl.errors import LinkError, PortError, ProtocolMismatch, UsageProblem, VerificationError
from pumpctl.flash_board import Board, Facts, Needs, NoPrompt
from pumpctl.flash_plan import Plan

PROMPT_S = 2.0
RELEASE_S = 10.0
GREETING_S = 30.0
HOW_TO_CONNECT = (
    "connect a Raspberry Pi Pico with MicroPython 1.26 or newer; a new one gets it by holding BOOTSEL "
    "while plugging in and copying the RPI_PICO image onto the drive that appears"
)
NEWER_NEEDED = "use the pumpctl that belongs to it, or a newer one; what is stored is as it was"

Progress = Callable[[float], None]


def board_port(spec: str | None, choose: ports.Choose | None = None) -> str:
    """The serial port of the board meant: `spec`, else the only one present. PortError, UsageProblem."""
    if spec is not None:
        port = ports.resolve(spec)
        if port.kind == "virtual":
            raise UsageProblem(
                f"{port.name} is a virtual pump: it runs the installed firmware itself",
                field="port", value=spec, remedy="restart it to take up changed firmware, or name a board's port",
            )  # fmt: skip
        return port.spec
    found = ports.usb_ports()
    if not found:
        raise PortError("no board found", field="port", remedy=HOW_TO_CONNECT)
    if len(found) == 1:
        return found[0].spec
    if choose is not None:
        return choose(found).spec
    names = ", ".join(port.name for port in found)
    raise PortError(f"{len(found)} boards are present: {names}", field="port", remedy="name one with --port")


@contextmanager
def prompt_of(spec: str, operator: str, confirm: Callable[[str], None]) -> Iterator[Board]:
    """The board's prompt. A pump that runs there is stopped first, if `confirm` does not raise."""
    try:
        board = Board(spec, prompt_s=PROMPT_S)
    except NoPrompt:
        _release(spec, operator, confirm)
        board = Board(spec, prompt_s=RELEASE_S)
    with board:
        yield board


def _release(spec: str, operator: str, confirm: Callable[[str], None]) -> None:
    """Ask the firmware that runs to leave; a pump of another version is asked without the greeting's consent."""
    from pumpctl.client import Pump
    from pumpctl.exchange import Exchange
    from pumpctl.signin import SignIn
    from pumpctl.transport import open_transport

    try:
        with Pump.open(spec, operator=operator) as pump:
            told = pump.hello
            refuse_downgrade(told.firmware)
            confirm(f"Pump {told.serial} runs firmware {told.firmware}. End it and install {VERSION}?")
            pump.service_repl()
    except ProtocolMismatch as mismatch:
        refuse_downgrade(mismatch.value or "")
        confirm(f"{mismatch.message}. End the firmware that runs and install {VERSION}?")
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
    """Check, copy, compare, switch; whatever fails before the switch leaves the board as it was."""
    facts = board.facts()
    needs.check(facts, plan)
    stored = board.state_version()
    if stored > snapshot.VERSION:
        raise UsageProblem(
            f"the pump's flash holds state of version {stored}; firmware {VERSION} reads up to {snapshot.VERSION}",
            field="state", value=stored, high=snapshot.VERSION, remedy=NEWER_NEEDED,
        )  # fmt: skip
    if "RP2040" in facts.machine:
        board.hold_watchdog()
    board.copy(plan, progress)
    board.verify(plan)
    board.switch(plan)
    return facts


def await_pump(spec: str, within_s: float = GREETING_S) -> dict[str, Any]:
    """Greet the restarted pump until it answers with this version. LinkError, VerificationError."""
    from pumpctl.client import Pump

    end = time.monotonic() + within_s
    while True:
        try:
            with Pump.open(spec) as pump:
                told = {"firmware": pump.hello.firmware, "serial": pump.hello.serial}
            break
        except ProtocolMismatch:
            raise
        except LinkError as error:
            if time.monotonic() > end:
                raise LinkError(
                    f"installed and verified, but the pump did not answer within {within_s:g} s of its restart",
                    field="port", value=spec, remedy="see what it prints: `python -m mpremote connect PORT repl`",
                ) from error  # fmt: skip
        time.sleep(0.5)
    if told["firmware"] != VERSION:
        raise VerificationError(
            f"the pump restarted with firmware {told['firmware']}, not {VERSION}", remedy="run the command again"
        )
    return told
