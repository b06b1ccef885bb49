"""Sentences on the records that tell who signed in, and of new keys."""

from pumpctl.report_text import plural
from pumpctl.report_words import Fields, by
from pumpctl.status_parts import role_name


def sign_in(fields: Fields) -> str:
    """An attempt to sign in, and how many have failed in a row."""
    role = role_name(fields["role"])
    if fields["accepted"]:
        return f"Signed in as {role}{by(fields)}."
    asked = f" as {role}" if fields["role"] else ""
    return f"An attempt to sign in{asked}{by(fields)} failed; {plural(fields['failures'], 'failure')} in a row."


def keys(fields: Fields) -> str:
    """Both keys were replaced."""
    return f"The pump got new keys{by(fields)}, digest {fields['digest'].hex()[:16]}."


def prescriber(fields: Fields) -> str:
    """Whose signature programs may or must bear."""
    whose = f"key {fields['digest'].hex()[:16]}" if fields["digest"] else "no key"
    needed = "only signed programs are taken" if fields["required"] else "unsigned programs are taken too"
    return f"Programs are signed with {whose}{by(fields)}; {needed}."


def prescription(fields: Fields) -> str:
    """The program that follows is the prescriber's."""
    program, key = (fields[name].hex()[:16] for name in ("program", "key"))
    return f"The program with the digest {program} carries the prescriber's signature (key {key})."
