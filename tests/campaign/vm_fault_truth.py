"""Runs on MicroPython: what must hold throughout, judged by the plant and by the journal, not by the pump's own word.

- Therapy never goes above a dose window, by the pulses that the motor was given.
- What an alarm forbids does not happen; the motor moves by less than 1 uL beyond what was ordered.
- A pump that stands with a program in force is not silent for longer than the reminder's time.
- The journal is a whole chain, and what it tells alone is the state that the pump is in.
- Each pulse made is counted, and after a power cut the doubt is as small as the reservation.
"""

from array import array

import faults
import kernel
from plant import plant
from vm_fault_world import Violation

from infuser.core.ledger import Ledger
from infuser.wire import alarms, messages, records, states, units

_LOOK_US = 60000000
_MINUTES = 1440
_SPANS_MIN = (60, 240, _MINUTES)
_LIMITS = ("dose_max_1h_ng", "dose_max_4h_ng", "dose_max_ng_per_day")
_DAY_NG, _DAY_NL = 2503750, 26000000  # what holds where a program states no limit
REMIND_MIN = 30
_REMIND_DOUBT_MIN = 3  # the pump looks once a minute, and the plant is looked at once a minute
# Handed to the drive and cut off with it: one burst under way, one waiting.
_FLIGHT_MAX = 40
_OVER_MAX_PL = 1000000
# What may be uncertain after a cut: two seconds of the fastest flow, or RESERVE_STEPS.
_UNCERTAIN_MIN = 10
_STANDING = (states.IDLE, states.SUSPENDED, states.ALARM_STOPPED, states.REFILL)


class Windows:
    """Pulses of therapy by the minute, over the last day."""

    def __init__(self):
        self._minutes = array("H", [0] * _MINUTES)
        self._at = 0
        self.sums = [0] * len(_SPANS_MIN)

    def close_minute(self, steps):
        """A minute is over in which so many were made."""
        at, minutes = self._at, self._minutes
        for index, span in enumerate(_SPANS_MIN):
            self.sums[index] += steps - minutes[(at - span) % _MINUTES]
        minutes[at] = steps
        self._at = (at + 1) % _MINUTES


