"""The delivery counters on flash: the checkpoint that runs ahead of the motor, and the dose windows."""

from infuser.core import seal
from infuser.core.checkpoint import Checkpoint
from infuser.wire import records, states, units

WINDOW_NAMES = ("w0", "w1")
HOUR_MIN = 60
RESERVE_STEPS = 10


class Memory:
    """Saves what Delivery counts; app.recall restores it. `files` as hw.storage.Files.

    What recall found: `found`, the last checkpoint; `masked`, (part, text) of what was damaged and could be made good;
    `lost`, what is wrong if the log had to tell the counters, "" if not.
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

    def load(self) -> tuple:
        """(the last checkpoint or None, whether one of its two copies is damaged), as the flash has them."""
        return self._checkpoint.load(), self._checkpoint.damaged

    def begin(self) -> None:
        """The counters are taken up: nothing is reserved beyond them."""
        self.reserved = self._delivery.meter.issued()
        self._seal = self._mixed()

    def begin_windows(self, next_window: int, ug_per_ml: int) -> None:
        """The dose windows are taken up, counted in this concentration; they are stored into this file next."""
        self._next_window = next_window
        self._window_ug_per_ml = ug_per_ml
        self._seal = self._mixed()

    def count_in(self, ug_per_ml: int) -> int:
        """The windows are counted in this concentration from now on; returns that of before, 0 if it is not known."""
        self.left()
        before = self._window_ug_per_ml
        self._window_ug_per_ml = ug_per_ml
        self._seal = self._mixed()
        return before

    def close_hour(self) -> None:
        """Store the windows anew once an hour of the pump's age: what came since is in each checkpoint."""
        if self._delivery.guard.window.minute % HOUR_MIN == 0:
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
