"""A therapy with another drug at the command line: its bridge is shown and sent, or declared not needed."""

import json
from typing import Any

import pytest
from desk import declined, sent, typed
from wirepeer import Peer, programmable

from infuser.wire import messages
from pumpctl import bridge, errors, program
from pumpctl.cli import main

pytestmark = pytest.mark.usefixtures("home")

EXAMPLE = str(program.example())
NEW = program.load(program.example())
OLD = {**NEW, "concentration_ug_per_ml": 2000}
RATE = 50_000  # 100 ug/d of 2000 ug/mL
SEND = ("program", "send", EXAMPLE)


def pump(old: dict[str, Any] | None = OLD) -> Peer:
    """A pump with the program `old` that takes the example."""
    return Peer(programmable(NEW, old=old, bridge_nl_per_day=RATE))


def test_the_comparison_shows_volume_rate_dose_and_duration_of_the_bridge(capsys: pytest.CaptureFixture[str]) -> None:
    with pump() as peer:
        typed(peer, "--yes", "--json", *SEND, "--bridge", "0.3ml")
        assert sent(peer, messages.PROGRAM_COMMIT)["bridge_nl"] == 300_000
    told = capsys.readouterr()
    rows = [" ".join(line.split()) for line in told.err.splitlines()]
    for row in (
        "bridge volume - 300 uL of baclofen new", "bridge rate - 50 uL/d new", "bridge dose - 100 ug/d, 600 ug new",
        "bridge lasts - 6 d new",
    ):  # fmt: skip
        assert row in rows
    document = json.loads(told.out)["bridge"]
    assert (document["volume_nl"], document["duration_ms"], document["dose_ng"]) == (300_000, 6 * 86_400_000, 600_000)


def test_the_bridge_is_computed_from_the_catheter() -> None:
    path = ("--catheter-length", "60cm", "--lumen", "2.2ul/cm", "--dead-space", "0.26ml")
    with pump() as peer:
        typed(peer, "--yes", *SEND, *path)
        assert sent(peer, messages.PROGRAM_COMMIT)["bridge_nl"] == 392_000


def test_the_question_names_the_bridge_before_the_dose_is_confirmed() -> None:
    with pump() as peer:
        asked = declined(peer, *SEND, "--bridge", "0.3ml")
        assert "for BENCH-001, after a bridge of 300 uL of baclofen 2000 ug/mL at 100 ug/d over 6 d?" in asked
        assert peer.ids_of(messages.PROGRAM_COMMIT) == []


def test_another_concentration_without_a_bridge_is_not_sent_on_a_mere_yes(capsys: pytest.CaptureFixture[str]) -> None:
    with pump() as peer:
        typed(peer, "--yes", *SEND, code=errors.USAGE)
        assert peer.ids_of(messages.PROGRAM_COMMIT) == []
        told = capsys.readouterr().err
        assert "changes from baclofen 2000 ug/mL to baclofen 500 ug/mL" in told and "--no-bridge" in told
        typed(peer, "--yes", *SEND, "--no-bridge")
        assert sent(peer, messages.PROGRAM_COMMIT)["bridge_nl"] == 0


def test_at_a_terminal_a_person_is_asked_whether_the_path_was_flushed() -> None:
    with pump() as peer:
        assert "was the path flushed with the new drug?" in declined(peer, *SEND)
        assert peer.ids_of(messages.PROGRAM_COMMIT) == []


@pytest.mark.parametrize("old", [None, NEW])
def test_a_bridge_where_the_drug_stays_the_same_is_refused(
    old: dict[str, Any] | None, capsys: pytest.CaptureFixture[str]
) -> None:
    with pump(old) as peer:
        typed(peer, "--yes", *SEND, "--bridge", "0.3ml", code=errors.USAGE)
        assert peer.ids_of(messages.PROGRAM_STAGE) == []
        assert "there is nothing to bridge" in capsys.readouterr().err
        typed(peer, "--yes", *SEND)


def test_a_bridge_told_in_two_ways_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run([*SEND, "--no-bridge", "--bridge", "0.3ml"]) == errors.USAGE
    assert main.run([*SEND, "--bridge", "1ml", "--catheter-length", "6cm", "--lumen", "2ul/cm"]) == errors.USAGE
    assert capsys.readouterr().err.count("both given") == 2


def test_another_drug_of_the_same_concentration_is_another_drug() -> None:
    assert bridge.changes_drug({**NEW, "drug": "morphine"}, NEW)
    assert not bridge.changes_drug({**NEW, "patient": "OTHER"}, NEW)
