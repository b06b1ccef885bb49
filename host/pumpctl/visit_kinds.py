"""The kinds of visits by their names, and what belongs to all of them."""

from collections.abc import Sequence

from pumpctl.visit_adjust import ADJUST
from pumpctl.visit_implant import CHANGE_DRUG, IMPLANT
from pumpctl.visit_refill import REFILL
from pumpctl.visit_room import Question, Step

KINDS: dict[str, Sequence[Step]] = {"refill": REFILL, "implant": IMPLANT, "adjust": ADJUST, "change-drug": CHANGE_DRUG}


def questions(kind: str) -> list[Question]:
    """Every question of a kind of visit, in order."""
    return [question for step in KINDS[kind] for question in step.questions]
