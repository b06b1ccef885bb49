"""`stop`, `resume` and the runs off the patient at the command line: what is asked, sent and said."""

from typing import Any

import pytest
from desk import declined, document, sent, typed
from wirepeer import EMPTY_STATUS, Peer, answering

from infuser.wire import messages, states, units
from pumpctl import errors
from pumpctl.cli import main

pytestmark = pytest.mark.usefixtures("home")

NOW_MS = 1_796_103_000_000  # an hour and a half before 2026-12-01T08:00+01:00
STATUS = {
    **EMPTY_STATUS, "time_ms": NOW_MS, "time_valid": True, "utc_offset_min": 60, "patient": "BENCH-001",
    "program_dose_ng_per_day": 100_000, "reservoir_nl": 12_000_000,
}  # fmt: skip


def pump(**changed: Any) -> Peer:
    """A pump that grants everything; `changed` replaces fields of its status."""
    told = {**STATUS, **changed}
    return Peer({
        messages.STATUS: lambda request: told,
        messages.STOP: lambda request: {"state": states.SUSPENDED, "start_in_ms": request["resume_after_ms"]},
        messages.RESUME: lambda request: {
            "state": states.SUSPENDED if request["delay_ms"] else states.INFUSING, "rate_nl_per_day": 200_000,
            "start_in_ms": request["delay_ms"],
        },
        messages.PRIME: lambda request: {"volume_nl": request["volume_nl"], "ends_ms": NOW_MS + request["duration_ms"]},
    })  # fmt: skip


# Stop


def test_a_stop_asks_nothing_and_warns_of_withdrawal(capsys: pytest.CaptureFixture[str]) -> None:
    with pump() as peer:
        typed(peer, "stop")
        assert sent(peer, messages.STOP)["resume_after_ms"] == sent(peer, messages.STOP)["remind_min"] == 0
    assert "Withdrawal is a hazard too" in capsys.readouterr().out


