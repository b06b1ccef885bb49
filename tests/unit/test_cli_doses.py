"""The temporary rate and the plan of doses at the command line: what is asked, sent and shown."""

from typing import Any

import pytest
from desk import declined, document, sent, typed
from wirepeer import EMPTY_STATUS, Peer

from infuser.wire import messages, states, units
from infuser.wire import program as programs
from pumpctl import errors, program
from pumpctl.cli import main

pytestmark = pytest.mark.usefixtures("home")

DAY_MIN = units.MIN_PER_DAY
FIRST_MIN = 29_936_640  # 2026-12-02T08:00 local
NOW_MS = (FIRST_MIN - DAY_MIN) * units.MS_PER_MIN
PLANNED = {
    **program.load(program.example()),
    "plan_list": [
        {"at_min": FIRST_MIN + at * DAY_MIN, "dose_ng_per_day": dose} for at, dose in enumerate((110_000, 120_000))
    ],
    "plan_increase_permille": 100,
}
STATUS = {
    **EMPTY_STATUS, "state": states.INFUSING, "time_ms": NOW_MS, "time_valid": True, "patient": "BENCH-001",
    "dose_ng_per_day": 100_000, "program_dose_ng_per_day": 100_000, "concentration_ug_per_ml": 500,
    "plan_length": 2, "plan_position": 1, "plan_dose_ng_per_day": 110_000,
    "plan_next_ms": (FIRST_MIN + DAY_MIN) * units.MS_PER_MIN,
}  # fmt: skip
PATIENT = ("--patient", "BENCH-001")


def pump(**changed: Any) -> Peer:
    """A pump with a plan that grants everything; `changed` replaces fields of its status."""
    told, data = {**STATUS, **changed}, programs.encode(PLANNED)
    return Peer({
        messages.STATUS: lambda request: told,
        messages.PROGRAM_READ: lambda request: {"total": len(data), "digest": programs.digest(data), "chunk": data},
        messages.TEMPORARY_RATE: lambda request: {
            "rate_nl_per_day": 2 * request["dose_ng_per_day"], "ends_ms": NOW_MS + request["duration_ms"],
        },
        messages.PLAN_ORDER: lambda request: {
            "position": 1, "dose_ng_per_day": request["dose_ng_per_day"] or 110_000,
            "held": request["action"] != states.PLAN_GO_ON, "next_ms": told["plan_next_ms"],
        },
    })  # fmt: skip


# Temporary rate


def test_a_temporary_rate_is_confirmed_with_patient_dose_flow_and_time() -> None:
    with pump() as peer:
        asked = declined(peer, "temporary-rate", "80ug/d", "--for", "4h", *PATIENT)
        assert "Give 80 ug/d (160 uL/d) for 4 h to BENCH-001, instead of 100 ug/d now?" in asked
        assert peer.ids_of(messages.TEMPORARY_RATE) == []


