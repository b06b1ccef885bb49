"""Words that the sentences on records share: who, which, and names of numbers that may be of a later firmware."""

from typing import Any

from infuser.wire import alarms, states
from pumpctl.report_text import dose, millilitres, scaled, volume

Fields = dict[str, Any]

_MV_PER_V = 1000
_MC_PER_C = 1000
_PA_PER_KPA = 1000
# Alarms whose detail is a reading: what of, which end of it is the worst, how it is written.
SUPPLY = (alarms.BATTERY_LOW, alarms.BATTERY_EMPTY, alarms.SUPPLY_LOST)
_REST = (alarms.RESERVOIR_LOW, alarms.RESERVOIR_EMPTY)
_MICROSTEPS = (alarms.STALL, alarms.UNDER_DELIVERY, alarms.OVER_DELIVERY)
_PRESSURE = (alarms.OCCLUSION_DOWNSTREAM, alarms.OCCLUSION_UPSTREAM)


def by(fields: Fields) -> str:
    """Who did it, where that is told."""
    return f" by {fields['operator']}" if fields["operator"] else ""


def name(names: tuple[str, ...], at: int) -> str:
    """The name of a number, or the number."""
    return names[at] if at < len(names) else f"no. {at}"


def reason(fields: Fields) -> str:
    """Why, in brackets; nothing for what came to its end by itself."""
    return f" ({name(states.REASON_NAMES, fields['reason'])})" if fields["reason"] else ""


def bucket(fields: Fields) -> str:
    """What kind of delivery, in words: `clinician bolus`."""
    return name(states.BUCKET_NAMES, fields["bucket"]).replace("-", " ")


def amount(fields: Fields) -> str:
    """A dose with its volume, or the volume alone where no dose is told."""
    if not fields["dose_ng"]:
        return volume(fields["volume_nl"])
    return f"{dose(fields['dose_ng'])} ({volume(fields['volume_nl'])})"


def alarm_detail(alarm: int, value: int) -> str:
    """An alarm's detail with its unit where it is a reading; empty for none."""
    if alarm in SUPPLY:
        return f"{scaled(value, _MV_PER_V, 2)}\u00a0V"
    if alarm == alarms.OVERHEAT:
        return f"{scaled(value, _MC_PER_C, 1)}\u00a0°C"
    if alarm in _PRESSURE:
        return f"{scaled(value, _PA_PER_KPA, 1)}\u00a0kPa"
    if alarm in _REST:
        return millilitres(value)
    if alarm in _MICROSTEPS:
        return f"{scaled(value, 1, 0)}\u00a0steps"
    return scaled(value, 1, 0) if value else ""
