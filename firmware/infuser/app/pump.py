"""The whole pump: its parts wired to each other, its clock and sound, and the main loop."""

from infuser.app import overlay
from infuser.app.alive import Alive
from infuser.app.commands import carry_out
from infuser.app.integrity import Integrity
from infuser.app.link import Link
from infuser.app.planner import Planner
from infuser.app.staging import Staging
from infuser.app.upkeep import Upkeep
from infuser.app.watch import Watch
from infuser.core import repeats
from infuser.wire import alarms, codec, messages, states, units
from infuser.wire.messages import Refusal

# While somebody talks to the pump the loop runs at this period, else at that of the tick.
FAST_LOOP_MS = 100
CLOCK_CHECK_MS = units.MS_PER_H
# The clock chip counts whole seconds: a difference within two of them says nothing.
CLOCK_TOLERANCE_MS = 2000
_DARK = (0, False)  # no lamp, no sound


class Pump:
    """`hardware` bundles the edges: see main.Hardware for the names it must have."""

    def __init__(self, hardware) -> None:
        self.hardware = hardware
        self.timebase = hardware.timebase
        self.protocol = messages.protocol_hash()
        self.serial = hardware.chip.serial()
        self.staging = Staging()
        self.leaving = False
        self._audio_until_ms = 0
        self._shown: tuple | None = None
        self._clock_due_ms = 0
        self._errand_due_ms = 0
        self.recorder, self.controller, self.found = overlay.call(None, "replay", "replay", hardware)
        self._hour_due_ms = _next_hour_ms(self.timebase.age_ms())
        self.delivery = self.controller.delivery
        self.library = self.controller.basal.library
        self.integrity = Integrity(self.controller)
        self.watch = Watch(self.controller, hardware.sensors)
        self.planner = Planner(self.controller)
        self.upkeep = Upkeep(self)
        self.alive = Alive(self)
        self.link = Link(self, hardware.port, carry_out)

    def self_test(self) -> list[str]:
        """Run the self-test and raise or clear its alarms; returns the parts that failed."""
        failed = overlay.call(None, "selftest", "run", self)
        self._shown = None
        return failed

    def test_sounder(self) -> None:
        """Hear whether the sounder works before therapy starts."""
        works = self.hardware.annunciator.self_test()
        self._shown = None
        self.watch.set(alarms.SOUNDER_FAILED, not works)

    # Start of therapy

    def start_therapy(self, reason: int) -> None:
        """Start or resume the programmed infusion now; Refusal says what is in the way."""
        if not self.controller.delivering():
            self.test_sounder()
            self.watch.restart_flow()  # before the motor starts: with microsteps under way no position can be agreed
            # After the third stop by the same alarm: the minimum rate until a clinician has looked (EC23).
            again = repeats.tripped(self.controller.ledger.trip_list, self.timebase.age_ms())
        else:
            again = 0
        self.controller.resume(reason)
        if again:
            self.watch.tell(alarms.STOP_START, again)
            self.controller.minimum_rate(True, states.BY_ALARM)

    def start_in_ms(self) -> int:
        """Time until therapy starts by itself, 0 if it does not."""
        start_ms = self.controller.ledger.start_age_ms
        return max(1, start_ms - self.timebase.age_ms()) if start_ms else 0

    def _start_by_itself(self, now_ms: int) -> None:
        start_ms = self.controller.ledger.start_age_ms
        if not start_ms or now_ms < start_ms or self.controller.state == states.PRIMING:
            return
        try:
            self.start_therapy(states.BY_TIMER)
        except Refusal as refused:
            self.controller.arm(0)
            self.watch.tell(alarms.RESUME_FAILED, refused.code)

    # Clock and sound

    def wall_ms(self) -> int:
        """Wall time, 0 while the clock is lost."""
        return self.controller.clock.now_ms(self.timebase.age_ms())

    def wall_after(self, duration_ms: int) -> int:
        """Wall time in so many ms, 0 while the clock is lost."""
        wall_ms = self.wall_ms()
        return wall_ms + duration_ms if wall_ms else 0

    def wall_of_local_min(self, local_min: int) -> int:
        """Wall time of a local minute, 0 for 0 or while the clock is lost."""
        clock = self.controller.clock
        if not local_min or not clock.valid:
            return 0
        return (local_min - clock.utc_offset_min) * units.MS_PER_MIN

    def pause_audio(self, duration_ms: int) -> None:
        """Silence the sounder for a time; 0 ends the pause."""
        self._audio_until_ms = self.timebase.age_ms() + duration_ms
        self._shown = None

    def audio_pause_left_ms(self) -> int:
        """Time for which the sounder stays silent."""
        return max(0, self._audio_until_ms - self.timebase.age_ms())

    def _show_alarms(self, now_ms: int) -> None:
        present = self.watch.alarms
        if not present.entries and self._shown == _DARK:
            return
        sounding = bool(present.entries) and present.unanswered() and now_ms >= self._audio_until_ms
        shown = (present.priority() if present.entries else 0, sounding)
        if shown != self._shown:
            self._shown = shown
            self.hardware.annunciator.show(shown[0], sounding)

    # Loop

    def poll(self) -> bool:
        """One turn of the main loop; True if somebody talks to the pump and wants the next one soon."""
        now_ms = self.timebase.age_ms()
        if self.recorder.frozen:
            return self._stand_aside(now_ms)
        self.integrity.poll(now_ms)
        self.controller.poll(now_ms)
        self.watch.poll(now_ms)
        if self.hardware.sensors.patient_pressed():
            self.controller.patient_bolus()
        if now_ms >= self._errand_due_ms:
            self._run_errands(now_ms)
        self.upkeep.poll(now_ms)
        self._show_alarms(now_ms)
        talking = self.link.poll()
        self.alive.poll(now_ms)
        return talking

    def _stand_aside(self, now_ms: int) -> bool:
        """The state is another firmware's: nothing is measured, moved or written; alarm and link go on."""
        self._show_alarms(now_ms)
        talking = self.link.poll()
        self.hardware.watchdog.feed()
        return talking

    def hurry(self) -> None:
        """A command may have changed anything: measure all of it, and see what is due, in the next turn."""
        self.watch.hurry()
        self._errand_due_ms = 0

    def _run_errands(self, now_ms: int) -> None:
        """What has its time: plan, start, hour, clock and midnight. Seldom looked at, for a turn shall be short."""
        if self.planner.poll(now_ms):
            self.watch.tell(alarms.THERAPY_ENDED)
        self._start_by_itself(now_ms)
        self._follow_calendar(now_ms)
        midnight_ms = now_ms + units.MS_PER_DAY - self.controller.clock.local_ms(now_ms) % units.MS_PER_DAY
        start_ms = self.controller.ledger.start_age_ms or midnight_ms
        self._errand_due_ms = min(midnight_ms, start_ms, self._hour_due_ms, self._clock_due_ms, self.planner.due_ms)

    def _follow_calendar(self, now_ms: int) -> None:
        if now_ms >= self._hour_due_ms:
            self._hour_due_ms = _next_hour_ms(now_ms)
            self.controller.note_delivery(True)
            self.delivery.memory.close_hour()
        if now_ms >= self._clock_due_ms:
            self._clock_due_ms = now_ms + CLOCK_CHECK_MS
            self._check_clock(now_ms)
        day = self.controller.clock.day(now_ms)
        if day != self.controller.ledger.day and self.controller.clock.valid:
            self.controller.note_delivery(False)

    def _check_clock(self, now_ms: int) -> None:
        clock = self.controller.clock
        read_ms = self.hardware.wall_clock.read_ms()
        if read_ms and abs(read_ms - clock.now_ms(now_ms)) <= CLOCK_TOLERANCE_MS:
            return
        clock.set(read_ms, now_ms)
        self.watch.set(alarms.CLOCK_LOST, not clock.valid)
        self.controller.refresh()

    def run(self) -> None:
        """Poll until a service command gives the REPL back.

        An error that nobody foresaw stops the motor, is logged as an alarm and ends in a reset:
        after it the pump stands, and says why, until a person answers.
        """
        try:
            self._loop()
        except Exception as error:
            self.fail(error)

    def fail(self, error) -> None:
        """The loop has ended in an error; does not return.

        After a flipped bit nothing in memory is saved: flash holds the truth, and therapy goes on from it.
        """
        part = self.integrity.cause(error)
        if part:
            self.delivery.cut()
            self.hardware.chip.reset(part)
        self.delivery.stop()
        self.hardware.chip.tell(error)
        text = "{}: {}".format(type(error).__name__, error)
        self.watch.fault(alarms.INTERNAL_FAULT, "program", text[: codec.TEXT_MAX // 4])
        self.hardware.chip.reset()

    def _loop(self) -> None:
        overlay.call(None, "startup", "take_up", self)
        port = self.hardware.port
        while not self.leaving:
            busy = self.poll()
            if not self.leaving:
                port.idle(FAST_LOOP_MS if busy else self.delivery.turn_ms())
        port.flush()


def _next_hour_ms(age_ms: int) -> int:
    return (age_ms // units.MS_PER_H + 1) * units.MS_PER_H
