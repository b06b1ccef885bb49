"""Which of the last commands were begun or carried out, so that none is carried out twice.

A refusal leaves nothing here, and what anybody may order is kept apart: sent without end, neither makes the pump forget
a command that needed a role. An entry is {"request_id", "error"}.
"""

from infuser.wire import errors, messages

KEPT = 16
ANYBODYS_KEPT = 4


def take(outcomes: list, anybodys: list, fields: dict) -> None:
    """A record of a command: begun, carried out or refused."""
    error = fields["error"]
    if error in errors.UNPROVEN:
        return  # the request id may be another's
    told = messages.MESSAGES.get(fields["command"])
    for_anybody = told and not told[1] & (messages.CLINICIAN | messages.SERVICE)
    kept = anybodys if for_anybody else outcomes
    for entry in kept:
        if entry["request_id"] == fields["request_id"]:
            entry["error"] = error
            break
    else:
        entry = {"request_id": fields["request_id"], "error": error}
        kept.append(entry)
    if error not in (errors.OK, errors.BEGUN):
        kept.remove(entry)
    # One that is only begun may still be refused: it pushes nothing out yet.
    most = ANYBODYS_KEPT if for_anybody else KEPT
    del kept[: -most - (1 if error == errors.BEGUN else 0)]


def find(kept: list, request_id: int) -> int | None:
    """errors.OK or BEGUN, None if the command is not known: refused, or never heard."""
    for entry in kept:
        if entry["request_id"] == request_id:
            return entry["error"]
    return None
