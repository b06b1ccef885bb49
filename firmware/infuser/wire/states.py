"""Names of the pump's states, of what can stop it and of the accounting buckets."""

SELF_TEST = 0
IDLE = 1
PRIMING = 2
INFUSING = 3
BOLUS = 4
MINIMUM_RATE = 5
SUSPENDED = 6
REFILL = 7
ALARM_STOPPED = 8
SERVICE = 9
STATE_NAMES = (
    "self-test",
    "idle",
    "priming",
    "infusing",
    "bolus",
    "minimum-rate",
    "suspended",
    "refill",
    "alarm-stopped",
    "service",
)
DELIVERING = (PRIMING, INFUSING, BOLUS, MINIMUM_RATE)
# Therapy as programmed: what boluses and changes of the dose go with.
THERAPY = (INFUSING, BOLUS)

# Accounting buckets: every microstep belongs to one of them.
BASAL = 0
PATIENT_BOLUS = 1
CLINICIAN_BOLUS = 2
PERIODIC_BOLUS = 3
PRIME = 4
BUCKET_NAMES = ("basal", "patient-bolus", "clinician-bolus", "periodic-bolus", "priming")
BUCKETS = 5

# What is run off the patient, counted as priming and never as therapy.
PRIMING_CATHETER = 0
FLUSHING = 1
DRAINING = 2
PURPOSE_NAMES = ("prime", "flush", "drain")

# What a person asks of a titration plan or a taper.
PLAN_HOLD = 1
PLAN_GO_ON = 2
PLAN_CUT_BACK = 3
PLAN_ACTION_NAMES = {PLAN_HOLD: "hold", PLAN_GO_ON: "go-on", PLAN_CUT_BACK: "cut-back"}

# Why a bolus ended, or the motor stopped.
DONE = 0
BY_COMMAND = 1
BY_BUTTON = 2
BY_ALARM = 3
BY_POWER = 4
BY_REFILL = 5
BY_PROGRAM = 6
BY_TIMER = 7
BY_PLAN = 8
BY_PATIENT = 9
REASON_NAMES = (
    "done",
    "command",
    "stop-button",
    "alarm",
    "power-loss",
    "refill",
    "program-change",
    "timer",
    "plan",
    "patient-button",
)
