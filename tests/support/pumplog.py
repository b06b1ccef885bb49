"""Writes a pump's log record by record, and a month of therapy with everything that a report must show."""

from typing import Any

from blanks import blank

from infuser.wire import alarms, program, records, states, units

# Monday 2 March 2026, 08:00 in UTC+01:00.
START_MS = 1_772_434_800_000
STEP_PL = units.STEP_PL_NOMINAL
_EVENTS = {
    "boot": {"firmware": "0.1.0", "cause": "power-on", "steps_uncertain": 0, "torn_bytes": 0, "gap_ms": 0},
    "command": {"request_id": 0, "command": 12, "error": 0, "operator": "R. Vogel"},
    "alarm-ack": {"operator": "R. Vogel"},
}


class PumpLog:
    """A log in the making. `stored` are the records' bytes, `decoded` the same as the host reads them."""

    def __init__(self) -> None:
        self.stored: list[bytes] = []
        self.time_ms = START_MS
        self.age_ms = 0
        self.boot = 1
        self.clock = True
        self.counters = dict.fromkeys(records.COUNTER_NAMES, 0)
        self.programmed_pl = 0
        self.filled_nl = 0
        self.steps_at_fill = 0

    @property
    def decoded(self) -> list[dict[str, Any]]:
        return [records.decode(stored) for stored in self.stored]

    def note(self, kind: int, **fields: Any) -> None:
        """Add a record at the present time; fields that are not named hold nothing."""
        previous = records.chain_of(self.stored[-1]) if self.stored else records.CHAIN_START
        name, declared = records.RECORDS[kind]
        values = {**blank(declared), **_EVENTS.get(name, {}), **fields}
        time_ms = self.time_ms if self.clock else 0
        seq = len(self.stored) + 1
        self.stored.append(records.encode(kind, self.boot, seq, time_ms, self.age_ms, values, previous))

    def wait(self, ms: int) -> None:
        """Let time pass."""
        self.time_ms += ms
        self.age_ms += ms

    def reservoir_nl(self) -> int:
        """Volume left by the count of microsteps."""
        return self.filled_nl - units.steps_volume_nl(sum(self.counters.values()) - self.steps_at_fill, STEP_PL)

    def run(self, hours: int, rate_nl_per_day: int, bolus_nl: int = 0) -> None:
        """Deliver for whole hours, one record each; a bolus is spread over the first."""
        for hour in range(hours):
            self.wait(units.MS_PER_H)
            before_pl = self.programmed_pl
            self.programmed_pl += rate_nl_per_day * units.PL_PER_NL // 24
            self.counters["basal_steps"] += self.programmed_pl // STEP_PL - before_pl // STEP_PL
            if bolus_nl and not hour:
                steps = bolus_nl * units.PL_PER_NL // STEP_PL
                self.counters["clinician_bolus_steps"] += steps
                self.programmed_pl += steps * STEP_PL
            self.delivery(rate_nl_per_day, True)

    def delivery(self, rate_nl_per_day: int = 0, closes_hour: bool = False) -> None:
        """Note the counters."""
        self.note(
            records.DELIVERY,
            **self.counters,
            step_pl=STEP_PL,
            reservoir_nl=max(0, self.reservoir_nl()),
            rate_nl_per_day=rate_nl_per_day,
            programmed_nl=self.programmed_pl // units.PL_PER_NL,
            closes_hour=closes_hour,
        )

    def state(self, old: int, new: int, reason: int = states.BY_COMMAND, rate_nl_per_day: int = 0) -> None:
        """Note a change of state."""
        self.note(records.STATE, old=old, new=new, reason=reason, rate_nl_per_day=rate_nl_per_day)

    def raised(self, alarm: int, detail: int = 0) -> None:
        """Note an alarm's cause."""
        self.note(records.ALARM_RAISED, alarm=alarm, priority=alarms.priority(alarm), detail=detail)

    def refill(self, measured_nl: int, volume_nl: int, operator: str = "R. Vogel", concentration: int = 500) -> None:
        """Note a refill."""
        self.note(
            records.REFILL,
            expected_residual_nl=max(0, self.reservoir_nl()),
            measured_residual_nl=measured_nl,
            volume_nl=volume_nl,
            concentration_ug_per_ml=concentration,
            steps_total=sum(self.counters.values()),
            operator=operator,
        )
        self.filled_nl = volume_nl
        self.steps_at_fill = sum(self.counters.values())
        self.delivery()

    def power_cut(self, off_ms: int, gap_ms: int = 0) -> None:
        """Restart after `off_ms`, of which the pump itself knows `gap_ms`."""
        self.time_ms += off_ms
        self.age_ms += gap_ms
        self.boot += 1
        self.note(records.BOOT, gap_ms=gap_ms, steps_uncertain=3)


