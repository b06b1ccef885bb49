"""Old and new beside each other: percent for each number, what is marked, and a question that wants the dose."""

from pathlib import Path
from typing import Any

import pytest
from desk import asked, document, typed
from hypothesis import given
from hypothesis import strategies as st
from wirepeer import EMPTY_STATUS, Peer, answering, programmable

from infuser.wire import messages, states
from infuser.wire import program as programs
from pumpctl import errors, program, program_changes
from pumpctl.comparison import Change, Number

pytestmark = pytest.mark.usefixtures("home")
EXAMPLES = Path(program.example()).parent
FLEX = program.load(program.example("flex-280ug-evening"))
PATIENT = program.load(program.example("patient-bolus-10ug"))
STEADY = program.load(program.example())
BOLUS = ("bolus", "25ug", "--over", "10min", "--patient", "BENCH-001")


def rows(old: dict[str, Any] | None, new: dict[str, Any] | None) -> dict[str, tuple[str, ...]]:
    """Name -> (now, new, change) of what changes."""
    told = program_changes.changes(old, new)
    return {name: row for name, *row in (change.row() for change in told if change.changed)}  # type: ignore[misc]


# Percent and marks


@given(st.integers(1, 2**32), st.integers(0, 2**32), st.integers(0, 2000))
def test_a_change_is_marked_exactly_where_it_is_larger_than_the_share(now: int, new: int, permille: int) -> None:
    one = Number(now, new)
    assert one.over(permille) == (abs(new - now) * 1000 > permille * now)
    assert one.permille is not None and abs(1000 * (new - now) - one.permille * now) * 2 <= now


@pytest.mark.parametrize(
    ("change", "word", "marked"),
    [
        (Change("dose", "100", "120", (Number(100, 120),)), "+20 %", False),
        (Change("dose", "1000", "1201", (Number(1000, 1201),)), "+20.1 %", True),
        (Change("given today", "0.147", "25.147", (Number(147, 25_147),)), "+17007 %", True),
        (Change("dose", "none", "10", (Number(0, 10),)), "new", True),
        (Change("dose", "10", "none", (Number(10, 0),)), "ended", True),
        (Change("dose", "-", "10"), "new", False),
        (Change("patient", "A", "B", (), True), "changed", True),
        (Change("bolus", "x", "y", (Number(1, 2, "dose"), Number(4, 3, "wait"))), "dose +100 %\nwait -25 %", True),
        (Change("volume", "2 mL", "2 mL", (Number(2_000_000, 2_000_001),)), "+0 %", False),
        (Change("boluses", "-", "none"), "", False),
    ],
)  # fmt: skip
def test_a_change_is_told_in_percent_and_marked_over_a_fifth(change: Change, word: str, marked: bool) -> None:
    assert (change.word(), change.highlighted()) == (word, marked)
    assert change.row()[3] == (f"!! {word}" if marked else word)


def test_every_number_of_a_program_has_its_percent() -> None:
    told = rows(FLEX, PATIENT)
    assert told["dose per day"] == ["280 ug/d", "150 ug/d", "!! -46.4 %"]
    assert told["rate, lowest"] == ["17.5 uL/h", "12.5 uL/h", "!! -28.6 %"]
    assert told["rate, highest"] == ["40 uL/h", "12.5 uL/h", "!! -68.8 %"]
    assert told["minimum rate"][2] == "!! -42.9 %" and told["bolus"][2] == "!! dose -50 %"
    assert told["most in 24 h"] == ["450 ug", "240 ug", "!! -46.7 %"] and told["most in 1 h"][2] == "!! new"
    assert told["patient bolus"][2] == "!! new" and "alarm volume" not in told


def test_a_flex_day_is_compared_interval_by_interval_and_what_stays_is_left_out() -> None:
    stronger = [{**step, "dose_ng_per_day": step["dose_ng_per_day"] * 11 // 10 if step["start_min"] == 1020 else
                 step["dose_ng_per_day"]} for step in FLEX["step_list"]]  # fmt: skip
    told = rows(FLEX, {**FLEX, "step_list": stronger})
    assert told["17:00-22:00"] == ["480 ug/d", "528 ug/d", "+10 %"]
    assert not any(name in told for name in ("06:00-17:00", "22:00-06:00"))
    flat = rows(STEADY, FLEX)
    assert flat["06:00-17:00"] == ["100 ug/d", "240 ug/d", "!! +140 %"]


