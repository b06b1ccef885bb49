"""The keys of a therapy file, declared once: the loader, the JSON Schema and the messages use this table."""

from dataclasses import dataclass

from infuser.wire import program as programs
from pumpctl.quantity import KINDS

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MODES = {name: mode for mode, name in programs.MODE_NAMES.items() if mode}
INDICATIONS = {"spinal": programs.SPINAL, "cerebral": programs.CEREBRAL}
RESPONSES = {
    "negative": programs.NEGATIVE,
    "positive": programs.POSITIVE,
    "positive over 8 h": programs.POSITIVE_OVER_8H,
}
# Kinds of key whose values are words, and those whose values are lists of words.
CHOICES = {"mode": MODES, "indication": INDICATIONS, "response": RESPONSES}
LISTS = {
    "days": DAYS,
    "contraindications": programs.CONTRAINDICATION_NAMES,
    "cautions": programs.CAUTION_NAMES,
}
# Lists that may be empty: "none of them" is an answer too.
MAY_BE_EMPTY = ("contraindications", "cautions")
TEXT_MAX = 60
TEXT_PATTERN = r"^\S(.*\S)?$"
FROM_PATTERN = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
TO_PATTERN = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"
# A local time of the place, or a date alone; which dates there are in a month is the second pass's affair.
LOCAL_PATTERN = "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([T ]([01][0-9]|2[0-3]):[0-5][0-9])?$"

# Kinds of quantity that each kind of key takes. A rate may be given as dose or as volume over time.
QUANTITIES = {
    **{name: (kind,) for name, kind in KINDS.items()},
    "rate": (KINDS["dose_rate"], KINDS["flow"]),
}


@dataclass(frozen=True)
class Key:
    """One key: `kind` is one of QUANTITIES, CHOICES or LISTS, or text, from, to, local, count."""

    kind: str
    required: bool
    about: str


TABLES: dict[str, dict[str, Key]] = {
    "patient": {
        "id": Key("text", True, "The patient's identity, compared before every bolus."),
        "age": Key("age", False, 'Age in whole years, for example "54y".'),
        "weight": Key("weight", False, 'Body weight, for example "72.5kg".'),
        "indication": Key("indication", False, '"spinal" or "cerebral": where the spasticity comes from.'),
        "contraindications": Key("contraindications", False, "What forbids the therapy; the pump then refuses it."),
        "cautions": Key("cautions", False, "What calls for care; each is confirmed when the therapy is sent."),
    },
    "screening": {
        "dose": Key("dose", True, 'Screening dose that the response is about, for example "50ug".'),
        "response": Key("response", True, 'Response to it: "negative", "positive" or "positive over 8 h".'),
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
    "patient_bolus": {
        "dose": Key("dose", True, "Dose that one press of the patient's button gives, on top of the basal rate."),
        "duration": Key("duration", True, "Time over which it is given, whole minutes."),
        "lockout": Key("duration", True, "Least time between the starts of two of them, whole minutes."),
        "per_day": Key("count", True, "Most of them in any 24 hours, a number without a unit."),
    },
    "periodic_bolus": {
        "dose": Key("dose", True, "Dose of each bolus, on top of the basal rate."),
        "duration": Key("duration", True, "Time over which it is given, whole minutes."),
        "every": Key("duration", True, "Time from the start of one to the start of the next, whole minutes."),
    },
    "start": {
        "at": Key("local", True, 'Local time before which therapy does not start, for example "2026-12-01T08:00".'),
    },
    "plan": {
        "increase_max": Key("share", False, 'Most that one step adds to the dose in force, for example "15%".'),
    },
    "reservoir": {
        "alarm_volume": Key("volume", True, "Volume left at which the low-reservoir alarm is raised."),
    },
    "limits": {
        "dose_max_1h": Key("dose", False, "Most that may be given in any hour, boluses included."),
        "dose_max_4h": Key("dose", False, "Most that may be given in any 4 hours, boluses included."),
        "dose_max": Key("dose_rate", False, "Most that may be given in any 24 hours, boluses included."),
    },
}
INFUSION_STEP: dict[str, Key] = {
    "from": Key("from", True, "Local time at which the step begins, HH:MM."),
    "to": Key("to", True, "Local time at which it ends, HH:MM; past midnight if not after `from`."),
    "days": Key("days", False, "Days on which the step begins; every day without it."),
    "dose": Key("dose", False, "Dose given evenly within the step."),
    "rate": Key("rate", False, "Dose or volume rate during the step, instead of dose."),
}
PLAN_STEP: dict[str, Key] = {
    "at": Key("local", True, "Local time from which the dose holds; a date alone means 08:00."),
    "dose": Key("dose_rate", True, 'Mean daily dose from then on; "0ug/d" ends the therapy.'),
}
# Tables with [[table.step]] tables in them.
STEPS = {"infusion": INFUSION_STEP, "plan": PLAN_STEP}
ABOUT = {
    "patient": "Whom the therapy is for.",
    "screening": "The screening before the pump; a chronic infusion follows only a positive response.",
    "drug": "What is in the reservoir.",
    "infusion": "What is delivered over the day.",
    "bolus": "Clinician's boluses; none are allowed without this table.",
    "patient_bolus": "What the patient's button gives; nothing without this table.",
    "periodic_bolus": "Boluses that the pump gives by itself, in elapsed time, the first one interval after the start.",
    "start": "Delayed start; without this table therapy starts when it is resumed.",
    "plan": "Doses from given days on: rising (titration) or falling (taper). A flex day is scaled to them.",
    "reservoir": "Reservoir settings; the alarm volume is 2 mL without this table.",
    "limits": "Limits of this therapy, within the pump's own.",
    "infusion.step": "One part of the day. All steps together cover the week without overlap or gap.",
    "plan.step": "One dose of the plan and the time from which it holds.",
}
REQUIRED_TABLES = ("patient", "drug", "infusion")
# Tables of which every key may be left out, but not all of them.
NOT_EMPTY = ("limits",)
