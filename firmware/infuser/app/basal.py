"""Which basal rate holds when, and the meter's segments made from it, exact to the quantum."""

from infuser.core import libraryentry, seal
from infuser.core.meter import SEGMENTS
from infuser.core.schedule import Schedule
from infuser.wire import program as programs
from infuser.wire import records, states, units
from infuser.wire.messages import Refusal

_FAR_MS = units.MS_PER_DAY
# The meter knows the rates for so long ahead, however late the main loop comes.
AHEAD_MS = units.MS_PER_MIN


class Basal:
    """Program, plan, temporary rate and bridge as one course of rates over the pump's age."""

    def __init__(self, delivery, recorder, library) -> None:
        self.delivery = delivery
        self.recorder = recorder
        self.library = library
        self.ledger = recorder.ledger
        self.clock = recorder.clock
        self.schedule: Schedule | None = None
        self.refused = ""  # why this firmware does not deliver the program that is stored, "" if it does
        self._channel = delivery.meter.channels[states.BASAL]
        self._end_ms = 0  # where the segments given to the meter end
        self._next_ms = 0  # where the course goes on after them: within a quantum of _end_ms
        self._schedule_seal = 0
        self._course_seal = 0

    def adopt(self, save: bool = True) -> None:
        """Take up the ledger's program at the dose of its plan, and give the guard its limits.

        The program was checked when it was sent and is again at each start. `save`: dose windows that come to be
        counted in another concentration are stored at once.
        """
        self.recorder.verify()
        self.schedule = None
        if self.ledger.program and not self.refused:
            self.schedule = Schedule(programs.decode(self.ledger.program), self.ledger.plan_ng_per_day)
            self._schedule_seal = self.schedule.digest()
        self._limit(save)

    def verify(self) -> None:
        """seal.Corrupt if a bit has flipped in the program in force or in where its course stands."""
        if self._course() != self._course_seal or (self.schedule and self.schedule.digest() != self._schedule_seal):
            raise seal.Corrupt(seal.SCHEDULE)

    def _course(self) -> int:
        return self._end_ms ^ self._next_ms

    def _limit(self, save: bool) -> None:
        """Give the guard the limits in volumes of the drug that goes out now, and have its windows counted in it."""
        guard = self.delivery.guard
        if not self.schedule:
            guard.set_limits([0, 0, 0])
            return
        present = self.concentration()
        before = self.delivery.memory.count_in(present)
        if before != present:
            if before:
                guard.recount(before, present)
            if save:
                self.delivery.memory.save_window()
        limits_nl = self.schedule.limits_nl(present)
        try:
            limits_nl = libraryentry.tightened(limits_nl, self.library.entry_for(self.schedule.program), present)
        except Refusal:
            pass  # a library that is missing is an alarm of its own, and stops the motor (EC19)
        guard.set_limits(limits_nl)

    # The course of rates

    def rate_at(self, age_ms: int, state: int) -> tuple[int, int]:
        """(basal rate in nL a day, ms from `age_ms` on for which it holds) in a state."""
        if not self.schedule or state not in (states.INFUSING, states.BOLUS, states.MINIMUM_RATE):
            return 0, units.MS_PER_H
        # First the position: it brings the meter up to the present, from which the bridge is counted.
        position_ms = self.delivery.position_ms() if self.ledger.bridge_nl else 0
        bridge_ms = self.bridge_left_ms(state)
        if state == states.MINIMUM_RATE:
            return self.minimum_nl_per_day(), bridge_ms or _FAR_MS
        if bridge_ms:
            left_ms = position_ms + bridge_ms - age_ms
            if left_ms > 0:
                return self.ledger.bridge_nl_per_day, left_ms
        elif self.ledger.temporary_end_ms > age_ms:
            rate = self.schedule.volume_nl(self.ledger.temporary_ng_per_day)
            return rate, self.ledger.temporary_end_ms - age_ms
        return self._scheduled(age_ms)

    def _scheduled(self, age_ms: int) -> tuple[int, int]:
        """The program's own rate; its daily mean while the clock is lost."""
        if self.schedule.daily() and not self.clock.valid:
            return self.schedule.mean_nl_per_day, _FAR_MS
        return self.schedule.rate_at(self.clock.week_ms(age_ms))

    def minimum_nl_per_day(self) -> int:
        """The gentlest rate that is still therapy; while a bridge lasts that of the drug before."""
        if self.ledger.bridge_nl:
            return self.ledger.bridge_minimum_nl_per_day
        return self.schedule.minimum_nl_per_day

    def peak_nl_per_day(self, state: int) -> int:
        """The largest basal rate that the course can come to without a new order."""
        if not self.schedule or state == states.PRIMING:
            return 0
        peak = self.rate_at(self.delivery.position_ms(), state)[0]
        return peak if state == states.MINIMUM_RATE else max(self.schedule.rates() + [peak])

    # Segments

    def run(self, state: int) -> None:
        """Begin the course anew from the present quantum on."""
        self.recorder.verify()
        self.verify()
        at_ms = self.delivery.position_ms()
        rate, lasts_ms = self.rate_at(at_ms, state)
        quanta = _quanta(lasts_ms)
        self.delivery.meter.set_rate(states.BASAL, rate, quanta)
        self._end_ms = at_ms + quanta * units.QUANTUM_MS
        self._next_ms = at_ms + lasts_ms
        self._course_seal = self._course()
        self._prepare(at_ms, state)

    def _prepare(self, age_ms: int, state: int) -> None:
        """Tell the meter what follows, for a minute at least; the interrupt changes over by itself."""
        while self._end_ms - age_ms < AHEAD_MS and self._channel.queued < SEGMENTS:
            rate, lasts_ms = self.rate_at(self._next_ms, state)
            self._next_ms += lasts_ms
            quanta = _quanta(self._next_ms - self._end_ms)
            self.delivery.meter.add_rate(states.BASAL, rate, quanta)
            self._end_ms += quanta * units.QUANTUM_MS
            self._course_seal = self._course()

    # Bridge: the drug before stands in the fluid path and goes out at its own dose

    def bridge_left_steps(self) -> int:
        """Microsteps of the basal bucket until the path holds the present drug."""
        if not self.ledger.bridge_nl:
            return 0
        meter = self.delivery.meter
        target = self.ledger.bridge_start_steps + -(-self.ledger.bridge_nl * units.PL_PER_NL // meter.step_pl)
        return max(0, target - self._channel.due)

    def bridge_left_ms(self, state: int) -> int:
        """Time until the bridge is over at the rate of a state, 0 without one."""
        steps = self.bridge_left_steps()
        if not steps:
            return 0
        meter = self.delivery.meter
        rate = self.minimum_nl_per_day() if state == states.MINIMUM_RATE else self.ledger.bridge_nl_per_day
        left_pl = steps * meter.step_pl - self._channel.acc_pl
        return -(-left_pl * units.MS_PER_DAY // (rate * units.PL_PER_NL))

    def poll(self, age_ms: int, state: int) -> bool:
        """Keep a segment ahead of the tick, and note what is over; True if the course must begin anew."""
        if self._end_ms - age_ms < AHEAD_MS or self._course() != self._course_seal:
            self.recorder.verify()
            self.verify()
            self._prepare(age_ms, state)
        ledger = self.ledger
        if ledger.temporary_end_ms and age_ms >= ledger.temporary_end_ms:
            self.end_temporary(states.DONE)
        if ledger.bridge_nl and self.bridge_left_steps() == 0:
            self.end_bridge(states.DONE)
            return True  # the minimum rate is another one now
        return False

    def end_temporary(self, reason: int, operator: str = "") -> None:
        """Journal that the temporary rate is over."""
        self.recorder.note(records.TEMPORARY_RATE, dose_ng_per_day=0, duration_ms=0, reason=reason, operator=operator)

    def given_last(self) -> Schedule:
        """The program at the dose that it gave last: after the end of a taper that before the end."""
        given = [entry["dose_ng_per_day"] for entry in self.schedule.program["plan_list"] if entry["dose_ng_per_day"]]
        if given and not self.ledger.plan_ng_per_day:
            return Schedule(self.schedule.program, given[-1])
        return self.schedule

    def end_bridge(self, reason: int) -> None:
        """Journal that the fluid path holds the present drug."""
        self._note_bridge(0, 0, 0, 0, reason)
        self.adopt()

    def begin_bridge(self, volume_nl: int, reason: int) -> None:
        """Journal that the path holds `volume_nl` of the drug of the present program, to be replaced by another."""
        before = self.given_last()
        rate, minimum = before.mean_nl_per_day, before.minimum_nl_per_day
        self._note_bridge(volume_nl, rate, minimum, before.concentration, reason)

    def _note_bridge(self, volume_nl: int, rate: int, minimum: int, concentration: int, reason: int) -> None:
        self.recorder.note(
            records.BRIDGE,
            volume_nl=volume_nl,
            rate_nl_per_day=rate,
            minimum_nl_per_day=minimum,
            concentration_ug_per_ml=concentration,
            start_steps=self.delivery.bucket_steps()[states.BASAL],
            reason=reason,
        )

    def concentration(self) -> int:
        """Concentration in ug/mL of what leaves the catheter now."""
        return self.ledger.bridge_concentration if self.ledger.bridge_nl else self.schedule.concentration


def _quanta(duration_ms: int) -> int:
    return max(1, (duration_ms + units.QUANTUM_MS // 2) // units.QUANTUM_MS)
