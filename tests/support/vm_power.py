"""Runs on MicroPython and CPython: power goes and comes back, and what the pump must still know then."""

from vm_bench import THERAPY
from vm_course import QUANTA_PER_DAY, Mismatch
from vm_orders import Orders
from vm_reference import MIN_MS

from infuser.wire import states

_FLIGHT_MAX = 40


class Power(Orders):
    """The bench with its mains switch."""

    def power_cut(self, off_ms):
        """Power goes and comes back; nothing is asked of the pump before it has started again."""
        self._forget_backlog()
        counted = self.pump.delivery.bucket_steps()
        ran, reference = self.pump.delivery.running, self.reference
        age, state, wall = self.age(), self.ledger.state, reference.clock.valid
        self.world.restart(off_ms)
        self._take_up_counts(counted, ran)
        self.tally("power-cut")
        self._check_age(age, off_ms, wall)
        reference.bridging = False
        self.take_clock(1000)
        expected = {states.BOLUS: states.INFUSING}.get(state, state)
        if state in (states.PRIMING, states.IDLE):
            expected = states.SUSPENDED if reference.regimen else states.IDLE
        if self.ledger.state != expected:
            raise Mismatch("state {} after a power cut in {}".format(self.ledger.state, state))
        reference.minimum = expected == states.MINIMUM_RATE
        self._change_age = 0
        self._start_anew(expected)

    def _take_up_counts(self, counted, ran):
        """Counts and fractions are those of the last save; what may have been made beyond is told as uncertain."""
        issued, fractions_pl, rest = self.world.saved
        if self.world.loaded != self.world.saved:
            raise Mismatch("loaded {}, saved {}".format(self.world.loaded, self.world.saved))
        lost = sum(counted) - sum(issued)
        uncertain = self.pump.found.steps_uncertain
        self.uncertain += uncertain
        if lost < 0 or lost > uncertain or (not ran and (lost or uncertain)):
            raise Mismatch("{} microsteps lost, {} uncertain".format(lost, uncertain))
        base_pl = [count * self.step_pl() + fraction for count, fraction in zip(issued, fractions_pl)]
        self.basal.rebase(base_pl[states.BASAL] * QUANTA_PER_DAY + rest)
        for bucket, volume in self.volumes.items():
            volume.close(base_pl[bucket])
        beyond = self.recount(self.world.made_at_cut, sum(issued))
        # Handed to the drive when the count was saved, and cut off with it: one burst under way, one waiting.
        if beyond < 0:
            self.tally("counted-unmade", -beyond)
        if not -_FLIGHT_MAX <= beyond <= uncertain:
            raise Mismatch("the plant made {} more than the pump counts, {} uncertain".format(beyond, uncertain))

    def _check_age(self, age, off_ms, clock_valid):
        away_ms = off_ms if clock_valid and self.pump.controller.clock.valid else 0
        if not age - 1000 <= self.age() - away_ms:
            self.tally("aged-less")

    def _start_anew(self, state):
        timer = self.world.timer
        if state in states.DELIVERING:
            if state in THERAPY:
                self._take_beat_anew()
            self.plan(0, timer.total)
        self.look()

    def _take_beat_anew(self):
        """The beat of the periodic bolus goes on over a power cut."""
        reference = self.reference
        told = self.ledger.periodic_age_ms
        due = reference.periodic_due
        if bool(told) != bool(due):
            raise Mismatch("periodic bolus due at {}, not {}".format(told, due))
        if told:
            interval_ms = reference.regimen.program["periodic_interval_min"] * MIN_MS
            if (told - due) % interval_ms or told < due or told > max(due, self.age() + interval_ms):
                raise Mismatch("periodic bolus due at {} after a power cut, not {}".format(told, due))
        reference.periodic_due = told