class Truth:
    """Looks once a minute, and whenever something is done to the pump."""

    def __init__(self):
        self.due_us = 0
        self.program = None  # that is in force, by the pump's answers
        self.quiet_until_us = 0  # somebody was told that the pump stands until then
        self.remind_min = 0
        self.flash_failed = False  # the flash has refused to be written in this life: memory knows more than the log
        self.over_pl_max = 0
        self.records = 0
        self._world = None
        self._pump = None
        self._windows = Windows()
        self._minute_us = 0
        self._minute_steps = 0
        self._made = 0  # pulses up to the last look
        self._primed = 0
        self._ordered = 0  # looks for which the limits are those of before
        self._moved_us = 0
        self._unmade = 0
        self._least = 0
        self._before = (0, states.SELF_TEST)
        self._shadow = Ledger()
        self._next_seq = 1
        self._chain = None
        self._base = 0

    # Lives

    def begin(self, world):
        """A life begins: what the pump took up from its flash against what the motor was given."""
        self._world = world
        pump = self._pump = world.pump
        issued = pump.delivery.steps_total()
        made = self._count()
        uncertain = pump.found.steps_uncertain
        beyond = made - self._base - issued
        if not -_FLIGHT_MAX - self._unmade <= beyond <= uncertain:
            raise Violation("{} made beyond the count of {}, {} uncertain".format(beyond, issued, uncertain))
        most = max(_UNCERTAIN_MIN, 2 * units.PUMP_MAX_NL_PER_DAY * units.PL_PER_NL // (self._step_pl() * 86400))
        if uncertain > most:
            raise Violation("{} microsteps are uncertain after a power cut".format(uncertain))
        self._base = made - issued
        self._unmade = 0
        if self.flash_failed:
            self._catch_up(pump)
        self.flash_failed = "flash-broken" in faults.active
        self._primed = pump.delivery.meter.channels[states.PRIME].issued
        self._moved_us = kernel.now_us
        self._before = (0, states.SELF_TEST)
        self._least = self._rogue()
        self.due_us = kernel.now_us + _LOOK_US

    def end(self):
        """A life is over; what was made since the last look is counted."""
        if self._pump:
            self._count_therapy()
        self._pump = None

    def _count(self):
        plant.sync()
        return plant.steps_made

    def _step_pl(self):
        return self._pump.delivery.meter.step_pl

    @staticmethod
    def _rogue():
        """Microsteps of the motor beyond its pulses; below nought where pulses did not move it."""
        return plant.motor - plant.steps_made + plant.steps_back

    # Looking

    def look(self):
        """All that can be seen at one instant."""
        self.due_us = kernel.now_us + _LOOK_US
        if self._pump.controller.state == states.SELF_TEST:
            return
        made = self._count_therapy()
        self._check_count()
        self._check_rogue()
        self._check_forbidden(made)
        self._check_silence(made)
        self._check_signal()

    def _count_therapy(self):
        """Book pulses to the minute under way; returns how many there were since the last look."""
        made = self._count()
        since = made - self._made
        primed = self._pump.delivery.meter.channels[states.PRIME].issued
        therapy = since - (primed - self._primed)
        self._made, self._primed = made, primed
        self._minute_steps += max(0, therapy)
        while kernel.now_us >= self._minute_us + _LOOK_US:
            self._minute_us += _LOOK_US
            self._windows.close_minute(self._minute_steps)
            if self._minute_steps:
                self._check_windows()
            self._minute_steps = 0
        return since

    def _check_windows(self):
        """A minute with delivery has closed."""
        if self._ordered:
            self._ordered -= 1
        elif self.program and self._pump.controller.state in states.THERAPY and self._before[1] in states.THERAPY:
            for used, limit, span in zip(self._windows.sums, self._limits(), _SPANS_MIN):
                if limit and used > limit:
                    raise Violation("{} microsteps in {} min, {} allowed".format(used, span, limit))

    def _limits(self):
        concentration = self.program["concentration_ug_per_ml"]
        for index, name in enumerate(_LIMITS):
            limit_ng = self.program[name]
            if not index // 2:
                limit_nl = limit_ng * 1000 // concentration
            else:
                limit_nl = min(min(limit_ng or _DAY_NG, _DAY_NG) * 1000 // concentration, _DAY_NL)
            yield limit_nl * units.PL_PER_NL // self._step_pl()

    def ordered(self):
        """Something was ordered: what is delivered in this minute and the next may still be of before."""
        self._ordered = 2
        self._before = (0, states.SELF_TEST)

    def _check_count(self):
        unmade = self._pump.delivery.steps_total() - (self._made - self._base)
        running = self._pump.delivery.running
        if unmade < 0:
            raise Violation("{} microsteps were made and are not counted".format(-unmade))
        if not running and unmade > self._unmade + _FLIGHT_MAX:
            raise Violation("{} microsteps are counted and were not made".format(unmade))
        if not running:
            self._unmade = unmade

    def _check_rogue(self):
        rogue = self._rogue()
        over_pl = (rogue - self._least) * self._step_pl()
        self.over_pl_max = max(self.over_pl_max, over_pl)
        # Once the motor stands the next run is judged by itself: the pump takes the position as agreed too.
        self._least = min(self._least, rogue) if self._pump.delivery.running else rogue
        if over_pl >= _OVER_MAX_PL:
            raise Violation("the motor moved {} nL that were not ordered".format(over_pl // 1000))

    def _check_forbidden(self, made):
        """An alarm that keeps the motor off was there at the last look too: nothing was made since."""
        controller = self._pump.controller
        state = controller.state
        stopped = 0
        for entry in controller.ledger.alarms.entries:
            if alarms.answer(entry["alarm"]) == alarms.MOTOR_OFF:
                stopped = entry["alarm"]
        before, state_before = self._before
        if made and stopped and before == stopped and states.PRIMING not in (state, state_before):
            raise Violation("{} microsteps while the alarm {} stands".format(made, alarms.name(stopped)))
        if made and state in _STANDING and state_before == state:
            raise Violation("{} microsteps in the state {}".format(made, states.STATE_NAMES[state]))
        self._before = (stopped, state)

    def _check_silence(self, made):
        now_us = kernel.now_us
        if made or not self.program:
            self._moved_us = now_us
            return
        since_us = max(self._moved_us, self.quiet_until_us)
        silent_min = (now_us - since_us) // 60000000
        if silent_min < (self.remind_min or REMIND_MIN) + _REMIND_DOUBT_MIN or self._signalled():
            return
        controller = self._pump.controller
        ended = [entry for entry in self.program["plan_list"] if not entry["dose_ng_per_day"]]
        if ended and controller.ledger.plan_ng_per_day == 0:
            return  # a taper has come to its end, which was told and acknowledged
        state = states.STATE_NAMES[controller.state]
        raise Violation(
            "nothing is delivered for {} min in the state {}, and nothing says so".format(silent_min, state)
        )

    @staticmethod
    def _signalled():
        # A dead lamp is dark whatever is signalled, and the sounder may be paused: that it is dead is told by the pump.
        return plant.priority_signalled() or plant.sounder_hz or "lamp-dead" in faults.active

    def _check_signal(self):
        """An alarm that was there a minute ago is signalled."""
        if self._before[0] and not self._signalled():
            raise Violation("the alarm {} stands and is not signalled".format(alarms.name(self._before[0])))

    # The log

    def check_log(self):
        """Read what came to the journal since, each record against the one before; apply it to a ledger of our own."""
        journal = self._pump.recorder.journal
        if journal.damage:
            raise Violation("journal: {}".format(journal.damage))
        if journal.oldest_seq > self._next_seq:
            raise Violation("records from {} on are gone".format(self._next_seq))
        for record in self._read(journal):
            self._take(record)
        if not self.flash_failed and self._shadow.snapshot() != self._pump.controller.ledger.snapshot():
            raise Violation("the journal tells another state than the pump is in: {}".format(self._difference()))

    def _read(self, journal):
        held = b""
        while True:
            page = journal.read_from(self._next_seq, len(held), messages.CHUNK_MAX)
            if not page:
                return
            held += page
            while held:
                try:
                    size = records.size_at(held, 0)
                except records.RecordError:
                    break
                record = records.decode(held[:size], self._chain)
                if record["seq"] != self._next_seq:
                    raise Violation("record {} follows {}".format(record["seq"], self._next_seq - 1))
                self._chain = record["chain"]
                self._next_seq += 1
                held = held[size:]
                yield record

    def _catch_up(self, pump):
        """What could not be written is in no record: from here on the log is judged by what the pump took up of it."""
        self._shadow = Ledger()
        self._shadow.restore(pump.controller.ledger.snapshot())
        self._next_seq = pump.recorder.journal.next_seq
        self._chain = None

    def _take(self, record):
        kind, fields = record["kind"], record["fields"]
        self.records += 1
        if kind == records.SNAPSHOT:
            return
        if kind == records.STATE and fields["old"] != self._shadow.state and not self.flash_failed:
            raise Violation("a change of state from {} is not recorded".format(self._shadow.state))
        # An error that nobody foresaw is told by the name of its class.
        if kind == records.FAULT and fields["part"] == "program" and " " not in fields["text"].split(":")[0]:
            raise Violation("unforeseen error: {}".format(fields["text"]))
        self._shadow.apply(kind, fields, record["time_ms"], record["age_ms"])

    def _difference(self):
        mine, live = self._shadow, self._pump.controller.ledger
        return ", ".join(name for name in dir(live) if _plain(mine, name) != _plain(live, name))


def _plain(ledger, name):
    value = getattr(ledger, name, None)
    return value if isinstance(value, (int, str, list)) else None
