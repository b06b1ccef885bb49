"""The keys of a therapy file, declared once: the loader, the JSON Schema and the messages use this table."""

from dataclasses import dataclass

from infuser.wire import program as programs
from pumpctl.quantity import KINDS

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MODES = {name: mode for mode, name in programs.MODE_NAMES.items() if mode}
TEXT_MAX = 60
TEXT_PATTERN = r"^\S(.*\S)?$"
FROM_PATTERN = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
TO_PATTERN = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"

# Kinds of quantity that each kind of key takes. A rate may be given as dose or as volume over time.
QUANTITIES = {
    **{name: (kind,) for name, kind in KINDS.items()},
    "rate": (KINDS["dose_rate"], KINDS["flow"]),
}


@dataclass(frozen=True)
class Key:
    """One key: `kind` is a quantity of QUANTITIES, or text, mode, from, to, days."""

    kind: str
    required: bool
    about: str


TABLES: dict[str, dict[str, Key]] = {
    "patient": {
        "id": Key("text", True, "The patient's identity, compared before every bolus."),
    },
    "drug": {
        "name": Key("text", True, "The drug's name."),
        "concentration": Key("concentration", True, 'Drug per volume, for example "500ug/ml".'),
    },
    "infusion": {
        "mode": Key("mode", True, '"continuous": one rate; "flex": steps over the day.'),
        "dose": Key("dose_rate", False, 'Continuous only: dose per day, for example "100ug/d".'),
        "rate": Key("rate", False, 'Continuous only, instead of dose: "4ug/h" or "0.2ml/d".'),
        "minimum": Key("dose_rate", True, "The gentlest rate still safe; the pump falls back to it."),
    },
    "bolus": {
        "max": Key("dose", True, "Largest single clinician bolus."),
        "lockout": Key("duration", True, "Least time between two boluses."),
    },
    "reservoir": {
        "alarm_volume": Key("volume", True, "Volume left at which the low-reservoir alarm is raised."),
    },
    "limits": {
        "dose_max": Key("dose_rate", True, "Most that may be given in 24 hours, boluses included."),
    },
}
STEP: dict[str, Key] = {
    "from": Key("from", True, "Local time at which the step begins, HH:MM."),
    "to": Key("to", True, "Local time at which it ends, HH:MM; past midnight if not after `from`."),
    "days": Key("days", False, "Days on which the step begins; every day without it."),
    "dose": Key("dose", False, "Dose given evenly within the step."),
    "rate": Key("rate", False, "Dose or volume rate during the step, instead of dose."),
}
ABOUT = {
    "patient": "Whom the therapy is for.",
    "drug": "What is in the reservoir.",
    "infusion": "What is delivered over the day.",
    "bolus": "Clinician's boluses; none are allowed without this table.",
    "reservoir": "Reservoir settings; the alarm volume is 2 mL without this table.",
    "limits": "Limits of this therapy, within the pump's own.",
    "step": "One part of the day. All steps together cover the week without overlap or gap.",
}
REQUIRED_TABLES = ("patient", "drug", "infusion")
