"""Units, limits of the pump itself and the one place where doses are converted and rounded.

All quantities are integers with the unit in the name: nL, pL, ng, ms, microsteps.
1 ug/mL is 1 ng/uL, so a dose in ng divided by a concentration in ug/mL is a volume in uL.
"""

MS_PER_S = 1000
MS_PER_MIN = 60000
MS_PER_H = 3600000
MS_PER_DAY = 86400000
MIN_PER_DAY = 1440
MIN_PER_WEEK = 10080
PL_PER_NL = 1000
NL_PER_UL = 1000
NL_PER_ML = 1000000
NG_PER_UG = 1000

# Time is metered in quanta: a tick of any length is worth a whole number of them.
QUANTUM_MS = 100
QUANTA_PER_DAY = MS_PER_DAY // QUANTUM_MS

# The pump's own hard limits (reference hardware). Programs and libraries can only tighten them.
STEP_PL_NOMINAL = 98175
RESERVOIR_CAPACITY_NL = 20 * NL_PER_ML
THERAPY_MIN_NL_PER_DAY = 48000
THERAPY_MAX_NL_PER_DAY = 24 * NL_PER_ML
PRIMING_MAX_NL_PER_DAY = 60 * NL_PER_ML * 24
PRIMING_MAX_NL = 5 * NL_PER_ML
BOLUS_MAX_NL = 2 * NL_PER_ML
BOLUS_MIN_MS = 10 * MS_PER_S
BOLUS_MAX_MS = MS_PER_DAY
LOW_RESERVOIR_DEFAULT_NL = 2 * NL_PER_ML
LOW_RESERVOIR_MIN_NL = NL_PER_ML // 2
LOW_RESERVOIR_MAX_NL = RESERVOIR_CAPACITY_NL // 2
DOSE_MAX_NG_PER_DAY = 2003000  # product labelling: the upper end of maintenance doses
# What may go out in any 24 h with all boluses: a quarter above the largest daily dose.
DOSE_WINDOW_MAX_NG = DOSE_MAX_NG_PER_DAY * 5 // 4
DAY_MAX_NL = THERAPY_MAX_NL_PER_DAY + BOLUS_MAX_NL
# The drive takes so many microsteps at a time; no more fit into its word.
BURST_MAX_STEPS = 64
# The motor's largest rate, all that it does at once taken together.
PUMP_MAX_NL_PER_DAY = PRIMING_MAX_NL_PER_DAY
AUDIO_PAUSE_MAX_S = 600
CONCENTRATION_MAX_UG_PER_ML = 4000
FLEX_STEPS_PER_DAY_MAX = 48
PATIENT_BOLUSES_PER_DAY_MAX = 24
PATIENT_LOCKOUT_MIN_MIN = 5
PERIODIC_INTERVAL_MIN_MIN = 30
TEMPORARY_MAX_MS = 7 * MS_PER_DAY
START_DELAY_MAX_MS = 31 * MS_PER_DAY
STOP_REMINDER_DEFAULT_MIN = 30
STOP_REMINDER_MAX_MIN = 240
PLAN_STEPS_MAX = 60
PLAN_INCREASE_MAX_PERMILLE = 300  # product labelling: 10 to 30 % at most once in 24 h
BRIDGE_MAX_NL = 2 * NL_PER_ML
# Calibration further from nominal than this is a mistake, not a motor.
STEP_PL_TOLERANCE_PERCENT = 10
BACKLASH_MAX_STEPS = 64
EPOCH_MIN_MS = 1577836800000  # 2020-01-01: an earlier wall clock is a lost one
EPOCH_MAX_MS = 4102444800000  # 2100-01-01


def volume_nl(dose_ng: int, concentration_ug_per_ml: int) -> int:
    """Volume in nL that holds at most `dose_ng`; rounded down so that a dose is never exceeded."""
    return dose_ng * NL_PER_UL // concentration_ug_per_ml


def dose_ng(volume_nl: int, concentration_ug_per_ml: int) -> int:
    """Dose in ng in `volume_nl`, rounded down."""
    return volume_nl * concentration_ug_per_ml // NL_PER_UL


def volume_steps(volume_nl: int, step_pl: int) -> int:
    """Whole microsteps of `step_pl` in `volume_nl`."""
    return volume_nl * PL_PER_NL // step_pl


def steps_volume_nl(steps: int, step_pl: int) -> int:
    """Volume in nL of `steps` microsteps of `step_pl` each, rounded down."""
    return steps * step_pl // PL_PER_NL


def rate_nl_per_h(rate_nl_per_day: int) -> int:
    """Hourly rate for display, rounded down."""
    return rate_nl_per_day // 24


def dose_rate_ng_per_day(dose_ng: int, duration_min: int) -> int:
    """Daily dose rate that gives at most `dose_ng` within `duration_min`, rounded down."""
    return dose_ng * MIN_PER_DAY // duration_min


def bolus_rate_nl_per_day(volume_nl: int, duration_ms: int) -> int:
    """Rate of a bolus, rounded up: it is held against the largest rate allowed."""
    return -(-volume_nl * MS_PER_DAY // duration_ms)
