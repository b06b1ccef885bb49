"""PROTOCOL.md says what the declarations say."""

import re

import pytest
from tree import FIRMWARE

from infuser.wire import alarms, frame, messages, records
from pumpctl import docs, error_texts

PAGE = (FIRMWARE / "PROTOCOL.md").read_text(encoding="utf-8")


def test_the_page_is_up_to_date() -> None:
    assert docs.protocol(PAGE) == PAGE, "run `make docs`"


def test_every_table_has_its_place() -> None:
    assert set(re.findall(r"<!-- generated: (\S+) -->", PAGE)) == set(docs.BLOCKS)


@pytest.mark.parametrize("table", [messages.MESSAGES, error_texts.ERRORS, alarms.ALARMS, records.RECORDS])
def test_every_declaration_is_on_the_page(table: dict) -> None:
    for number, (name, *_) in table.items():
        assert f"| {number} | {name} |" in PAGE


def test_the_example_is_a_frame_that_decodes_to_what_it_says() -> None:
    found = re.search(r"^frame +([0-9a-f ]+)$", PAGE, re.MULTILINE)
    assert found is not None
    [payload] = frame.Deframer().feed(bytes.fromhex(found[1]))
    assert messages.decode_head(payload) == (messages.REQUEST, messages.STOP, 0x0102030405060708)
    assert messages.decode_request(payload) == docs.EXAMPLE


def test_a_stale_table_is_written_anew() -> None:
    stale = PAGE.replace("| 12 | stop |", "| 12 | halt |")
    assert stale != PAGE
    assert docs.protocol(stale) == PAGE
