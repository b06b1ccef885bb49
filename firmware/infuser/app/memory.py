"""The delivery counters on flash: the checkpoint that runs ahead of the motor, and the dose windows."""

from infuser.core import prescription, seal
from infuser.core.checkpoint import Checkpoint
from infuser.core.schedule import Schedule
from infuser.core.window import unit_of
from infuser.wire import records, states, units
from infuser.wire.messages import Refusal

WINDOW_NAMES = ("w0", "w1")
_HOUR_MIN = 60
RESERVE_STEPS = 10


class Memory:
    """Saves and restores what Delivery counts. `files` as hw.storage.Files.

    After load(): `masked`, (part, text) of what was found damaged and could be made good; `lost`, what is wrong if
    the log had to tell the counters, "" if not.
    """

    def __init__(self, files, delivery) -> None:
        self._files = files
        self._checkpoint = Checkpoint(files)
        self._delivery = delivery
        self.reserved = 0
        self.uncertain_steps = 0
        self.found: dict = {}
        self.masked: list[tuple[str, str]] = []
        self.lost = ""
        self._base_min = 0
        self._next_window = 0
        self._window_ug_per_ml = 0  # the concentration that the dose windows are counted in, 0 while not known
        self._ahead_steps = RESERVE_STEPS
        self._low_steps = RESERVE_STEPS
        self._seal = self._mixed()

    def _mixed(self) -> int:
        mixed = self.reserved ^ self._base_min ^ self._next_window ^ self._window_ug_per_ml
        return mixed ^ self._ahead_steps ^ self._low_steps

    def look_ahead(self, steps_per_s: int) -> None:
        """Reserve for so fast a delivery: two seconds of it, and anew once a second of it is left."""
        self.left()
        # A microstep that is calibrated to more is reserved by fewer: all of them are 1 uL at most.
        least = min(RESERVE_STEPS, units.NL_PER_UL * units.PL_PER_NL // self._delivery.meter.step_pl)
        self._ahead_steps = max(least, 2 * steps_per_s)
        # A turn of the loop or a stalled flash could use up what is left then.
        self._low_steps = steps_per_s + 3
        self._seal = self._mixed()

    def low(self) -> bool:
        """Whether so little of the reservation is left that it should be extended."""
        return self.left() < self._low_steps

    def ahead_steps(self) -> int:
        """How many microsteps to reserve at once."""
        self.left()
        return self._ahead_steps

    def verify(self) -> None:
        """Corrupt if a bit has flipped here or in one of the counters that are saved."""
        self._delivery.verify()
        self.left()

    def left(self) -> int:
        """Microsteps that may still be made before more are reserved; Corrupt if a bit has flipped here."""
        if self._mixed() != self._seal:
            raise seal.Corrupt(seal.MEMORY)
        return self.reserved - self._delivery.meter.issued()

    def load(self) -> None:
        """Take up the counters of the last checkpoint; `found` is what it said, empty without one.

        Without one, or with one that is older than the log, the counters are those of the log's last hour.
        """
        saved = self._checkpoint.load()
        meter = self._delivery.meter
        counted = _counted(self._delivery.recorder.ledger)
        if sum(counted) > (saved["steps_reserved"] if saved else 0):
            self._take_from_log(counted)
        elif saved:
            names = zip(records.COUNTER_NAMES, records.FRACTION_NAMES)
            for bucket, (steps, fraction) in enumerate(names):
                rest = saved["basal_acc_rem"] if bucket == states.BASAL else 0
                meter.restore(bucket, saved[steps], saved[fraction], rest)
            self.uncertain_steps = max(0, saved["steps_reserved"] - meter.issued())
            self.found = saved
        if self._checkpoint.damaged and self.found:
            # It may have been the newer one: then one reservation more was used up, perhaps that of a fast bolus.
            fast = self._delivery.recorder.ledger.bolus_list
            per_two_s = 2 * units.PUMP_MAX_NL_PER_DAY * units.PL_PER_NL // (meter.step_pl * 86400)
            self.uncertain_steps += per_two_s if fast else RESERVE_STEPS
            self.masked.append(("checkpoint", "one of the two copies is damaged: the other is taken"))
        self.reserved = meter.issued()
        self._seal = self._mixed()

    def _take_from_log(self, counted: list[int]) -> None:
        """The count never goes back; what may have gone out since the log's last count is uncertain."""
        meter = self._delivery.meter
        for bucket, steps in enumerate(counted):
            meter.restore(bucket, steps, 0, 0)
        self.uncertain_steps = self._since_counted()
        self.lost = "no checkpoint holds: counted from the log, and up to {} microsteps more may have gone out".format(
            self.uncertain_steps
        )

    def _since_counted(self) -> int:
        """The most that can have gone out since the last count, which is an hour old at most; it stands in the log."""
        ledger = self._delivery.recorder.ledger
        if ledger.state not in states.DELIVERING:
            return 0  # the count was logged when the motor was stopped
        rates = [ledger.bridge_nl_per_day]
        if ledger.program:
            rates += _rates(ledger)
        volume_nl = max(rates) * _HOUR_MIN // units.MIN_PER_DAY + ledger.bolus_since_nl
        return units.volume_steps(volume_nl, self._delivery.meter.step_pl) + RESERVE_STEPS

    def restore_guard(self, hour_list: list[dict], hour_steps: int) -> bool:
        """Start the guard with its windows as of now; what is uncertain counts as delivered last.

        False if the windows on flash do not verify: then they are filled from the journal's hours, as
        late as can be.
        """
        delivery = self._delivery
        guard = delivery.guard
        age_ms = delivery.timebase.age_ms()
        open_steps = 0
        # A pump that never counted anything has nothing in its windows.
        exact = self._load_window() if self.found else not self.lost
        if exact and self.found:
            open_steps = guard.window.go_on(age_ms // units.MS_PER_MIN) + self.uncertain_steps
        elif not exact:
            hours = [entry["steps"] for entry in hour_list]
            hours.append(max(0, delivery.therapy_steps() - hour_steps) + self.uncertain_steps)
            guard.window.assume(hours, age_ms // units.MS_PER_MIN)
        total = delivery.steps_total()
        primed = total - delivery.therapy_steps()
        guard.restore(total + self.uncertain_steps, primed, age_ms, open_steps)
        return exact

    def _load_window(self) -> bool:
        """Take the file that the checkpoint refers to.

        Both may fit it, where they were stored within a minute because another drug followed. Then it is the one in
        the stronger concentration: whatever else the checkpoint counts, nothing counts for less than it was.
        """
        base = self.found["window_min"]
        stored = [self._read(name) for name in WINDOW_NAMES]
        units_found = [unit_of(one, base) for one in stored]
        best = 1 if units_found[1] > units_found[0] else 0
        if not self._delivery.guard.window.load(stored[best], base, self.found["minutes"]):
            return False
        self._next_window = 1 - best
        self._window_ug_per_ml = units_found[best]
        self._seal = self._mixed()
        return True

    def count_in(self, ug_per_ml: int) -> int:
        """The windows are counted in this concentration from now on; returns that of before, 0 if it is not known."""
        self.left()
        before = self._window_ug_per_ml
        self._window_ug_per_ml = ug_per_ml
        self._seal = self._mixed()
        return before

    def _read(self, name: str) -> bytes | None:
        try:
            return self._files.read(name)
        except OSError:
            return None

    def close_hour(self) -> None:
        """Store the windows anew once an hour of the pump's age: what came since is in each checkpoint."""
        if self._delivery.guard.window.minute % _HOUR_MIN == 0:
            self.save_window()

    def save_window(self) -> None:
        """Store the closed minutes, and a checkpoint that refers to them."""
        window = self._delivery.guard.window
        self.verify()
        try:
            stored = window.stored(self._window_ug_per_ml)
            self._delivery.recorder.store(self._files.overwrite, WINDOW_NAMES[self._next_window], stored)
        except OSError as error:
            self._delivery.recorder.failure = "dose window: {}".format(error)
            return
        self._next_window = 1 - self._next_window
        self._base_min = window.minute
        self._seal = self._mixed()
        self.save(max(self.reserved, self._delivery.steps_total()))

    def save(self, reserved: int) -> None:
        """Store the counters, and that the motor may make `reserved` microsteps in all from here on.

        Corrupt, and nothing stored, if a bit has flipped in them.
        """
        self.verify()
        delivery = self._delivery
        channels = delivery.meter.channels
        counts = [0] * states.BUCKETS
        fractions = [0] * states.BUCKETS
        # Nothing is allocated with interrupts off: counts and fraction must be of one instant.
        with delivery.critical():
            for bucket in range(states.BUCKETS):
                counts[bucket] = channels[bucket].issued
                fractions[bucket] = channels[bucket].acc_pl
            rest = channels[states.BASAL].acc_rem
        age_ms = delivery.timebase.age_ms()
        guard = delivery.guard
        values = {
            "event_seq": delivery.recorder.journal.next_seq,
            "steps_reserved": reserved,
            "basal_acc_rem": rest,
            "age_ms": age_ms,
            "time_ms": delivery.recorder.clock.now_ms(age_ms),
            "window_min": self._base_min,
            "minutes": guard.window.since(self._base_min, guard.steps - guard.primed),
        }
        values.update(zip(records.COUNTER_NAMES, counts))
        values.update(zip(records.FRACTION_NAMES, fractions))
        try:
            delivery.recorder.store(self._checkpoint.save, values)
        except OSError as error:
            delivery.recorder.failure = "checkpoint: {}".format(error)
            return
        self.reserved = reserved
        self._seal = self._mixed()


def _rates(ledger) -> list[int]:
    """Every basal rate that the program in force can have come to; the pump's most if it cannot be read."""
    try:
        schedule = prescription.stored(ledger.program)
    except Refusal:
        return [units.THERAPY_MAX_NL_PER_DAY]
    rates = schedule.rates() + Schedule(schedule.program, ledger.plan_ng_per_day).rates()
    return rates + [schedule.volume_nl(ledger.temporary_ng_per_day)]


def _counted(ledger) -> list[int]:
    """Microsteps of each bucket as the log counted them last; of a log of format 3 the most that it names."""
    if ledger.counter_list:
        return [entry["steps"] for entry in ledger.counter_list]
    return [max(ledger.hour_steps, ledger.day_steps, ledger.total_steps, ledger.steps_at_fill)]
