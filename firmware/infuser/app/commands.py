"""Which handler carries out which command.

A handler takes the pump and the decoded request and returns the fields of the reply, or raises
Refusal; whatever it checks, it checks before it changes anything.
"""

from infuser.app import (
    delivery_commands,
    device_commands,
    inspect_commands,
    library_commands,
    plan_commands,
    program_commands,
    refill_commands,
    session_commands,
)
from infuser.wire import messages

HANDLERS = {
    messages.HELLO: device_commands.hello,
    messages.STATUS: device_commands.status,
    messages.ALARM_ACK: device_commands.alarm_ack,
    messages.AUDIO_PAUSE: device_commands.audio_pause,
    messages.PROGRAM_STAGE: program_commands.stage,
    messages.PROGRAM_CHECK: program_commands.check,
    messages.PROGRAM_COMMIT: program_commands.commit,
    messages.PROGRAM_READ: program_commands.read,
    messages.PROGRAM_CLEAR: program_commands.clear,
    messages.BOLUS: delivery_commands.bolus,
    messages.BOLUS_CANCEL: delivery_commands.bolus_cancel,
    messages.STOP: delivery_commands.stop,
    messages.RESUME: delivery_commands.resume,
    messages.MINIMUM_RATE: delivery_commands.minimum_rate,
    messages.REFILL_BEGIN: refill_commands.refill_begin,
    messages.REFILL_COMPLETE: refill_commands.refill_complete,
    messages.REFILL_CANCEL: refill_commands.refill_cancel,
    messages.PRIME: delivery_commands.prime,
    messages.CLOCK_SET: device_commands.clock_set,
    messages.LOG_READ: device_commands.log_read,
    messages.OUTCOME: device_commands.outcome,
    messages.SELF_TEST: device_commands.self_test,
    messages.INSPECT: inspect_commands.inspect,
    messages.TEMPORARY_RATE: delivery_commands.temporary_rate,
    messages.PLAN_ORDER: plan_commands.plan_order,
    messages.CALIBRATE: device_commands.calibrate,
    messages.SERVICE_REPL: device_commands.service_repl,
    messages.KEYS: session_commands.keys,
    messages.CHALLENGE: session_commands.challenge,
    messages.SIGN_IN: session_commands.sign_in,
    messages.SIGN_OUT: session_commands.sign_out,
    messages.LIBRARY_STAGE: library_commands.stage,
    messages.LIBRARY_COMMIT: library_commands.commit,
    messages.LIBRARY_READ: library_commands.read,
    messages.LIBRARY_TRUST: library_commands.trust,
    messages.PRESCRIBER: library_commands.prescriber,
}
