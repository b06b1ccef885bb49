"""From power-up to the first turn of the loop: replay, self-test, and taking up what was interrupted."""

from infuser import VERSION
from infuser.app import planner, selftest
from infuser.app.controller import Controller
from infuser.app.delivery import Delivery
from infuser.app.recorder import Recorder
from infuser.core.clock import Clock
from infuser.core.journal import Journal
from infuser.core.ledger import Ledger
from infuser.wire import alarms, records, states


class Found:
    """What the start found out about the time before it."""

    def __init__(self, steps_uncertain: int, gap_ms: int, windows_exact: bool) -> None:
        self.steps_uncertain = steps_uncertain
        self.gap_ms = gap_ms
        self.windows_exact = windows_exact


def replay(hardware) -> tuple:
    """(recorder, controller, Found): the state as journal and checkpoint tell it; nothing moves yet."""
    ledger = Ledger()
    clock = Clock()
    timebase = hardware.timebase
    recorder = Recorder(Journal(hardware.files, ledger.snapshot), ledger, clock, timebase)
    last = _read_journal(recorder)
    delivery = Delivery(hardware, recorder, ledger.step_pl)
    delivery.memory.load()
    saved = delivery.memory.found
    if saved and saved["age_ms"] >= last[0]:
        last = (saved["age_ms"], saved["time_ms"])
    now_ms = hardware.wall_clock.read_ms()
    clock.utc_offset_min = ledger.utc_offset_min
    clock.set(now_ms, timebase.age_ms())
    # How long the pump was off at most: from the last sign of life, if the clock was known then and is now.
    gap_ms = max(0, now_ms - last[1]) if last[1] and clock.valid else 0
    timebase.begin(last[0] + gap_ms)
    clock.set(now_ms, timebase.age_ms())
    exact = delivery.memory.restore_guard(ledger.hour_list, ledger.hour_steps)
    controller = Controller(delivery, recorder)
    controller.basal.adopt()
    return recorder, controller, Found(delivery.memory.uncertain_steps, gap_ms, exact)


def _read_journal(recorder) -> tuple[int, int]:
    """Apply snapshot and records; returns (age, wall time or 0) of the last one."""
    snapshot, later = recorder.journal.open()
    if snapshot:
        recorder.ledger.restore(snapshot)
    last = (0, 0)
    for record in later:
        recorder.ledger.apply(record["kind"], record["fields"], record["time_ms"], record["age_ms"])
        last = (record["age_ms"], record["time_ms"])
    return last


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
    if not pump.found.windows_exact:
        text = "not readable: taken from the journal's hours, as late as can be"
        pump.recorder.note(records.FAULT, part="dose windows", detail=0, masked=True, text=text)
    pump.delivery.memory.save_window()
    pump.controller.note_delivery(False)
    _end_interrupted_boluses(pump)
    pump.controller.enter(states.SELF_TEST, states.BY_POWER)
    _begin_plan(pump.controller)
    failed = pump.self_test()
    if journal.damage:
        pump.watch.fault(alarms.JOURNAL_FAULT, "journal", journal.damage)
    pump.watch.begin()
    _resume_therapy(pump, failed)
    pump.hardware.watchdog.start()


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
    # Without a sounder therapy is not started, but one that ran goes on: to stop it is a hazard too.
    if any(part != selftest.SOUNDER for part in failed):
        controller.enter(states.ALARM_STOPPED, states.BY_ALARM)
    elif was_delivering and planner.therapy_ended(controller):
        # The power failed between the taper's last note and the stop.
        pump.watch.set(alarms.THERAPY_ENDED, True)
        pump.watch.set(alarms.THERAPY_ENDED, False)
        controller.enter(states.SUSPENDED, states.BY_PLAN)
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
