"""The whole pump: restores its state after power-up, then polls its parts for ever."""

from infuser import VERSION
from infuser.app import selftest
from infuser.app.commands import HANDLERS
from infuser.app.controller import Controller
from infuser.app.delivery import Delivery
from infuser.app.link import Link
from infuser.app.program_commands import Staging
from infuser.app.recorder import Recorder
from infuser.app.watch import Watch
from infuser.core.checkpoint import Checkpoint
from infuser.core.clock import Clock
from infuser.core.journal import Journal
from infuser.core.ledger import NO_BUCKET, Ledger
from infuser.wire import alarms, codec, messages, records, states, units

# While anything moves fast or somebody talks to the pump the loop runs at the fast period.
FAST_LOOP_MS = 100
LOOP_MS = 2000
CLOCK_CHECK_MS = units.MS_PER_H
# The clock chip counts whole seconds: a difference within two of them says nothing.
CLOCK_TOLERANCE_MS = 2000


class Pump:
    """`hardware` bundles the edges: see main.Hardware for the names it must have."""

    def __init__(self, hardware, step_pl: int = units.STEP_PL_NOMINAL) -> None:
        self.hardware = hardware
        self.timebase = hardware.timebase
        self.protocol = messages.protocol_hash()
        self.serial = hardware.chip.serial()
        self.staging = Staging()
        self.leaving = False
        self._audio_until_ms = 0
        self._shown = None
        self._clock_due_ms = 0
        self._hour_due_ms = units.MS_PER_H
        self._replay(step_pl)
        self.watch = Watch(self.controller, hardware.sensors)
        self.link = Link(self, hardware.port, HANDLERS)

    # Start

    def _replay(self, step_pl: int) -> None:
        ledger = Ledger()
        clock = Clock()
        journal = Journal(self.hardware.files, ledger.snapshot)
        self.recorder = Recorder(journal, ledger, clock, self.timebase)
        snapshot, later = journal.open()
        if snapshot:
            ledger.restore(snapshot)
        last_ms = 0
        for record in later:
            ledger.apply(record["kind"], record["fields"], record["time_ms"])
            last_ms = record["time_ms"] or last_ms
        if journal.damage:
            self.recorder.failure = journal.damage
        clock.utc_offset_min = ledger.utc_offset_min
        started_ms = self.hardware.wall_clock.read_ms()
        clock.set(started_ms, self.timebase.uptime_ms())
        self.delivery = Delivery(self.hardware, Checkpoint(self.hardware.files), self.recorder, step_pl)
        self._uncertain = self.delivery.load(ledger.hour_list, ledger.hour_steps)
        last_ms = max(last_ms, self.delivery.saved_ms)
        # How long the pump was off, at most: from the last sign of life, where the clock knows.
        self._gap_ms = max(0, started_ms - last_ms) if last_ms and clock.valid else 0
        self.controller = Controller(self.delivery, self.recorder)
        self.controller.adopt(ledger.program)

    def start(self) -> None:
        """Log the boot, test, and take up what was interrupted: therapy yes, a bolus never."""
        before = self.controller.state
        journal = self.recorder.journal
        self.recorder.note(
            records.BOOT,
            firmware=VERSION,
            cause=self.hardware.chip.reset_cause(),
            steps_uncertain=self._uncertain,
            torn_bytes=journal.torn_bytes,
            gap_ms=self._gap_ms,
        )
        self.controller.note_delivery(False)
        self._end_interrupted_bolus()
        self.controller.enter(states.SELF_TEST, states.BY_POWER)
        failed = self.self_test()
        self.watch.begin()
        self._take_up(before, failed)
        self.hardware.watchdog.start()

    def _end_interrupted_bolus(self) -> None:
        ledger = self.controller.ledger
        if ledger.bolus_time_ms:
            # The lock-out is counted from the wall clock where that is known, else from now.
            wall_ms = self.wall_ms()
            since_ms = max(0, wall_ms - ledger.bolus_time_ms) if wall_ms else 0
            self.controller.bolus_at_ms = self.timebase.uptime_ms() - since_ms
        if ledger.bolus_bucket != NO_BUCKET:
            self.recorder.note(
                records.BOLUS_ENDED, bucket=ledger.bolus_bucket, steps=0, volume_nl=0, reason=states.BY_POWER
            )

    def _take_up(self, before: int, failed: list[str]) -> None:
        controller = self.controller
        was_delivering = before in (states.INFUSING, states.BOLUS, states.MINIMUM_RATE)
        if failed:
            controller.enter(states.ALARM_STOPPED, states.BY_ALARM)
        elif was_delivering and controller.schedule:
            self.watch.set(alarms.POWER_RESTORED, True)
            self.watch.set(alarms.POWER_RESTORED, False)
            if controller.ledger.alarms.answer() == alarms.MOTOR_OFF:
                controller.enter(states.ALARM_STOPPED, states.BY_ALARM)
            else:
                self.watch.resumed()
                minimum = before == states.MINIMUM_RATE
                controller.enter(states.MINIMUM_RATE if minimum else states.INFUSING, states.BY_POWER)
        elif before in (states.REFILL, states.ALARM_STOPPED):
            controller.enter(before, states.BY_POWER)
        else:
            controller.enter(states.SUSPENDED if controller.schedule else states.IDLE, states.BY_POWER)

    def self_test(self) -> list[str]:
        """Run the self-test and raise or clear its alarms; returns the parts that failed."""
        failed = selftest.run(self.hardware.sensors, self.hardware.annunciator, self.recorder)
        sounder_works = self.hardware.annunciator.self_test()
        self._shown = None
        self.recorder.note(records.SELF_TEST, passed=not failed, failed=", ".join(failed))
        selftest.report(self.watch, failed, sounder_works)
        return failed

    # Clock and sound

    def wall_ms(self) -> int:
        """Wall time, 0 while the clock is lost."""
        return self.controller.clock.now_ms(self.timebase.uptime_ms())

    def set_clock(self, time_ms: int, utc_offset_min: int, operator: str) -> None:
        """Set the wall clock; what was delivered stays as it is, the day's pattern follows."""
        old_ms = self.wall_ms()
        clock = self.controller.clock
        self.hardware.wall_clock.set_ms(time_ms)
        clock.utc_offset_min = utc_offset_min
        clock.set(time_ms, self.timebase.uptime_ms())
        self.recorder.note(
            records.CLOCK, old_ms=old_ms, new_ms=time_ms, utc_offset_min=utc_offset_min, operator=operator
        )
        self.watch.set(alarms.CLOCK_LOST, not clock.valid)
        self.controller.refresh()

    def pause_audio(self, duration_ms: int) -> None:
        """Silence the sounder for a time; 0 ends the pause."""
        self._audio_until_ms = self.timebase.uptime_ms() + duration_ms
        self._shown = None

    def audio_pause_left_ms(self) -> int:
        """Time for which the sounder stays silent."""
        return max(0, self._audio_until_ms - self.timebase.uptime_ms())

    def _show_alarms(self, now_ms: int) -> None:
        present = self.controller.ledger.alarms
        sounding = bool(present.entries) and present.unanswered() and now_ms >= self._audio_until_ms
        shown = (present.priority() if present.entries else 0, sounding)
        if shown != self._shown:
            self._shown = shown
            self.hardware.annunciator.show(shown[0], sounding)

    # Loop

    def poll(self) -> bool:
        """One turn of the main loop; True if something is going on that wants the next one soon."""
        now_ms = self.timebase.uptime_ms()
        self.controller.poll(now_ms)
        self.watch.poll(now_ms)
        self._follow_calendar(now_ms)
        self._show_alarms(now_ms)
        talking = self.link.poll()
        self.hardware.watchdog.feed()
        return talking or self.delivery.fast

    def _follow_calendar(self, now_ms: int) -> None:
        if now_ms >= self._hour_due_ms:
            self._hour_due_ms += units.MS_PER_H
            self.controller.note_delivery(True)
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
            self.delivery.stop()
            self.hardware.chip.tell(error)
            text = "{}: {}".format(type(error).__name__, error)
            self.watch.fault(alarms.INTERNAL_FAULT, "program", text[: codec.TEXT_MAX // 4])
            self.hardware.chip.reset()

    def _loop(self) -> None:
        self.start()
        port = self.hardware.port
        while not self.leaving:
            busy = self.poll()
            if not self.leaving:
                port.idle(FAST_LOOP_MS if busy else LOOP_MS)
        port.flush()
