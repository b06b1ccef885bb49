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
