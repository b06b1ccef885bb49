"""Going back to the application before: by order, or when the new one does not start."""

from collections.abc import Callable
from typing import Any

from infuser import VERSION
from pumpctl import flash
from pumpctl.errors import LinkError, PumpctlError, UsageProblem, VerificationError
from pumpctl.flash_board import Before, Board

GO_BACK = "go back to the firmware before it"


def usable(board: Board) -> Before:
    """The application to go back to. UsageProblem if there is none or it cannot read what the pump has stored.

    VerificationError if it is not whole.
    """
    frozen = board.facts().frozen
    if frozen:
        raise UsageProblem(
            f"the board's image itself holds firmware {frozen}, which starts before any that is installed",
            field="image", value=frozen, remedy="write another image: hold BOOTSEL while plugging the board in",
        )  # fmt: skip
    before = board.before()
    if before is None:
        remedy = "`pumpctl flash` of the pumpctl that belongs to the firmware wanted installs it"
        raise UsageProblem("the board holds no application to go back to", field="application", remedy=remedy)
    if before.damaged:
        raise VerificationError(
            f"the application to go back to is not whole: {before.damaged} is not as it was installed",
            field="application", value=before.damaged, remedy="the application on the board is as it was",
        )  # fmt: skip
    stored = board.state_version()
    if stored > before.state:
        raise UsageProblem(
            f"the pump's flash holds state of version {stored}; firmware {before.firmware} reads up to {before.state}",
            field="state", value=stored, high=before.state, remedy="the application on the board is as it was",
        )  # fmt: skip
    return before


def roll_back(spec: str, operator: str, confirm: Callable[[str], None], within_s: float) -> dict[str, Any]:
    """End what runs, swap the two applications, restart, greet; firmware and serial number of the pump that runs then.

    UsageProblem, VerificationError, Refused, LinkError; until the swap the application on the board stays as it is.
    """
    with flash.prompt_of(spec, operator, confirm, GO_BACK, newer=True) as board:
        before = usable(board)
        confirm(f"Go back to firmware {before.firmware}?")
        board.roll_back()
        board.restart()
    return _greeted(spec, before, within_s)


def instead(
    spec: str, silent: PumpctlError, confirm: Callable[[str], None], note: Callable[[str], None], within_s: float
) -> PumpctlError:
    """The new application did not start: go back if the board's prompt answers and `confirm` does not raise.

    Returns the error that tells how it ended.
    """
    try:
        board = Board(spec, prompt_s=flash.PROMPT_S)
    except LinkError:
        return silent
    with board:
        note(f"Firmware {VERSION} ended at MicroPython's prompt")
        try:
            before = usable(board)
            confirm(f"Firmware {VERSION} does not start. Go back to firmware {before.firmware}?")
        except PumpctlError as error:
            text = f"firmware {VERSION} is installed but does not start; it was left so: {error.message}"
            return VerificationError(text, field="application", remedy="`pumpctl flash --roll-back`, or flash again")
        board.roll_back()
        board.restart()
    told = _greeted(spec, before, within_s)
    return VerificationError(
        f"firmware {VERSION} does not start on this board; it went back to firmware {told['firmware']}, which runs",
        field="application", value=told["firmware"], remedy="nothing is to be done for the pump to work",
    )  # fmt: skip


def _greeted(spec: str, before: Before, within_s: float) -> dict[str, Any]:
    told = flash.greet(spec, within_s)
    if told["firmware"] != before.firmware:
        raise VerificationError(
            f"the pump restarted with firmware {told['firmware']}, not {before.firmware}", field="firmware",
            value=told["firmware"], low=before.firmware, high=before.firmware, remedy="see `pumpctl status`",
        )  # fmt: skip
    return told