def test_the_weekend_is_told_apart_where_only_it_changes() -> None:
    step = FLEX["step_list"][0]
    weekend = [{"day_mask": 0x1F, "start_min": 0, "dose_ng_per_day": 100_000},
               {"day_mask": 0x60, "start_min": 0, "dose_ng_per_day": 110_000}]  # fmt: skip
    told = rows({**STEADY, "mode": programs.FLEX}, {**STEADY, "mode": programs.FLEX, "step_list": weekend})
    assert step["day_mask"] == 0x7F and told["sat, sun 00:00-24:00"] == ["100 ug/d", "110 ug/d", "+10 %"]


def test_a_first_program_marks_nothing_and_one_taken_out_leaves_nothing() -> None:
    assert all(row[2] == "new" for row in rows(None, FLEX).values())
    assert all(row[2] == "ended" for row in rows(FLEX, None).values())


def test_scripts_get_the_changes_with_permille_and_a_share_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    new = EXAMPLES / "start-100ug-continuous.toml"
    old = {**STEADY, "step_list": [{**STEADY["step_list"][0], "dose_ng_per_day": 90_000}]}
    with Peer(programmable(STEADY, old=old)) as peer:
        typed(peer, "--yes", "--json", "program", "send", str(new), "--highlight", "10%")
    told = {change["name"]: change for change in document(capsys)["changes"]}
    assert told["dose per day"] == {
        "name": "dose per day", "now": "90 ug/d", "new": "100 ug/d", "percent_permille": 111, "highlighted": True,
    }  # fmt: skip
    assert "alarm volume" not in told


def test_the_comparison_fits_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    with Peer(programmable(PATIENT, old={**FLEX, "patient": "BENCH-002 of the long name"})) as peer:
        typed(peer, "--yes", "program", "send", str(EXAMPLES / "patient-bolus-10ug.toml"), "--all")
    shown = capsys.readouterr().out.splitlines()
    assert max(map(len, shown)) <= 80 and any("BENCH-002 of the" in line and "!! changed" in line for line in shown)


# The question


def pump(**changed: Any) -> Peer:
    """A pump that infuses 100 ug a day and takes every bolus."""
    status = {**EMPTY_STATUS, "state": states.INFUSING, "patient": "BENCH-001", "concentration_ug_per_ml": 500,
              "dose_ng_per_day": 100_000, "program_dose_ng_per_day": 100_000, **changed}  # fmt: skip
    return Peer({
        **programmable(STEADY, old=STEADY), messages.STATUS: lambda request: status,
        messages.BOLUS: answering(messages.BOLUS, volume_nl=50_000),
    })  # fmt: skip


@pytest.mark.parametrize(("answer", "code"), [("25", 2), ("250ug", 2), ("", 2), ("0.025mg", 0)])
def test_a_bolus_wants_its_dose_typed_and_a_slip_gives_nothing(answer: str, code: int) -> None:
    with pump() as peer:
        shown = asked(peer, answer, *BOLUS, code=code)
        assert "Give 25 ug over 10 min to BENCH-001? To confirm, type the dose with its unit:" in shown
        assert len(peer.ids_of(messages.BOLUS)) == (code == 0)


SMALL = {**STEADY, "low_reservoir_nl": 2_100_000}


@pytest.mark.parametrize(
    ("old", "state", "question"),
    [
        (SMALL, states.INFUSING, "for BENCH-001? [y/N]:"),
        (FLEX, states.INFUSING, "To confirm, type the daily dose with its unit:"),
        (SMALL, states.SUSPENDED, "To confirm, type the daily dose with its unit:"),
    ],
)
def test_a_small_change_of_a_pump_that_runs_wants_a_yes_and_a_large_one_or_a_start_the_dose(
    old: dict[str, Any], state: int, question: str
) -> None:
    with Peer({**programmable(STEADY, old=old), messages.STATUS: lambda _: {**EMPTY_STATUS, "state": state}}) as peer:
        assert question in asked(peer, "n", "program", "send", str(program.example()), code=errors.USAGE)
        assert peer.ids_of(messages.PROGRAM_COMMIT) == []


