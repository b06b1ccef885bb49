"""A log with everything that a report can show at once, texts from outside at their worst included."""

from pumplog import STEP_PL, PumpLog, month, therapy

from infuser.wire import errors, program, records, states, units

EVIL = '"><script>alert(1)</script>&\u202e' + "W" * 30
VISITS = [
    {
        "id": "1", "kind": "refill", "state": "completed", "patient": EVIL, "operator": EVIL,
        "begun": "2026-03-22T23:10:00+01:00", "ended": "2026-03-22T23:45:00+01:00",
        "figures": [["expected residual", "1.519 mL"], ["measured residual", "1.449 mL"], [EVIL, EVIL]],
    },
    {"id": "2", "kind": "adjust", "state": "abandoned", "begun": "2026-03-25T08:00:00", "ended": None, "figures": []},
]  # fmt: skip


def rich() -> PumpLog:
    """A month, then a plan with patient's boluses, some refused, one cut short, a calibration, another library."""
    log = month()
    log.note(records.LIBRARY, library="Ward 3", version=7, digest=bytes(32), operator="Ada")
    log.note(records.SIGN_IN, role=1, accepted=False, failures=2, operator=EVIL)
    log.note(
        records.CALIBRATION, step_pl=98_400, uncertainty_ppm=3_200, runs=5, reservoir_nl=13_000_000, operator="Ada"
    )
    at_min = log.time_ms // units.MS_PER_MIN + 60
    held = program.decode(therapy(280_000, mode=program.CONTINUOUS)) | {
        "plan_list": [
            {"at_min": at_min + day * units.MIN_PER_DAY, "dose_ng_per_day": dose}
            for day, dose in ((9, 300_000), (12, 330_000), (20, 360_000))
        ],
        "plan_increase_permille": 300,
        "patient_bolus_ng": 20_000,
        "patient_bolus_min": 10,
        "patient_lockout_min": 120,
        "patient_boluses_per_day": 6,
    }
    log.note(records.PROGRAM, program=program.encode(held), confirmed=True, operator=EVIL)
    for day in range(8):
        for _ in range(day % 4):
            _press(log, cut_short=day == 5)
        log.note(records.BOLUS_REFUSED, bucket=states.PATIENT_BOLUS, error=errors.LOCK_OUT, dose_ng=20_000)
        log.run(20, 560_000)
    return log


def _press(log: PumpLog, cut_short: bool) -> None:
    """A patient's bolus of 40 uL."""
    told = {"bucket": states.PATIENT_BOLUS, "volume_nl": 40_000}
    before = log.counters["patient_bolus_steps"]
    log.note(records.BOLUS_STARTED, **told, dose_ng=20_000, duration_ms=10 * units.MS_PER_MIN, start_steps=before)
    log.state(states.INFUSING, states.BOLUS, states.BY_PATIENT, 560_000)
    steps = 200 if cut_short else 407
    log.counters["patient_bolus_steps"] += steps
    log.programmed_pl += steps * STEP_PL
    log.run(1, 560_000)
    why = states.BY_BUTTON if cut_short else states.DONE
    log.note(records.BOLUS_ENDED, **told, steps=log.counters["patient_bolus_steps"] - before, reason=why)
    log.state(states.BOLUS, states.INFUSING, states.DONE, 560_000)