def therapy(dose_ng_per_day: int = 280_000, **told: Any) -> bytes:
    """A program's bytes: flex with a stronger evening, 500 ug/mL."""
    steps = (
        [(0, dose_ng_per_day)]
        if told.get("mode") == program.CONTINUOUS
        else [(0, 240_000), (16 * 60, 400_000), (22 * 60, 240_000)]
    )
    return program.encode(
        program.new()
        | {
            "patient": "BENCH-0042",
            "drug": "baclofen",
            "concentration_ug_per_ml": 500,
            "mode": program.FLEX,
            "step_list": [
                {"day_mask": program.EVERY_DAY, "start_min": start_min, "dose_ng_per_day": dose}
                for start_min, dose in steps
            ],
            "minimum_ng_per_day": 24_000,
            "bolus_max_ng": 75_000,
            "bolus_lockout_min": 240,
            "dose_max_ng_per_day": 600_000,
            "low_reservoir_nl": 2 * units.NL_PER_ML,
            "age_years": 47,
            "weight_hg": 720,
            "indication": program.SPINAL,
            "screening_ng": 75_000,
            "screening_response": program.POSITIVE,
        }
        | told
    )


def begun() -> PumpLog:
    """A new pump: started, clock set, primed, filled with 12 mL and programmed with 100 ug a day."""
    log = PumpLog()
    log.note(records.BOOT)
    log.delivery()
    log.note(records.SELF_TEST, passed=True, failed="")
    log.note(records.CLOCK, old_ms=0, new_ms=log.time_ms, utc_offset_min=60, operator="R. Vogel")
    log.refill(0, 12 * units.NL_PER_ML)
    log.counters["priming_steps"] = 2_000
    log.delivery()
    first = therapy(100_000, mode=program.CONTINUOUS)
    log.note(records.PROGRAM, program=first, confirmed=False, operator="R. Vogel")
    log.state(states.IDLE, states.INFUSING, states.BY_PROGRAM, 200_000)
    return log


def month() -> PumpLog:
    """A month with a change of program, boluses, a stall, a power cut, a low reservoir and a refill."""
    log = begun()
    log.run(24 * 3 + 5, 200_000)
    log.note(records.PROGRAM, program=therapy(), confirmed=True, operator="R. Vogel")
    log.run(24 * 4, 560_000)
    _bolus(log)
    log.run(24 * 2 + 2, 560_000)
    _stall(log)
    log.run(24 * 3, 560_000)
    log.power_cut(5 * units.MS_PER_H + 17 * units.MS_PER_MIN)
    log.delivery()
    log.raised(alarms.POWER_RESTORED)
    log.note(records.ALARM_CLEARED, alarm=alarms.POWER_RESTORED)
    log.state(states.INFUSING, states.SELF_TEST, states.BY_POWER)
    log.state(states.SELF_TEST, states.INFUSING, states.BY_POWER, 560_000)
    log.wait(40 * units.MS_PER_MIN)
    log.note(records.ALARM_ACK, alarm=alarms.POWER_RESTORED)
    while log.reservoir_nl() > 2 * units.NL_PER_ML:
        log.run(1, 560_000)
    log.raised(alarms.RESERVOIR_LOW)
    log.run(20, 560_000)
    _visit(log)
    log.run(24 * 8, 560_000)
    return log


def _bolus(log: PumpLog) -> None:
    told = {"bucket": states.CLINICIAN_BOLUS, "volume_nl": 100_000}
    log.note(
        records.BOLUS_STARTED,
        **told,
        dose_ng=50_000,
        duration_ms=30 * units.MS_PER_MIN,
        start_steps=log.counters["clinician_bolus_steps"],
        operator="R. Vogel",
    )
    log.state(states.INFUSING, states.BOLUS, states.BY_COMMAND, 560_000)
    log.run(1, 560_000, bolus_nl=100_000)
    log.note(records.BOLUS_ENDED, **told, steps=1018, reason=states.DONE)
    log.state(states.BOLUS, states.INFUSING, states.DONE, 560_000)


def _stall(log: PumpLog) -> None:
    log.raised(alarms.STALL, 940)
    log.state(states.INFUSING, states.ALARM_STOPPED, states.BY_ALARM)
    log.note(records.AUDIO_PAUSE, pause_s=600, operator="R. Vogel")
    log.wait(3 * units.MS_PER_H + 20 * units.MS_PER_MIN)
    log.note(records.ALARM_CLEARED, alarm=alarms.STALL)
    log.note(records.ALARM_ACK, alarm=alarms.STALL)
    log.note(records.COMMAND, command=13, operator="R. Vogel")
    log.state(states.ALARM_STOPPED, states.INFUSING, states.BY_COMMAND, 560_000)


def _visit(log: PumpLog) -> None:
    log.state(states.INFUSING, states.REFILL, states.BY_REFILL)
    log.wait(25 * units.MS_PER_MIN)
    log.refill(log.reservoir_nl() - 70_000, 18 * units.NL_PER_ML)
    log.note(records.ALARM_CLEARED, alarm=alarms.RESERVOIR_LOW)
    log.state(states.REFILL, states.SUSPENDED, states.BY_REFILL)
    log.wait(5 * units.MS_PER_MIN)
    log.state(states.SUSPENDED, states.INFUSING, states.BY_COMMAND, 560_000)
