"""What to do about a refusal whose remedy depends on the command and on the pump's state."""

from infuser.wire import errors, messages, states, units
from infuser.wire.messages import Refusal
from pumpctl import quantity

# State -> what to do before the command is possible, whichever it is.
BY_STATE = {
    states.SELF_TEST: "wait until the self-test is over",
    states.IDLE: "start therapy: `pumpctl resume`",
    states.PRIMING: "wait for the end of the priming, or cancel it: `pumpctl bolus --cancel`",
    states.INFUSING: "stop therapy first: `pumpctl stop`",
    states.BOLUS: "wait for the end of the bolus, or cancel it: `pumpctl bolus --cancel`",
    states.MINIMUM_RATE: "return to the programmed rate: `pumpctl minimum-rate off`",
    states.SUSPENDED: "resume therapy: `pumpctl resume`",
    states.REFILL: "complete or cancel the refill: `pumpctl refill`, or `pumpctl refill --cancel`",
    states.ALARM_STOPPED: "remove the cause (`pumpctl alarms list`) and acknowledge the alarm: `pumpctl alarms ack`",
    states.SERVICE: "switch the pump off and on: it is in service",
}
_RUNS = "therapy runs already"
_STOPPED_ONLY = (
    messages.PRIME, messages.PROGRAM_CLEAR, messages.SELF_TEST, messages.SERVICE_REPL, messages.CALIBRATE,
    messages.INSPECT,
)  # fmt: skip
# Code -> what to do, with the command that does it.
_BY_CODE = {
    errors.CONCENTRATION_MISMATCH: "send a program for what it holds: `pumpctl program send FILE --bridge 0.3ml`",
    errors.BRIDGE_ACTIVE: "wait until the bridge is delivered; `pumpctl status` says how long it lasts",
    errors.NO_PLAN: "send a therapy file with a [plan] table: `pumpctl program send FILE`",
    errors.PATIENT_BOLUS_LIMIT: "wait until the oldest is 24 h old; `pumpctl status` says how many are left",
    errors.CLOCK_LOST: "set the clock: `pumpctl clock set`",
    errors.NOT_SIGNED_IN: "this machine holds no key for it: name a key file by PUMPCTL_KEY_FILE, "
    "or give the pump new keys: `pumpctl keys provision`",
    errors.NEWER_STATE: "install the newer firmware again with the pumpctl that belongs to it: `pumpctl flash`",
    errors.SIGN_IN_FAILED: "the key kept here is not this pump's: see `pumpctl keys show`",
}
_OFF_ALREADY = "nothing to do: the pump is not at the minimum rate"
_BY_COMMAND = {
    (messages.RESUME, states.INFUSING): _RUNS,
    (messages.RESUME, states.BOLUS): f"{_RUNS}, with a bolus",
    **{(command, state): BY_STATE[states.INFUSING] for command in _STOPPED_ONLY for state in
       (states.BOLUS, states.MINIMUM_RATE)},
}  # fmt: skip


def remedy(command: int, refused: Refusal) -> str:
    """What to do about it; empty where the error's own remedy says it."""
    if refused.code == errors.LOCK_OUT and refused.low > refused.value:
        return f"wait {quantity.format_duration(_whole(refused.low - refused.value))}"
    if refused.code == errors.SIGN_IN_LOCKED:
        return f"wait {quantity.format_duration(_whole(refused.value))}; status and stop stay available"
    if unfilled(refused):
        return "fill it: `pumpctl refill`"
    if (command, refused.field, refused.high) == (messages.BOLUS, "dose_ng", 0) and refused.code == errors.OUT_OF_RANGE:
        return "this therapy allows no bolus: its file needs a [bolus] table"
    if refused.code == errors.WRONG_STATE:
        return _in_state(command, refused.value)
    return _BY_CODE.get(refused.code, "")


def unfilled(refused: Refusal) -> bool:
    """Whether the pump refused because it has nothing to give; no volume at all is then within its limits."""
    none = refused.field == "volume_nl" and (refused.low, refused.high) == (1, 0)
    return refused.code == errors.RESERVOIR_EMPTY or (refused.code == errors.OUT_OF_RANGE and none)


def _in_state(command: int, state: int) -> str:
    if command == messages.MINIMUM_RATE and state == states.MINIMUM_RATE:
        return "nothing to do: the pump is at the minimum rate"
    if command == messages.MINIMUM_RATE and state in (states.INFUSING, states.BOLUS):
        return _OFF_ALREADY
    return _BY_COMMAND.get((command, state)) or BY_STATE.get(state, "")


def _whole(wait_ms: int) -> int:
    """A wait in whole minutes, below one in whole seconds, never too short."""
    unit_ms = units.MS_PER_MIN if wait_ms > units.MS_PER_MIN else units.MS_PER_S
    return -(-wait_ms // unit_ms) * unit_ms
