"""Commands about the pump itself: greeting, status, alarms, clock, log, self-test, service."""

from infuser import VERSION
from infuser.app.checks import within, wrong_state
from infuser.app.status import build as build_status
from infuser.wire import errors, messages, records, states, units
from infuser.wire.messages import Refusal


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


def clock_set(pump, request: dict) -> dict:
    """Set the wall clock; no dose is touched."""
    within("time_ms", request["time_ms"], units.EPOCH_MIN_MS, units.EPOCH_MAX_MS - 1)
    within("utc_offset_min", request["utc_offset_min"], -12 * 60, 14 * 60)
    old_ms = pump.wall_ms()
    pump.set_clock(request["time_ms"], request["utc_offset_min"], request["operator"])
    return {"time_ms": pump.wall_ms(), "moved_ms": request["time_ms"] - old_ms if old_ms else 0}


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


def self_test(pump, request: dict) -> dict:
    """Run the self-test while nothing is delivered."""
    if pump.controller.delivering():
        raise wrong_state(pump.controller.state)
    failed = pump.self_test()
    return {"passed": not failed, "failed_list": [{"part": part} for part in failed]}


def calibrate(pump, request: dict) -> dict:
    """Take up the measured volume of a microstep; what was delivered before keeps its volume."""
    controller = pump.controller
    if controller.state not in (states.IDLE, states.SUSPENDED):
        raise wrong_state(controller.state)
    margin = units.STEP_PL_NOMINAL * units.STEP_PL_TOLERANCE_PERCENT // 100
    within("step_pl", request["step_pl"], units.STEP_PL_NOMINAL - margin, units.STEP_PL_NOMINAL + margin)
    within("uncertainty_ppm", request["uncertainty_ppm"], 0, 100000)
    within("runs", request["runs"], 1, 255)
    delivery = controller.delivery
    pump.recorder.note(
        records.CALIBRATION,
        step_pl=request["step_pl"],
        uncertainty_ppm=request["uncertainty_ppm"],
        runs=request["runs"],
        reservoir_nl=controller.account.reservoir_nl(),
        total_nl=controller.account.delivered_total_nl(),
        today_nl=controller.account.delivered_today_nl(),
        therapy_steps=delivery.therapy_steps(),
        steps_total=delivery.steps_total(),
        operator=request["operator"],
    )
    delivery.set_step(request["step_pl"])
    controller.basal.adopt()
    controller.note_delivery(False)
    return {"step_pl": delivery.meter.step_pl, "reservoir_nl": controller.account.reservoir_nl()}


def service_repl(pump, request: dict) -> dict:
    """Leave the application so that the REPL is free."""
    if pump.controller.delivering():
        raise wrong_state(pump.controller.state)
    pump.controller.enter(states.SERVICE, states.BY_COMMAND)
    pump.leaving = True
    return {"state": pump.controller.state}
