"""From power-up to the first turn of the loop: replay, self-test, and taking up what was interrupted."""

from infuser import VERSION
from infuser.app import selftest
from infuser.app.controller import Controller
from infuser.app.delivery import Delivery
from infuser.app.recorder import Recorder
from infuser.core.checkpoint import Checkpoint
from infuser.core.clock import Clock
from infuser.core.journal import Journal
from infuser.core.ledger import NO_BUCKET, Ledger
from infuser.wire import alarms, records, states


class Found:
    """What the start found out about the time before it."""

    def __init__(self, steps_uncertain: int, gap_ms: int) -> None:
        self.steps_uncertain = steps_uncertain
        self.gap_ms = gap_ms


def replay(hardware, step_pl: int) -> tuple:
    """(recorder, controller, Found): the state as journal and checkpoint tell it; nothing moves yet."""
    ledger = Ledger()
    clock = Clock()
    recorder = Recorder(Journal(hardware.files, ledger.snapshot), ledger, clock, hardware.timebase)
    last_ms = _read_journal(recorder)
    clock.utc_offset_min = ledger.utc_offset_min
    now_ms = hardware.wall_clock.read_ms()
    clock.set(now_ms, hardware.timebase.uptime_ms())
    delivery = Delivery(hardware, Checkpoint(hardware.files), recorder, step_pl)
    uncertain = delivery.load(ledger.hour_list, ledger.hour_steps)
    last_ms = max(last_ms, delivery.saved_ms)
    # How long the pump was off at most: from the last sign of life, if the clock was known then and is now.
    gap_ms = max(0, now_ms - last_ms) if last_ms and clock.valid else 0
    controller = Controller(delivery, recorder)
    controller.adopt(ledger.program)
    return recorder, controller, Found(uncertain, gap_ms)


def _read_journal(recorder) -> int:
    """Apply snapshot and records; returns the wall time of the last one that has one."""
    snapshot, later = recorder.journal.open()
    if snapshot:
        recorder.ledger.restore(snapshot)
    last_ms = 0
    for record in later:
        recorder.ledger.apply(record["kind"], record["fields"], record["time_ms"])
        last_ms = record["time_ms"] or last_ms
    return last_ms


def take_up(pump) -> None:
    """Log the boot, test, and go on with what was interrupted: therapy yes, a bolus never."""
    journal = pump.recorder.journal
    pump.recorder.note(
        records.BOOT,
        firmware=VERSION,
        cause=pump.hardware.chip.reset_cause(),
        steps_uncertain=pump.found.steps_uncertain,
        torn_bytes=journal.torn_bytes,
        gap_ms=pump.found.gap_ms,
    )
    pump.controller.note_delivery(False)
    _end_interrupted_bolus(pump)
    pump.controller.enter(states.SELF_TEST, states.BY_POWER)
    failed = pump.self_test()
    if journal.damage:
        pump.watch.fault(alarms.JOURNAL_FAULT, "journal", journal.damage)
    pump.watch.begin()
    _resume_therapy(pump, failed)
    pump.hardware.watchdog.start()


def _end_interrupted_bolus(pump) -> None:
    controller = pump.controller
    ledger = controller.ledger
    if ledger.bolus_time_ms:
        # The lock-out is counted from the wall clock where that is known, else from now.
        wall_ms = pump.wall_ms()
        since_ms = max(0, wall_ms - ledger.bolus_time_ms) if wall_ms else 0
        controller.bolus_at_ms = pump.timebase.uptime_ms() - since_ms
    if ledger.bolus_bucket != NO_BUCKET:
        controller.note_bolus_end(states.BY_POWER)


def _resume_therapy(pump, failed: list[str]) -> None:
    controller = pump.controller
    before = controller.ledger.state_before_test
    was_delivering = before in (states.INFUSING, states.BOLUS, states.MINIMUM_RATE)
    # Without a sounder therapy is not started, but one that ran goes on: to stop it is a hazard too.
    if any(part != selftest.SOUNDER for part in failed):
        controller.enter(states.ALARM_STOPPED, states.BY_ALARM)
    elif was_delivering and controller.schedule:
        # Latched, with its cause over: somebody is to look into the log for the gap.
        pump.watch.set(alarms.POWER_RESTORED, True)
        pump.watch.set(alarms.POWER_RESTORED, False)
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
