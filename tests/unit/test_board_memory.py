"""What the firmware's declarations cost on a board: its memory is small, and they stay in it all the time."""

import ast
from pathlib import Path
from typing import Any

import pytest
from tree import FIRMWARE

from infuser.core import snapshot
from infuser.wire import alarms, codec, errors, library, messages, program, records, replies
from pumpctl import alarm_texts, error_texts

BLOCK = 16  # the board's heap is given out in pieces of so many bytes
TUPLE_HEAD, STRING_HEAD = 8, 16
ENTRY = 8  # of a dict
NAME_MAX = 10  # a string up to this length is kept as a name, one for the whole program
# Table -> bytes on the board at the most: about a tenth more than it takes. As tuples they took four times as much.
LIMITS: list[tuple[str, Any, int]] = [
    ("messages", messages.MESSAGES, 7400),
    ("records", records.RECORDS, 3800),
    ("checkpoint", records.CHECKPOINT_FIELDS, 400),
    ("status", replies.STATUS_FIELDS, 1430),
    ("program", program.PROGRAM_FIELDS, 720),
    ("library", library.LIBRARY_FIELDS, 560),
    ("snapshot", snapshot.FIELDS, 1400),
    ("alarms", alarms.ALARMS, 2200),
]


def cost(value: object) -> int:
    """Bytes that a constant takes on the board."""
    if isinstance(value, str):
        return 0 if len(value) <= NAME_MAX else STRING_HEAD + blocks(len(value.encode()) + 1)
    if isinstance(value, tuple):
        return blocks(TUPLE_HEAD + 4 * len(value)) + sum(cost(one) for one in value)
    if isinstance(value, dict):
        return blocks(ENTRY * len(value)) + sum(cost(one) for one in value.values())
    return 0


def blocks(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


@pytest.mark.parametrize(("name", "table", "limit"), LIMITS, ids=[name for name, _, _ in LIMITS])
def test_a_declared_table_takes_little_of_a_boards_memory(name: str, table: Any, limit: int) -> None:
    assert cost(table) <= limit, f"{name} takes {cost(table)} bytes"


def test_every_error_and_every_alarm_has_its_sentences_on_the_host() -> None:
    assert list(error_texts.ERRORS) == errors.codes()
    for alarm in alarms.ALARMS:
        assert alarm_texts.text(alarm) and alarm_texts.remedy(alarm)


def test_an_errors_name_is_that_of_its_constant_and_an_unknown_code_is_its_own() -> None:
    assert (errors.name(errors.OUT_OF_RANGE), errors.name(errors.OK), errors.name(999)) == ("out-of-range", "ok", "999")


def test_a_declaration_is_read_as_it_is_written() -> None:
    read = codec.fields("state:u8 hour_list:(steps:u32,held:bool) patient:text")
    assert read == (("state", "u8"), ("hour_list", (("steps", "u32"), ("held", "bool"))), ("patient", "text"))
    assert (codec.fields(""), codec.fields(read)) == ((), read)


def application() -> list[Path]:
    return [*sorted(FIRMWARE.glob("infuser/**/*.py")), FIRMWARE / "main.py"]


@pytest.mark.parametrize("path", application(), ids=lambda path: path.relative_to(FIRMWARE).as_posix())
def test_nothing_depends_on_what_the_compiler_leaves_out_on_a_board(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        assert not isinstance(node, ast.Assert)
        assert not (isinstance(node, ast.Name) and node.id == "__debug__")
