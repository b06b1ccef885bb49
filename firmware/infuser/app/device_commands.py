"""Commands about the pump itself: greeting, status, alarms, clock, log, self-test, service."""

from infuser import VERSION
from infuser.app.checks import within
from infuser.app.status import build as build_status
from infuser.wire import codec, errors, messages, records, units
from infuser.wire.messages import Refusal

# Asked for many times in a row. Kept here, where the fields have their names already: else those would cost memory.
for _often in messages.MESSAGES[messages.STATUS][3:] + messages.MESSAGES[messages.LOG_READ][2:]:
    codec.keep(_often)


def hello(pump, request: dict) -> dict:
    """Compare declarations; a mismatch is refused, naming both versions."""
    if request["protocol"] != pump.protocol:
        text = "pump: firmware {} protocol {}; host: {} protocol {}".format(
            VERSION,
            messages.hash_text(pump.protocol),
            request["host"],
            messages.hash_text(request["protocol"][: len(pump.protocol)]),
        )
        raise Refusal(errors.PROTOCOL_MISMATCH, "protocol", text=text)
    return {
        "protocol": pump.protocol,
        "firmware": VERSION,
        "serial": pump.serial,
        "boot_count": pump.recorder.journal.boot,
    }


def status(pump, request: dict) -> dict:
    """Everything a person asks a pump."""
    return build_status(pump)


def alarm_ack(pump, request: dict) -> dict:
    """Acknowledge one alarm, or all with 0."""
    alarm = request["alarm"]
    present = pump.controller.ledger.alarms
    if alarm and not present.find(alarm):
        raise Refusal(errors.ALARM_NOT_PRESENT, "alarm", alarm)
    count = sum(1 for entry in present.entries if alarm in (0, entry["alarm"]) and not entry["acknowledged"])
    if count:
        pump.recorder.note(records.ALARM_ACK, alarm=alarm, operator=request["operator"])
    return {"acknowledged": count}


def audio_pause(pump, request: dict) -> dict:
    """Silence the sounder for at most ten minutes; 0 ends the pause."""
    within("pause_s", request["pause_s"], 0, units.AUDIO_PAUSE_MAX_S)
    pump.recorder.note(records.AUDIO_PAUSE, pause_s=request["pause_s"], operator=request["operator"])
    pump.pause_audio(request["pause_s"] * units.MS_PER_S)
    until_ms = pump.wall_ms()
    return {"until_ms": until_ms + request["pause_s"] * units.MS_PER_S if until_ms else 0}


def log_read(pump, request: dict) -> dict:
    """A page of the journal as it is stored."""
    journal = pump.recorder.journal
    chunk = journal.read_from(max(request["from_seq"], journal.oldest_seq), request["skip"], messages.CHUNK_MAX)
    return {"oldest_seq": journal.oldest_seq, "next_seq": journal.next_seq, "chunk": chunk}


def outcome(pump, request: dict) -> dict:
    """What became of a changing command whose reply was lost; one that is not known was not carried out."""
    error = pump.controller.ledger.outcome(request["request_id"])
    if error is None:
        error = pump.link.refused(request["request_id"]) or None
    return {"known": error is not None, "error": error or 0}
