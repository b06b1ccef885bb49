"""Runs on MicroPython and CPython: random programs of every kind."""

from vm_course import Mismatch
from vm_library import lift_limits
from vm_orders import PATIENT
from vm_power import Power
from vm_reference import MIN_MS

from infuser.wire import program, states, units

CONCENTRATIONS = (50, 500, 1000, 1000, 2000)


class Programs(Power):
    """The bench with somebody who prescribes: `length` 0 to 2 says how long a therapy lasts."""

    def __init__(self, world, chance, length):
        super().__init__(world, chance)
        self.length = length
        self.lazy = length > 0
        self.concentration = chance.of(CONCENTRATIONS)
        lift_limits(self.pump, CONCENTRATIONS)

    def some_dose(self):
        """ng a day within what the pump can deliver; long therapies are slow ones, for the time they take."""
        ranges = ((48000, 60000), (60000, 200000), (200000, 1200000), (1200000, 4000000), (4000000, 24000000))
        low, high = self.chance.of(ranges[: 5 - self.length])
        most = min(units.DOSE_MAX_NG_PER_DAY * 3 // 4, high * self.concentration // 1000)
        least = -(-low * self.concentration // 1000)
        return self.chance.number(least, most) if least < most else least

    def some_program(self):
        """A program of any kind."""
        chance = self.chance
        flex = chance.number(0, 2) > 0
        steps = self._some_steps(chance.number(2, 8) if flex else 1)
        slowest = min([step["dose_ng_per_day"] for step in steps])
        least = -(-48 * self.concentration)
        values = {
            "patient": PATIENT,
            "drug": "baclofen",
            "concentration_ug_per_ml": self.concentration,
            "mode": program.FLEX if flex else program.CONTINUOUS,
            "step_list": steps,
            "minimum_ng_per_day": chance.number(least, slowest) if least < slowest else slowest,
            "bolus_max_ng": min(2000000, 2000 * self.concentration),
            "low_reservoir_nl": units.LOW_RESERVOIR_MIN_NL,
        }
        if chance.number(0, 2):
            self._add_patient_bolus(values)
        kind = chance.number(0, 4)
        if kind < 2:
            self._add_periodic_bolus(values)
        elif kind < 4:
            self._add_plan(values)
        if chance.once_in(8) and self.reference.clock.valid:
            values["start_min"] = self.local_min() + chance.number(-3, 10 * self.length + 2)
        return program.new(**values)

    def local_min(self):
        return self.reference.clock.local_ms(self.age()) // MIN_MS

    def _some_steps(self, count):
        steps = []
        for start in {self.chance.number(0, 1439) for _ in range(count)}:
            mask = self.chance.of((127, 127, 31, 96)) if steps else 127
            steps.append({"day_mask": mask, "start_min": start, "dose_ng_per_day": self.some_dose()})
        return steps

    def _some_bolus_ng(self):
        least_nl, most_nl = self.chance.of(((1000, 1200), (1000, 20000), (20000, 60000)))
        return self.chance.number(least_nl, most_nl) * self.concentration // 1000

    def _add_patient_bolus(self, values):
        chance = self.chance
        minutes = chance.number(1, 12)
        values["patient_bolus_ng"] = max(self.concentration, self._some_bolus_ng())
        values["patient_bolus_min"] = minutes
        values["patient_lockout_min"] = max(5, minutes + chance.of((0, 0, 3, 30)))
        values["patient_boluses_per_day"] = chance.of((1, 2, 4, 24))

    def _add_periodic_bolus(self, values):
        chance = self.chance
        minutes = chance.of((1, 5, chance.number(1, 40)))
        values["periodic_bolus_ng"] = max(self.concentration, self._some_bolus_ng())
        values["periodic_bolus_min"] = minutes
        values["periodic_interval_min"] = max(30, minutes + 1, chance.of((30, 31, 60, 360)))

    def _add_plan(self, values):
        chance = self.chance
        doses = [step["dose_ng_per_day"] for step in values["step_list"]]
        at_min = self.local_min() + chance.number(-5, 20) if self.reference.clock.valid else 30000000
        rises = chance.once_in(2)
        dose = doses[0] if len(doses) == 1 else chance.number(min(doses), max(doses))
        plan = []
        for _ in range(chance.number(1, 4)):
            dose = dose * chance.number(1001, 1250) // 1000 if rises else dose * chance.number(700, 999) // 1000
            plan.append({"at_min": at_min, "dose_ng_per_day": dose})
            at_min += 1440 if rises else chance.of((1, 2, 30, 600))
        if not rises and chance.once_in(2):
            plan.append({"at_min": at_min, "dose_ng_per_day": 0})
        values["plan_list"] = plan
        values["plan_increase_permille"] = chance.number(200, 300)

    def new_program(self, bridge_nl=0):
        """A program that the pump takes; none while it is primed."""
        if self.ledger.state == states.PRIMING:
            return
        for _ in range(200):
            if self.set_program(self.some_program(), bridge_nl):
                return
        raise Mismatch("no program is taken")