def test_a_stop_for_a_time_asks_nothing_and_says_when_therapy_resumes(capsys: pytest.CaptureFixture[str]) -> None:
    with pump() as peer:
        typed(peer, "stop", "--for", "30min", "--remind", "15min")
        request = sent(peer, messages.STOP)
    assert (request["resume_after_ms"], request["remind_min"]) == (30 * units.MS_PER_MIN, 15)
    assert "Therapy resumes by itself in 30 min." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "allowed"),
    [
        (["--remind", "0min"], "1 min to 4 h in whole minutes"),
        (["--remind", "90s"], "1 min to 4 h in whole minutes"),
        (["--remind", "241min"], "1 min to 4 h in whole minutes"),
        (["--for", "0s"], "1 s to 1 d"),
        (["--for", "25h"], "1 s to 1 d"),
    ],
)
def test_a_time_that_the_pump_cannot_keep_is_refused_with_the_range_and_nothing_is_stopped(
    words: list[str], allowed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pump() as peer:
        typed(peer, "stop", *words, code=errors.USAGE)
        assert peer.seen == []
    told = capsys.readouterr().err
    assert f"allowed {allowed}; nothing was stopped" in told


# Resume


def test_a_plain_resume_asks_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with pump() as peer:
        typed(peer, "resume", "--json")
        assert sent(peer, messages.RESUME)["delay_ms"] == 0
    told = document(capsys)
    assert (told["state"], told["rate_nl_per_day"], told["start_in_ms"]) == ("infusing", 200_000, 0)
    assert {"name": "dose per day", "now": "0 ug/d", "new": "100 ug/d", "highlighted": True} in told["changes"]


def test_a_delayed_start_names_patient_dose_and_delay() -> None:
    with pump() as peer:
        assert "Start 100 ug/d for BENCH-001 by itself in 2 h?" in declined(peer, "resume", "--in", "2h")
        assert peer.ids_of(messages.RESUME) == []


@pytest.mark.parametrize("moment", ["2026-12-01T08:00", "2026-12-01T08:00+01:00", "2026-12-01T07:00Z"])
def test_a_start_at_a_time_follows_the_pumps_clock_and_zone(moment: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pump() as peer:
        typed(peer, "--yes", "resume", "--at", moment)
        assert sent(peer, messages.RESUME)["delay_ms"] == 90 * units.MS_PER_MIN
    assert "Therapy starts by itself in 1 h 30 min" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changed", "words", "said"),
    [
        ({}, ["--at", "2026-11-30T08:00"], "2026-11-30T08:00 is past: the pump's clock says 2026-12-0"),
        ({"time_valid": False}, ["--at", "2026-12-01T08:00"], "pumpctl clock set"),
        ({}, ["--at", "tomorrow"], "not an ISO 8601 time"),
        ({}, ["--at", "2026-12-01T08:00", "--in", "2h"], "--in and --at are both given"),
    ],
)
def test_a_start_that_cannot_be_is_refused_with_what_can(
    changed: dict[str, Any], words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pump(**changed) as peer:
        typed(peer, "--yes", "resume", *words, code=errors.USAGE)
        assert peer.ids_of(messages.RESUME) == []
    assert said in capsys.readouterr().err


# Off the patient


@pytest.mark.case("UC9")
def test_priming_by_the_catheter_shows_how_its_volume_was_computed() -> None:
    path = ("--catheter-length", "60cm", "--lumen", "2.2ul/cm", "--dead-space", "0.26ml")
    with pump() as peer:
        asked = declined(peer, "prime", *path)
        assert "Prime 392 uL (catheter 132 uL, dead space 260 uL) over 1 min 57 s" in asked
        assert "is the line off the patient?" in asked
        assert peer.ids_of(messages.PRIME) == []
        typed(peer, "--yes", "prime", *path)
        request = sent(peer, messages.PRIME)
    assert (request["purpose"], request["volume_nl"]) == (states.PRIMING_CATHETER, 392_000)


@pytest.mark.case("UC8")
def test_a_flush_and_a_drain_ask_whether_the_line_is_off_the_patient(capsys: pytest.CaptureFixture[str]) -> None:
    with pump() as peer:
        assert "Flush with 1 mL over 5 min on the pump of BENCH-001; is the line off the patient?" in declined(
            peer, "flush", "1ml"
        )
        asked = declined(peer, "drain")
        assert "Drain the reservoir, 12 mL by the pump's reckoning, over 1 h on the pump of BENCH-001; is" in asked
        typed(peer, "--yes", "--json", "drain")
        assert sent(peer, messages.PRIME)["purpose"] == states.DRAINING
    assert document(capsys)["purpose"] == "drain"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["prime"], "VOLUME missing"),
        (["prime", "--lumen", "2.2ul/cm"], "--catheter-length missing"),
        (["prime", "--dead-space", "0.2ml"], "--catheter-length and --lumen missing"),
        (["prime", "200ul", "--catheter-length", "60cm", "--lumen", "2.2ul/cm"], "both given"),
        (["prime", "--catheter-length", "60", "--lumen", "2.2ul/cm"], "allowed units for a length: mm, cm, m"),
        (["prime", "--catheter-length", "60cm", "--lumen", "2.2ul"], "allowed units for a volume per length"),
        (["flush"], "Missing argument 'VOLUME'"),
    ],
)
def test_a_path_told_by_halves_is_refused_with_an_example(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(words) == errors.USAGE
    assert said in capsys.readouterr().err


def test_a_start_armed_by_the_program_itself_is_told_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    with pump() as peer:
        peer.handlers[messages.RESUME] = answering(messages.RESUME, state=states.IDLE, start_in_ms=units.MS_PER_H)
        typed(peer, "resume")
    told = capsys.readouterr().out
    assert "State: idle. Therapy starts by itself in 1 h; `pumpctl stop` prevents it." in told
