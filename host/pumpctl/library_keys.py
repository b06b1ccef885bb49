"""The keys of a drug library's file, declared once: reader, writer, template and tables use them."""

from collections.abc import Callable
from dataclasses import dataclass

from infuser.wire import units
from pumpctl import quantity
from pumpctl.quantity import KINDS, Kind


@dataclass(frozen=True)
class Key:
    """A key of an [[entry]]: the wire's field, the kind of its value, and what it is for.

    `kind` is a quantity, "text", "flag" or "count"; one with `scale` is stored in units of so many of the quantity's.
    """

    field: str
    kind: Kind | str
    about: str
    scale: int = 1


_DOSE, _RATE, _TIME, _SHARE = KINDS["dose"], KINDS["dose_rate"], KINDS["duration"], KINDS["share"]

ENTRY: dict[str, Key] = {
    "drug": Key("drug", "text", "Name as therapy files give it."),
    "concentration": Key("concentration_ug_per_ml", KINDS["concentration"], "An entry holds for this one only."),
    "screening_only": Key("screening_only", "flag", "For screening boluses, not for chronic infusion."),
    "needs_screening": Key("needs_screening", "flag", "Chronic infusion only after a positive screening response."),
    "age_min": Key("age_min_years", "count", "Least age in years, a number without a unit."),
    "soft_low": Key("soft_low_ng_per_day", _RATE, "Usual daily dose, from: less needs a confirmation."),
    "soft_high": Key("soft_high_ng_per_day", _RATE, "Usual daily dose, up to: more needs a confirmation."),
    "hard_high": Key("hard_high_ng_per_day", _RATE, "Most a day; the pump refuses more."),
    "bolus_soft": Key("bolus_soft_ng", _DOSE, "Usual bolus, up to: more needs a confirmation."),
    "bolus_hard": Key("bolus_hard_ng", _DOSE, "Largest bolus; the pump refuses more."),
    "bolus_lockout": Key("bolus_lockout_min", _TIME, "Least lock-out after a clinician's bolus.", units.MS_PER_MIN),
    "patient_bolus_hard": Key("patient_bolus_hard_ng", _DOSE, "Largest bolus of the patient's button."),
    "patient_lockout": Key("patient_lockout_min", _TIME, "Least lock-out after a patient's bolus.", units.MS_PER_MIN),
    "window_1h": Key("window_1h_ng", _DOSE, "Most in any hour, boluses included."),
    "window_4h": Key("window_4h_ng", _DOSE, "Most in any 4 hours, boluses included."),
    "window_24h": Key("window_24h_ng", _DOSE, "Most in any 24 hours, boluses included."),
    "increase_spinal": Key("increase_spinal_permille", _SHARE, "Usual increase in 24 h, adults, spinal origin."),
    "increase_cerebral": Key("increase_cerebral_permille", _SHARE, "The same, cerebral origin."),
    "increase_child": Key("increase_child_permille", _SHARE, "The same, under 18 years."),
}
REQUIRED = ("drug", "concentration")
# Of the library itself: text, but the version, which is a number, and the day of issue.
HEAD = {
    "name": "What the library is called.",
    "version": "A whole number; a pump takes only a newer one than it has.",
    "issued": "Day of issue, YYYY-MM-DD.",
    "source": "Where the figures come from.",
}
PATHS = {key.field: name for name, key in ENTRY.items()}

_FORMS: dict[str, Callable[[int], str]] = {
    _DOSE.what: lambda ng: f"{quantity.decimal(ng, units.NG_PER_UG, 3)}ug",
    _RATE.what: lambda ng: f"{quantity.decimal(ng, units.NG_PER_UG, 3)}ug/d",
    KINDS["concentration"].what: lambda ug: f"{ug}ug/ml",
    _TIME.what: lambda ms: f"{ms // units.MS_PER_MIN}min",
    _SHARE.what: lambda permille: f"{quantity.decimal(permille, 10, 1)}%",
}


def written(key: Key, value: int) -> str:
    """A quantity of the wire's field as the file has it, exactly."""
    assert isinstance(key.kind, Kind)
    return _FORMS[key.kind.what](value * key.scale)
