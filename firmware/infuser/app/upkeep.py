"""The self-test that goes on while the pump runs, and costs no dose (EC5, EC17, EC22).

Every quarter of an hour the hash of one file of the application, every hour memory, sensors, stored files and
lamps. The sounder is heard whenever it sounds.
"""

from infuser.app import soundness
from infuser.wire import alarms, records, units

SLICE_MS = 15 * units.MS_PER_MIN
SLICES_AN_HOUR = 4
SLICES_A_DAY = 96
# The log's oldest part is read again within five days.
SLICES_A_SEGMENT = 24
# A clock of whole seconds must have moved within this time.
CLOCK_MS = 10 * units.MS_PER_S


class Upkeep:
    """`poll` in every turn of the loop; nothing is due in most of them."""

    def __init__(self, pump) -> None:
        self._pump = pump
        self._annunciator = pump.hardware.annunciator
        self._silent = self._annunciator.sounder_failed
        self._dark = self._annunciator.dark
        self._slice = 0
        self._told: list[str] = []  # parts whose failure is in the log already
        self._log_told: list[str] = []
        self._clock_ms = -1  # what the clock showed when it was looked at first
        self._due_ms = pump.timebase.age_ms() + SLICE_MS
        self._clock_due_ms = pump.timebase.age_ms()

    def poll(self, now_ms: int) -> None:
        """Look at what is due, and at what lamps and sounder have told."""
        annunciator = self._annunciator
        if annunciator.sounder_failed != self._silent or annunciator.dark != self._dark:
            self._signals()
        if now_ms >= self._clock_due_ms:
            self._clock(now_ms)
        if now_ms >= self._due_ms:
            self._due_ms = now_ms + SLICE_MS
            self._next_slice()

    def _signals(self) -> None:
        annunciator = self._annunciator
        watch = self._pump.watch
        self._silent = annunciator.sounder_failed
        if self._silent:
            watch.fault(alarms.SOUNDER_FAILED, soundness.SOUNDER, "no current while it should sound")
        watch.set(alarms.SOUNDER_FAILED, self._silent)
        self._dark = annunciator.dark
        for colour in annunciator.dark_lamps():
            watch.fault(alarms.LAMP_FAILED, soundness.LAMP + colour, "its pin did not follow when it was lit")
        watch.set(alarms.LAMP_FAILED, self._dark != 0, self._dark)

    def _clock(self, now_ms: int) -> None:
        """Two looks: a clock that shows the same second in both of them does not run."""
        self._clock_due_ms = now_ms + CLOCK_MS
        clock = self._pump.hardware.wall_clock
        before_ms = self._clock_ms
        self._clock_ms = clock.read_ms()
        if before_ms < 0:
            return
        if self._clock_ms and self._clock_ms == before_ms:
            clock.distrust()
            self._pump.controller.clock.set(0, now_ms)
            self._pump.watch.fault(alarms.CLOCK_LOST, "clock", "it does not run")
            self._pump.controller.refresh()
        self._clock_ms = -1
        self._clock_due_ms = now_ms + units.MS_PER_DAY

    def _next_slice(self) -> None:
        self._slice = (self._slice + 1) % SLICES_A_DAY
        image = self._pump.hardware.image
        wrong = image.check_next()
        if wrong:
            self._failed(soundness.IMAGE, wrong + " is not as it was installed")
        if self._slice % SLICES_AN_HOUR == 0:
            self._hourly()
        if self._slice % SLICES_A_SEGMENT == 0:
            self._look_into_log()

    def _hourly(self) -> None:
        pump = self._pump
        for part in soundness.memory() + soundness.sensors(pump.hardware.sensors) + soundness.stored(pump):
            self._failed(part, "found by the self-test that goes on while the pump runs")
        self._annunciator.blink_test()

    def _look_into_log(self) -> None:
        """A segment that is closed holds no state any more: what is wrong with it is told once and changes nothing."""
        wrong = self._pump.recorder.journal.check_next()
        if wrong and wrong not in self._log_told:
            self._log_told.append(wrong)
            self._pump.watch.degraded("log", wrong)

    def _failed(self, part: str, text: str) -> None:
        """A part that guards: the motor stands until somebody has seen to it."""
        watch = self._pump.watch
        if not watch.alarms.active(alarms.SELF_TEST):
            self._told = []
            watch.set(alarms.SELF_TEST, True, 1)
        if part not in self._told:
            self._told.append(part)
            self._pump.recorder.note(records.FAULT, part=part, detail=0, masked=False, text=text)
