"""From power-up to the first turn of the loop: replay, self-test, and taking up what was interrupted."""

from infuser import VERSION
from infuser.app import planner, selftest
from infuser.app.controller import Controller
from infuser.app.delivery import Delivery
from infuser.app.library import LIBRARY_NAMES, TRUST_NAMES, Library
from infuser.app.memory import WINDOW_NAMES
from infuser.app.recorder import Recorder
from infuser.app.session_commands import KEYS_FILE
from infuser.core import liveness, repeats, seal, snapshot
from infuser.core.clock import Clock
from infuser.core.journal import FIRST_SEQ, Journal
from infuser.core.ledger import Ledger
from infuser.wire import alarms, records, states

# A new pump's first start writes the library before the log, and nothing else.
_OF_A_USED_PUMP = WINDOW_NAMES + TRUST_NAMES + LIBRARY_NAMES[1:] + (KEYS_FILE,)


class Found:
    """What the start found out about the time before it: `cause` and `fault` as in hw.chip."""

    def __init__(self, chip) -> None:
        self.cause = chip.reset_cause()
        self.fault = chip.fault_code()
        self.steps_uncertain = 0
        self.gap_ms = 0
        self.windows_exact = True

    def taken_up(self, steps_uncertain: int, gap_ms: int, windows_exact: bool) -> None:
        """What journal, checkpoint and clock told."""
        self.steps_uncertain = steps_uncertain
        self.gap_ms = gap_ms
        self.windows_exact = windows_exact


def replay(hardware) -> tuple:
    """(recorder, controller, Found): the state as journal and checkpoint tell it; nothing moves yet."""
    found = Found(hardware.chip)
    # Before anything that could hang.
    hardware.watchdog.start()
    ledger = Ledger()
    clock = Clock()
    timebase = hardware.timebase
    journal = Journal(hardware.files, ledger.snapshot, progress=hardware.watchdog.feed, readable=snapshot.readable)
    recorder = Recorder(journal, ledger, clock, timebase)
    last = _read_journal(recorder, hardware.watchdog)
    delivery = Delivery(hardware, recorder, ledger.step_pl)
    if journal.foreign:
        recorder.frozen = True
        hardware.files.freeze()
    else:
        delivery.memory.load()
        _miss(journal, delivery.memory.found, hardware.files)
    saved = delivery.memory.found
    if saved and saved["age_ms"] > last[0]:
        last = (saved["age_ms"], saved["time_ms"])
    now_ms = _read_clock(hardware, found, last[1])
    clock.utc_offset_min = ledger.utc_offset_min
    clock.set(now_ms, timebase.age_ms())
    # How long the pump was off at most: from the last sign of life, if the clock was known then and is now.
    gap_ms = max(0, now_ms - last[1]) if last[1] and clock.valid else 0
    timebase.begin(last[0] + gap_ms)
    clock.set(now_ms, timebase.age_ms())
    exact = delivery.memory.restore_guard(ledger.hour_list, ledger.hour_steps)
    if journal.damage:
        # Before any record, into the snapshot that the next segment begins with: the next start finds a sound log.
        ledger.alarms.raise_(alarms.JOURNAL_FAULT, clock.now_ms(timebase.age_ms()), timebase.age_ms(), 0)
    library = Library(hardware.files, recorder)
    if not recorder.frozen:
        library.load()
    hardware.watchdog.feed()
    controller = Controller(delivery, recorder, library)
    controller.basal.adopt(save=False)  # take_up stores the windows, once what is uncertain is in the log
    found.taken_up(delivery.memory.uncertain_steps, gap_ms, exact)
    return recorder, controller, found


def _read_clock(hardware, found: Found, last_ms: int) -> int:
    """Wall time. Where the bus hung in the start before, it is left alone until that is in the log: as of then."""
    if found.fault == liveness.BUS:
        return last_ms
    hardware.chip.suspect(liveness.BUS)
    now_ms = hardware.wall_clock.read_ms()
    hardware.chip.suspect(0)
    return now_ms


def _read_journal(recorder, watchdog) -> tuple[int, int]:
    """Apply snapshot and records; returns (age, wall time or 0) of the last one."""
    stored, later = recorder.journal.open()
    if stored:
        recorder.ledger.restore(stored)
        if not snapshot.current(stored):
            recorder.journal.close_segment()
    last = (0, 0)
    for record in later:
        watchdog.feed()
        recorder.ledger.apply(record["kind"], record["fields"], record["time_ms"], record["age_ms"])
        # A clock that was set tells from then on; its record came before it or after it.
        set_ms = record["fields"]["new_ms"] if record["kind"] == records.CLOCK else 0
        last = (record["age_ms"], set_ms or record["time_ms"])
    return last


def _miss(journal, saved: dict, files) -> None:
    """Hold the log against the checkpoint, which knows how far it had come, and against what only a used pump has."""
    if saved:
        journal.miss(saved["event_seq"])
    elif journal.next_seq == FIRST_SEQ and not journal.damage:
        left = [name for name in _OF_A_USED_PUMP if files.size(name) is not None]
        if left:
            journal.damage = "no record is left, but {}".format(", ".join(left))


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
    if pump.recorder.ledger.trust_digest and not pump.library.trusted():
        pump.watch.degraded("trusted key", "cannot be read: no library is taken until it is installed again")
    if pump.recorder.ledger.prescriber_digest and not pump.prescriber.modulus():
        pump.watch.degraded("prescriber's key", "cannot be read: no signature is taken until it is installed again")


def take_up(pump) -> None:
    """Log the boot, test, and go on with what was interrupted: therapy yes, a bolus never."""
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
        pump.watch.masked(selftest.IMAGE, "installed without a list of hashes: not checked")
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
