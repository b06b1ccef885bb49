"""Which handler carries out which command.

A handler takes the pump and the decoded request and returns the fields of the reply, or raises
Refusal; whatever it checks, it checks before it changes anything.
"""

from infuser.app import device_commands, overlay, stop_commands, transfer_commands
from infuser.wire import errors, messages
from infuser.wire.messages import Refusal

# A function is always in memory; (part, function) is a part of the overlay.
HANDLERS: dict = {
    messages.HELLO: device_commands.hello,
    messages.STATUS: device_commands.status,
    messages.ALARM_ACK: device_commands.alarm_ack,
    messages.AUDIO_PAUSE: device_commands.audio_pause,
    messages.PROGRAM_STAGE: transfer_commands.program_stage,
    messages.PROGRAM_CHECK: ("program_commands", "check"),
    messages.PROGRAM_COMMIT: ("program_commands", "commit"),
    messages.PROGRAM_READ: transfer_commands.program_read,
    messages.PROGRAM_CLEAR: ("program_commands", "clear"),
    messages.BOLUS: ("delivery_commands", "bolus"),
    messages.BOLUS_CANCEL: stop_commands.bolus_cancel,
    messages.STOP: stop_commands.stop,
    messages.RESUME: ("delivery_commands", "resume"),
    messages.MINIMUM_RATE: stop_commands.minimum_rate,
    messages.REFILL_BEGIN: ("refill_commands", "refill_begin"),
    messages.REFILL_COMPLETE: ("refill_commands", "refill_complete"),
    messages.REFILL_CANCEL: ("refill_commands", "refill_cancel"),
    messages.PRIME: ("delivery_commands", "prime"),
    messages.CLOCK_SET: ("service_commands", "clock_set"),
    messages.LOG_READ: device_commands.log_read,
    messages.OUTCOME: device_commands.outcome,
    messages.SELF_TEST: ("service_commands", "self_test"),
    messages.INSPECT: ("inspect_commands", "inspect"),
    messages.TEMPORARY_RATE: ("delivery_commands", "temporary_rate"),
    messages.PLAN_ORDER: ("plan_commands", "plan_order"),
    messages.CALIBRATE: ("service_commands", "calibrate"),
    messages.SERVICE_REPL: ("service_commands", "service_repl"),
    messages.KEYS: ("session_commands", "keys"),
    messages.CHALLENGE: ("session_commands", "challenge"),
    messages.SIGN_IN: ("session_commands", "sign_in"),
    messages.SIGN_OUT: ("session_commands", "sign_out"),
    messages.LIBRARY_STAGE: transfer_commands.library_stage,
    messages.LIBRARY_COMMIT: ("library_commands", "commit"),
    messages.LIBRARY_READ: transfer_commands.library_read,
    messages.LIBRARY_TRUST: ("library_commands", "trust"),
    messages.PRESCRIBER: ("library_commands", "prescriber"),
}


def carry_out(pump, command: int, request: dict) -> dict:
    """The fields of the reply; Refusal INTERNAL, and an alarm, if the code for it cannot be had."""
    handler = HANDLERS[command]
    if not isinstance(handler, tuple):
        return handler(pump, request)
    try:
        return overlay.call(pump.hardware.image, handler[0], handler[1], pump, request)
    except overlay.Unloadable as error:
        text = str(error)
    pump.watch.degraded("firmware image", text)
    raise Refusal(errors.INTERNAL, text=text)
