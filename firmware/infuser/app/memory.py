"""The delivery counters on flash: the checkpoint that runs ahead of the motor, and the dose windows."""

from infuser.core.checkpoint import Checkpoint
from infuser.wire import records, states, units

WINDOW_NAMES = ("w0", "w1")
_HOUR_MIN = 60


class Memory:
    """Saves and restores what Delivery counts. `files` as hw.storage.Files."""

    def __init__(self, files, delivery) -> None:
        self._files = files
        self._checkpoint = Checkpoint(files)
        self._delivery = delivery
        self.reserved = 0
        self.uncertain_steps = 0
        self.found: dict = {}
        self._base_min = 0
        self._next_window = 0

    def load(self) -> None:
        """Take up the counters of the last checkpoint; `found` is what it said, empty without one."""
        saved = self._checkpoint.load()
        meter = self._delivery.meter
        if saved:
            for name, channel in zip(records.COUNTER_NAMES, meter.channels):
                channel.due = channel.issued = saved[name]
            for name, channel in zip(records.FRACTION_NAMES, meter.channels):
                channel.acc_pl = saved[name]
            meter.channels[states.BASAL].acc_rem = saved["basal_acc_rem"]
            self.uncertain_steps = max(0, saved["steps_reserved"] - meter.issued())
            self.found = saved
        self.reserved = meter.issued()

    def restore_guard(self, hour_list: list[dict], hour_steps: int) -> bool:
        """Start the guard with its windows as of now; what is uncertain counts as delivered last.

        False if the windows on flash do not verify: then they are filled from the journal's hours, as
        late as can be.
        """
        delivery = self._delivery
        guard = delivery.guard
        age_ms = delivery.timebase.age_ms()
        open_steps = 0
        exact = self._load_window() if self.found else True
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
        window = self._delivery.guard.window
        base = self.found["window_min"]
        minutes = self.found["minutes"]
        for index, name in enumerate(WINDOW_NAMES):
            if window.load(self._files.read(name), base, minutes):
                self._next_window = 1 - index
                return True
        return False

    def close_hour(self) -> None:
        """Store the windows anew once an hour of the pump's age: what came since is in each checkpoint."""
        if self._delivery.guard.window.minute % _HOUR_MIN == 0:
            self.save_window()

    def save_window(self) -> None:
        """Store the closed minutes, and a checkpoint that refers to them."""
        window = self._delivery.guard.window
        try:
            self._files.overwrite(WINDOW_NAMES[self._next_window], window.stored())
        except OSError as error:
            self._delivery.recorder.failure = "dose window: {}".format(error)
            return
        self._next_window = 1 - self._next_window
        self._base_min = window.minute
        self.save(max(self.reserved, self._delivery.steps_total()))

    def save(self, reserved: int) -> None:
        """Store the counters, and that the motor may make `reserved` microsteps in all from here on."""
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
            self._checkpoint.save(values)
        except OSError as error:
            delivery.recorder.failure = "checkpoint: {}".format(error)
            return
        self.reserved = reserved
