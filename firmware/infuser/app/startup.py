"""From power-up to the first turn of the loop: the self-test, and taking up what was interrupted."""

from infuser import VERSION
from infuser.app import planner, selftest, soundness
from infuser.app.prescriber import Prescriber
from infuser.app.trust import Trust
from infuser.core import liveness, repeats, seal
from infuser.core import session as sessions
from infuser.wire import alarms, records, states


def _stand_aside(pump) -> None:
    """The state is a newer firmware's: the pump stands, says so, and can be read and given that firmware again."""
    pump.test_sounder()
    pump.controller.enter(states.ALARM_STOPPED, states.BY_ALARM)
    pump.watch.set(alarms.NEWER_STATE, True)


def _tell_lost(pump) -> None:
    """What of the stored state could not be taken up, and had no twin."""
    memory = pump.delivery.memory
    if memory.lost:
        pump.watch.degraded("checkpoint", memory.lost)
    if pump.recorder.ledger.trust_digest and not Trust(pump.hardware.files, pump.recorder).trusted():
        pump.watch.degraded("trusted key", "cannot be read: no library is taken until it is installed again")
    if pump.recorder.ledger.prescriber_digest and not Prescriber(pump.hardware.files, pump.recorder).modulus():
        pump.watch.degraded("prescriber's key", "cannot be read: no signature is taken until it is installed again")


def take_up(pump) -> None:
    """Log the boot, test, and go on with what was interrupted: therapy yes, a bolus never. Then read the keys."""
    _go_on(pump)
    _take_up_keys(pump)


def _go_on(pump) -> None:
    journal = pump.recorder.journal
    if pump.recorder.frozen:
        _stand_aside(pump)
        return
    pump.recorder.note(
        records.BOOT,
        firmware=VERSION,
        cause=pump.found.cause,
        steps_uncertain=pump.found.steps_uncertain,
        torn_bytes=journal.torn_bytes,
        gap_ms=pump.found.gap_ms,
    )
    crashed_often = pump.found.cause in repeats.CRASHES and _note_crash(pump)
    for part, text in pump.delivery.memory.masked:
        pump.recorder.note(records.FAULT, part=part, detail=0, masked=True, text=text)
    if not pump.found.windows_exact:
        text = "not readable: taken from the journal's hours, as late as can be"
        pump.recorder.note(records.FAULT, part="dose windows", detail=0, masked=True, text=text)
    _tell_lost(pump)
    pump.delivery.memory.save_window()
    pump.controller.note_delivery(False)
    _end_interrupted_boluses(pump)
    pump.controller.enter(states.SELF_TEST, states.BY_POWER)
    _begin_plan(pump.controller)
    pump.hardware.chip.suspect(liveness.BUS)
    failed = pump.self_test()
    if not pump.hardware.image.listed:
        pump.watch.masked(soundness.IMAGE, "installed without a list of hashes: not checked")
    if journal.damage:
        pump.recorder.note(records.FAULT, part="journal", detail=0, masked=False, text=journal.damage)
        pump.watch.set(alarms.JOURNAL_FAULT, True)
    if crashed_often:
        text = "started anew for a fault {} times within a day".format(repeats.KEPT)
        pump.watch.fault(alarms.INTERNAL_FAULT, "program", text, pump.found.fault)
    refused = pump.controller.basal.refused
    if refused:
        pump.watch.fault(alarms.INTERNAL_FAULT, "program", refused)
    pump.watch.begin()
    _resume_therapy(pump, failed)
    pump.hardware.chip.suspect(0)


def _note_crash(pump) -> bool:
    """Put into the log what failed before this start, masked by it; whether that happened too often within a day."""
    found = pump.found
    fault = found.fault or liveness.LOOP
    part = liveness.PARTS.get(fault) or seal.PARTS.get(fault, "part {}".format(fault))
    text = (
        "found damaged; started anew" if found.cause == "fault" else "stood still; the watchdog started the pump anew"
    )
    pump.recorder.note(records.FAULT, part=part, detail=fault, masked=True, text=text)
    often = repeats.crashed(pump.recorder.ledger.crash_list, pump.timebase.age_ms())
    if often and fault in (liveness.LOOP, liveness.BUS):
        # It may be the bus at which the program hangs: without it the pump can at least say what is wrong.
        pump.hardware.bus.close()
    return often


def _end_interrupted_boluses(pump) -> None:
    controller = pump.controller
    for entry in list(controller.ledger.bolus_list):
        controller.boluses.note_end(entry["bucket"], states.BY_POWER)


def _begin_plan(controller) -> None:
    """The power may have failed between the note of a program and that of its plan's beginning."""
    ledger = controller.ledger
    if controller.schedule and controller.schedule.program["plan_list"]:
        if not ledger.plan_position and not ledger.plan_ng_per_day:
            planner.note(controller, 0, controller.schedule.pattern_ng_per_day, states.BY_POWER)


def _resume_therapy(pump, failed: list[str]) -> None:
    controller = pump.controller
    before = controller.ledger.state_before_test
    was_delivering = before in (states.INFUSING, states.BOLUS, states.MINIMUM_RATE)
    # Without a sounder therapy is not started, but one that ran goes on: to stop it is a hazard too. A lamp likewise.
    if selftest.guards(failed) or (was_delivering and controller.basal.refused):
        controller.enter(states.ALARM_STOPPED, states.BY_ALARM)
    elif was_delivering and planner.therapy_ended(controller):
        # The power failed between the taper's last note and the stop.
        pump.watch.tell(alarms.THERAPY_ENDED)
        controller.enter(states.SUSPENDED, states.BY_PLAN)
    elif was_delivering and controller.schedule:
        if pump.found.cause not in repeats.CRASHES:
            # Somebody is to look into the log for the gap. A fault that is masked is logged without an alarm.
            pump.watch.tell(alarms.POWER_RESTORED)
        if controller.ledger.alarms.answer() == alarms.MOTOR_OFF:
            controller.enter(states.ALARM_STOPPED, states.BY_ALARM)
        else:
            minimum = before == states.MINIMUM_RATE
            # A minimum rate that an alarm asked for ends with that alarm, power cut or not.
            by_alarm = minimum and controller.ledger.reason_before_test == states.BY_ALARM
            reason = states.BY_ALARM if by_alarm else states.BY_POWER
            controller.enter(states.MINIMUM_RATE if minimum else states.INFUSING, reason)
    elif before in (states.REFILL, states.ALARM_STOPPED):
        controller.enter(before, states.BY_POWER)
    else:
        controller.enter(states.SUSPENDED if controller.schedule else states.IDLE, states.BY_POWER)


def _take_up_keys(pump) -> None:
    """Read the keys at the start; one that the journal knows of and the flash has lost is told as a fault."""
    stored: bytes | None = b""
    try:
        stored = pump.hardware.files.read(sessions.KEYS_FILE)
    except OSError:
        pass
    found = sessions.unpack_keys(stored)
    ledger = pump.controller.ledger
    if pump.recorder.frozen:
        # Nobody can send new ones now: where they cannot be read, the jumper opens the way back.
        opened = not found and pump.hardware.sensors.service_jumper()
        pump.link.session.take_keys(found, stored is not None and not opened)
        return
    if found and sessions.keys_digest(found) != ledger.keys_digest:
        # The power failed between the file and its record.
        pump.recorder.note(records.KEYS, digest=sessions.keys_digest(found), operator="")
    elif ledger.keys_digest and not found:
        text = "the keys cannot be read; nobody can sign in until new ones are sent"
        pump.watch.degraded("keys", text)
    pump.link.session.take_keys(found, bool(ledger.keys_digest))
