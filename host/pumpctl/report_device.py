"""Sentences on the drug library, on soft limits overridden and on alarms that nobody answers."""

from infuser.wire import alarms
from infuser.wire.program import digest_text
from pumpctl.report_words import Fields, by

# What stands of a digest in a sentence; the whole of it is in the log.
_DIGEST_SHOWN = 16


def _digest(fields: Fields) -> str:
    return digest_text(fields["digest"])[:_DIGEST_SHOWN]


def library(fields: Fields) -> str:
    """A drug library came into force."""
    what = f"{fields['library']}, version {fields['version']} (digest {_digest(fields)})"
    return f"A drug library was taken into use{by(fields)}: {what}."


def trust(fields: Fields) -> str:
    """The key with which libraries must be signed."""
    return f"The key that signs drug libraries was set{by(fields)} (digest {_digest(fields)})."


def override(fields: Fields) -> str:
    """A soft limit that a person has overridden."""
    return f"A soft limit was overridden{by(fields)}: {fields['text']}."


def escalated(fields: Fields) -> str:
    """An alarm that nobody has answered is signalled more urgently."""
    which = alarms.name(fields["alarm"]) if fields["alarm"] in alarms.ALARMS else f"alarm {fields['alarm']}"
    priority = alarms.PRIORITY_NAMES.get(fields["priority"], "?")
    return f"Nobody answered {which}: it is signalled with priority {priority} now."
