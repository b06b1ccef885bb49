"""Runs on MicroPython and CPython: what a pump is to deliver when, read from the program by arithmetic of its own.

A dose is rounded down to whole ng where a plan scales the pattern, a volume to whole nL where a dose
becomes one: what is left is exact.
"""

MIN_MS = 60000
DAY_MS = 86400000
_WEEK_MIN = 10080
_MONDAY_MS = 4 * DAY_MS  # 1970-01-05
_WINDOW_NG = 2503750
_WINDOW_NL = 26000000


class Clock:
    """Local time as it was set, counted on by the pump's age; lost without it."""

    def __init__(self):
        self.valid = False
        self._offset_ms = 0

    def set(self, local_ms, age):
        self.valid = True
        self._offset_ms = local_ms - age

    def local_ms(self, age):
        return self._offset_ms + age


class Regimen:
    """A program: its rates over the week at its own dose or that of a plan."""

    def __init__(self, program):
        self.program = program
        self.flex = program["mode"] == 2
        self._doses = []
        for step in program["step_list"]:
            days = [day for day in range(7) if step["day_mask"] >> day & 1]
            self._doses.extend([(day * 1440 + step["start_min"], step["dose_ng_per_day"]) for day in days])
        self._doses.sort()
        self.own_dose = _mean(self._doses)
        self.scale(self.own_dose)

    def nl(self, dose_ng):
        """Volume of a dose."""
        return dose_ng * 1000 // self.program["concentration_ug_per_ml"]

    def scale(self, dose):
        """Bring the pattern to a mean daily dose in ng."""
        self.rates = [(start, self.nl(own * dose // self.own_dose)) for start, own in self._doses]
        self.mean = _mean(self.rates)
        self.minimum = min(self.nl(self.program["minimum_ng_per_day"]), min([rate for _, rate in self.rates]))

    def rate(self, local_ms):
        """nL a day at a local time."""
        minute = (local_ms - _MONDAY_MS) // MIN_MS % _WEEK_MIN
        begun = [rate for start, rate in self.rates if start <= minute]
        return begun[-1] if begun else self.rates[-1][1]

    def next_change_ms(self, local_ms):
        """Local time of the next beginning after `local_ms`."""
        minute = (local_ms - _MONDAY_MS) // MIN_MS
        waits = [(start - minute - 1) % _WEEK_MIN + 1 for start, _ in self.rates]
        return (minute + min(waits)) * MIN_MS + _MONDAY_MS

    def window_nl(self):
        """Most that any 24 h may take."""
        day_ng = self.program["dose_max_ng_per_day"] or _WINDOW_NG
        return min(self.nl(min(day_ng, _WINDOW_NG)), _WINDOW_NL)


def _mean(starts):
    """Mean over the week of what begins at each minute of it, rounded down."""
    total = 0
    for at, (start, value) in enumerate(starts):
        following = starts[at + 1][0] if at + 1 < len(starts) else starts[0][0] + _WEEK_MIN
        total += value * (following - start)
    return total // _WEEK_MIN


class Reference:
    """What has been ordered, and what follows from it. Ages in ms, rates in nL a day."""

    def __init__(self):
        self.regimen = None
        self.window_before_nl = _WINDOW_NL
        self.clock = Clock()
        self.minimum = False
        self.temporary_rate = 0
        self.temporary_end = 0
        self.start_age = 0
        self.periodic_due = 0
        self.given = []  # ages of the patient's boluses
        self.bridge_rate = 0
        self.dilution = 1
        self.bridge_minimum = 0
        self.bridge_pl = 0  # the basal bucket's volume at which a bridge ends, 0 for none
        self.bridging = False
        self._no_plan()

    def _no_plan(self):
        self.dose = self.position = self.since = self.shift_min = 0
        self.held_since = 0

    def adopt(self, regimen, age):
        """Another program is in force from an age on."""
        if self.regimen:
            self.window_before_nl = self.regimen.window_nl()
        self.regimen = regimen
        self.temporary_end = self.periodic_due = 0
        self._no_plan()
        if regimen and regimen.program["plan_list"]:
            self.dose = regimen.own_dose
            self.since = age

    # Basal rate

    def rate(self, age):
        """The basal rate while therapy runs."""
        if self.minimum:
            return self.bridge_minimum if self.bridge_pl else self.regimen.minimum
        if self.bridging:
            return self.bridge_rate
        if self.temporary_end and age < self.temporary_end:
            return self.temporary_rate
        if self.regimen.flex and not self.clock.valid:
            return self.regimen.mean
        return self.regimen.rate(self.clock.local_ms(age))

    def next_change(self, age):
        """Age at which the rate changes by itself, 0 for never; a bridge's end apart."""
        if self.minimum or self.bridging:
            return 0
        if self.temporary_end and age < self.temporary_end:
            return self.temporary_end
        if not self.regimen.flex or not self.clock.valid:
            return 0
        local_ms = self.clock.local_ms(age)
        return age + self.regimen.next_change_ms(local_ms) - local_ms

    # Plan

    def plan_step(self, age):
        """(entries done, dose) that the plan asks for at an age, None while it asks for no change."""
        entries = self.regimen.program["plan_list"] if self.regimen else ()
        if self.position >= len(entries) or self.held_since or self.bridge_pl or not self.clock.valid:
            return None
        entry = entries[self.position]
        if (entry["at_min"] + self.shift_min) * MIN_MS > self.clock.local_ms(age):
            return None
        wanted = entry["dose_ng_per_day"]
        if wanted > self.dose:
            if age - self.since < DAY_MS:
                return None
            most = self.dose + self.dose * self.regimen.program["plan_increase_permille"] // 1000
            if wanted > most:
                return self.position, most
        return self.position + 1, wanted

    def take_plan(self, position, dose, age):
        """A dose of the plan is in force from an age on."""
        self.position, self.dose, self.since = position, dose, age
        self.regimen.scale(dose or self.regimen.own_dose)

    def ended(self):
        """Whether the plan has ended the therapy."""
        entries = self.regimen.program["plan_list"] if self.regimen else ()
        return bool(entries) and self.position == len(entries) and self.dose == 0

    def done_at(self, dose):
        """How many of the plan's entries a dose is at or beyond."""
        doses = [entry["dose_ng_per_day"] for entry in self.regimen.program["plan_list"]]
        if doses[-1] > self.regimen.own_dose:
            return len([entry for entry in doses if entry <= dose])
        return len([entry for entry in doses if entry >= dose])

    # Boluses

    def periodic_after(self, age):
        """Age of the first periodic bolus after `age`, on the beat that began with the therapy."""
        interval_ms = self.regimen.program["periodic_interval_min"] * MIN_MS
        due = self.periodic_due
        return due + max(0, -(-(age - due) // interval_ms)) * interval_ms

    def patient_may(self, first_age, last_age):
        """Whether lock-out and allowance permit a patient's bolus; None if it depends on the instant."""
        told = [self._may(age) for age in (first_age, last_age)]
        return told[0] if told[0] == told[1] else None

    def _may(self, age):
        program = self.regimen.program
        recent = [given for given in self.given if age - given < DAY_MS]
        if len(recent) >= program["patient_boluses_per_day"]:
            return False
        return not self.given or age - self.given[-1] >= program["patient_lockout_min"] * MIN_MS