def test_a_start_is_typed_too_and_a_script_is_not_asked_for_it() -> None:
    with pump(state=states.SUSPENDED, dose_ng_per_day=0) as peer:
        peer.handlers[messages.RESUME] = answering(messages.RESUME, state=states.INFUSING)
        assert "Start 100 ug/d for BENCH-001?" in asked(peer, "10ug/d", "resume", code=errors.USAGE)
        assert peer.ids_of(messages.RESUME) == []
        asked(peer, "100ug/d", "resume", code=errors.DONE)
        typed(peer, "resume")
        assert len(peer.ids_of(messages.RESUME)) == 2


@pytest.mark.parametrize(
    ("text", "code"),
    [("BENCH-001 25ug", 0), ("BENCH-001 0.025 mg", 0), ("BENCH-001 26ug", 2), ("BENCH-002 25ug", 2), ("25ug", 2),
     ("BENCH-001", 2), ("BENCH-001 25ug/d", 2), ("BENCH-00125ug", 2)],
)  # fmt: skip
def test_a_script_confirms_by_patient_and_dose_and_by_no_other(
    text: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pump() as peer:
        for yes in ([], ["--yes"]):
            peer.seen.clear()
            typed(peer, "--json", *yes, *BOLUS, "--confirm", text, code=code)
            assert len(peer.ids_of(messages.BOLUS)) == (code == 0)
            told = document(capsys)
            error = told.get("error", {})
            assert code == 0 or (error["field"] == "--confirm" and "BENCH-001 25 ug" in error["remedy"])


@pytest.mark.parametrize("words", [BOLUS, ("resume",)])
def test_an_empty_confirmation_is_none(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pump() as peer:
        for yes in ([], ["--yes"]):
            typed(peer, "--json", *yes, *words, "--confirm", "", code=2)
            assert document(capsys)["error"]["field"] == "--confirm" and peer.seen == []


def test_a_bolus_beyond_a_dose_window_says_so_before_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    windows = [{"span_min": 60, "limit_nl": 60_000, "used_nl": 20_000}, {"span_min": 240, "limit_nl": 0, "used_nl": 1}]
    with pump(window_list=windows, delivered_today_nl=100_000, reservoir_nl=10_000_000) as peer:
        typed(peer, "--yes", "--json", *BOLUS)
    told = {change["name"]: change for change in document(capsys)["changes"]}
    assert (told["within 1 h"]["now"], told["within 1 h"]["new"]) == (
        "10 ug of 30 ug",
        "35 ug of 30 ug\nabove the limit",
    )
    assert told["within 1 h"]["highlighted"] and "within 4 h" not in told
    assert (told["given today"]["now"], told["given today"]["new"]) == ("50 ug", "75 ug")
    assert told["reservoir"]["new"] == "9.95 mL"


def test_a_fall_to_the_minimum_rate_is_not_held_up_by_a_program_that_cannot_be_read() -> None:
    with pump() as peer:
        peer.handlers[messages.PROGRAM_READ] = answering(messages.PROGRAM_READ, total=2, chunk=b"xx", digest=b"no")
        peer.handlers[messages.MINIMUM_RATE] = answering(messages.MINIMUM_RATE, state=states.MINIMUM_RATE)
        typed(peer, "minimum-rate", "on")
        assert len(peer.ids_of(messages.MINIMUM_RATE)) == 1


def test_a_clock_set_shows_what_it_does_to_the_daily_pattern(capsys: pytest.CaptureFixture[str]) -> None:
    noon = 1_767_268_800_000  # 2026-01-01 12:00 UTC
    data = programs.encode(FLEX)
    with pump(time_valid=True, time_ms=noon) as peer:
        peer.handlers[messages.PROGRAM_READ] = lambda request: {
            "total": len(data), "digest": programs.digest(data), "chunk": data,
        }  # fmt: skip
        peer.handlers[messages.CLOCK_SET] = answering(messages.CLOCK_SET, time_ms=noon + 6 * 3_600_000)
        typed(peer, "--json", "clock", "set", "--time", "2026-01-01T18:00:00+00:00")
    told = {change["name"]: (change["now"], change["new"]) for change in document(capsys)["changes"]}
    assert told["dose by the pattern"] == ("240 ug/d", "480 ug/d")
    assert told["next change of dose"] == ("in 5 h", "in 4 h") and told["moved"] == ("-", "6 h")
