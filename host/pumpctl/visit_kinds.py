"""The kinds of visits by their names, and what belongs to all of them."""

from collections.abc import Sequence

from pumpctl.visit import Question, Step
from pumpctl.visit_refill import REFILL

KINDS: dict[str, Sequence[Step]] = {"refill": REFILL}


def questions(kind: str) -> list[Question]:
    """Every question of a kind of visit, in order."""
    return [question for step in KINDS[kind] for question in step.questions]
