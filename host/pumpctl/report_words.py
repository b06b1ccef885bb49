"""Words that the sentences on records share: who, which, and names of numbers that may be of a later firmware."""

from typing import Any

from infuser.wire import states
from pumpctl.report_text import dose, volume

Fields = dict[str, Any]


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