@pytest.mark.parametrize(("dose", "ng_per_day"), [("80ug/d", 80_000), ("80%", 80_000), ("33.3%", 33_300), ("2%", 2000)])
def test_a_share_is_taken_of_the_rate_that_runs_now(
    dose: str, ng_per_day: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pump() as peer:
        typed(peer, "--yes", "--json", "temporary-rate", dose, "--for", "4h", *PATIENT)
        request = sent(peer, messages.TEMPORARY_RATE)
    assert request["dose_ng_per_day"] == document(capsys)["dose_ng_per_day"] == ng_per_day
    assert (request["duration_ms"], request["patient"]) == (4 * units.MS_PER_H, "BENCH-001")


def test_the_end_of_a_temporary_rate_names_the_patient_of_the_pump() -> None:
    with pump() as peer:
        assert "End the temporary rate of BENCH-001 and return" in declined(peer, "temporary-rate", "--end")
        typed(peer, "--yes", "temporary-rate", "--end")
        request = sent(peer, messages.TEMPORARY_RATE)
    assert (request["dose_ng_per_day"], request["duration_ms"], request["patient"]) == (0, 0, "BENCH-001")


@pytest.mark.parametrize(
    ("changed", "words", "said"),
    [
        ({}, ["80ug/d"], "--for and --patient missing"),
        ({}, ["80", "--for", "4h", *PATIENT], "has no unit"),
        ({}, ["80ug", "--for", "4h", *PATIENT], 'or a share such as "80%"'),
        ({}, ["0ug/d", "--for", "4h", *PATIENT], "a dose of 0 is none to go over to"),
        ({"dose_ng_per_day": 0}, ["80%", "--for", "4h", *PATIENT], "there is no rate now of which to take a share"),
        ({}, ["80ug/d", "--end"], "--end goes without a dose and a time"),
    ],
)
def test_a_temporary_rate_that_cannot_be_meant_is_refused_before_the_pump_is_asked_for_it(
    changed: dict[str, Any], words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pump(**changed) as peer:
        typed(peer, "--yes", "temporary-rate", *words, code=errors.USAGE)
        assert peer.ids_of(messages.TEMPORARY_RATE) == []
    assert said in capsys.readouterr().err


# Plan


def test_the_plan_is_shown_with_every_step_and_what_is_in_force(capsys: pytest.CaptureFixture[str]) -> None:
    with pump() as peer:
        typed(peer, "plan", "show")
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "BENCH-001: 110 ug/d in force, step 1 of 2"
    assert lines[2:] == [
        "0 start 100 ug/d over", "1 2026-12-02 08:00 110 ug/d in force", "2 2026-12-03 08:00 120 ug/d next",
    ]  # fmt: skip


def test_a_step_to_come_is_dated_by_how_late_the_plan_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pump(plan_next_ms=STATUS["plan_next_ms"] + 2 * units.MS_PER_DAY) as peer:
        typed(peer, "--json", "plan", "show")
    told = document(capsys)
    assert [step["from"] for step in told["steps"]] == ["2026-12-02T08:00", "2026-12-05T08:00"]
    assert (told["position"], told["length"], told["held"]) == (1, 2, False)


@pytest.mark.parametrize(("position", "dose", "told"), [(0, 0, "100 ug/d in force"), (2, 0, "0 ug/d in force")])
def test_before_its_first_step_the_pattern_is_in_force_and_after_a_taper_nothing(
    position: int, dose: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pump(plan_position=position, plan_dose_ng_per_day=dose) as peer:
        typed(peer, "plan", "show")
    assert told in capsys.readouterr().out


def test_a_plan_that_is_held_has_no_next_step(capsys: pytest.CaptureFixture[str]) -> None:
    with pump(plan_held=True, plan_next_ms=0) as peer:
        typed(peer, "plan", "show")
    told = capsys.readouterr().out
    assert "in force, held" in told and "next" not in told


@pytest.mark.parametrize(
    ("words", "action", "dose", "question"),
    [
        (["hold"], states.PLAN_HOLD, 0, "Hold the plan of BENCH-001 at 110 ug/d?"),
        (["go-on"], states.PLAN_GO_ON, 0, "Let the plan of BENCH-001 go on from 110 ug/d?"),
        (["cut-back", "90ug/d"], states.PLAN_CUT_BACK, 90_000, "from 110 ug/d to 90 ug/d (180 uL/d)?"),
        (["cut-back", "80%"], states.PLAN_CUT_BACK, 88_000, "from 110 ug/d to 88 ug/d (176 uL/d)?"),
    ],
)
def test_an_order_on_the_plan_is_confirmed_with_patient_and_dose(
    words: list[str], action: int, dose: int, question: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pump() as peer:
        assert question in declined(peer, "plan", *words, *PATIENT)
        assert peer.ids_of(messages.PLAN_ORDER) == []
        typed(peer, "--yes", "--json", "plan", *words, *PATIENT)
        request = sent(peer, messages.PLAN_ORDER)
    assert (request["action"], request["dose_ng_per_day"], request["patient"]) == (action, dose, "BENCH-001")
    assert document(capsys)["action"] == words[0]


def test_an_order_on_a_plan_that_is_not_there_is_refused_before_anybody_is_asked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pump(plan_length=0) as peer:
        typed(peer, "plan", "hold", *PATIENT, code=errors.USAGE)
        typed(peer, "plan", "show")
    told = capsys.readouterr()
    assert "has no plan of doses" in told.err and "no plan of doses" in told.out


def test_an_order_on_the_plan_needs_the_patient(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["plan", "hold"]) == errors.USAGE
    assert "Missing option '--patient'" in capsys.readouterr().err
