"""The state as journal, checkpoint and clock tell it at power-up; nothing moves yet."""

from infuser.app import overlay, recall
from infuser.app.controller import Controller
from infuser.app.delivery import Delivery
from infuser.app.library import LIBRARY_NAMES, TRUST_NAMES, Library
from infuser.app.memory import WINDOW_NAMES
from infuser.app.recorder import Recorder
from infuser.core import liveness, snapshot
from infuser.core import session as sessions
from infuser.core.clock import Clock
from infuser.core.journal import FIRST_SEQ, Journal
from infuser.core.ledger import Ledger
from infuser.wire import alarms, records
from infuser.wire.messages import Refusal

# A new pump's first start writes the library before the log, and nothing else.
_OF_A_USED_PUMP = WINDOW_NAMES + TRUST_NAMES + LIBRARY_NAMES[1:] + (sessions.KEYS_FILE,)


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
    last = read_journal(recorder, hardware.watchdog)
    delivery = Delivery(hardware, recorder, ledger.step_pl)
    if journal.foreign:
        recorder.frozen = True
        hardware.files.freeze()
    else:
        recall.counters(delivery)
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
    exact = recall.guard(delivery, hardware.files)
    if journal.damage:
        # Before any record, into the snapshot that the next segment begins with: the next start finds a sound log.
        ledger.alarms.raise_(alarms.JOURNAL_FAULT, clock.now_ms(timebase.age_ms()), timebase.age_ms(), 0)
    library = Library(hardware.files, recorder)
    if not recorder.frozen:
        library.load()
    hardware.watchdog.feed()
    controller = Controller(delivery, recorder, library)
    controller.basal.refused = _refused(ledger.program)
    controller.basal.adopt(save=False)  # take_up stores the windows, once what is uncertain is in the log
    found.taken_up(delivery.memory.uncertain_steps, gap_ms, exact)
    return recorder, controller, found


def _refused(program: bytes) -> str:
    """Why this firmware does not deliver the program that is stored, "" if it does, or there is none."""
    try:
        if program:
            overlay.call(None, "prescription", "stored", program)
    except Refusal as refused:
        return "this firmware does not take the stored program: {} {}".format(refused, refused.field)
    except overlay.Unloadable as error:
        return "nothing can judge the stored program: {}".format(error)
    return ""


def _read_clock(hardware, found: Found, last_ms: int) -> int:
    """Wall time. Where the bus hung in the start before, it is left alone until that is in the log: as of then."""
    if found.fault == liveness.BUS:
        return last_ms
    hardware.chip.suspect(liveness.BUS)
    now_ms = hardware.wall_clock.read_ms()
    hardware.chip.suspect(0)
    return now_ms


def read_journal(recorder, watchdog) -> tuple[int, int]:
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
