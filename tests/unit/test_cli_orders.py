"""Commands that need a person or a pump that agrees: questions, refusals, the operator, the refill."""

from typing import Any

import pytest
from desk import document
from wirepeer import EMPTY_STATUS, Peer, answering

from infuser.wire import errors as wire_errors
from infuser.wire import messages
from infuser.wire.messages import Refusal
from pumpctl import errors
from pumpctl.cli import main

pytestmark = pytest.mark.usefixtures("home")


def test_what_needs_a_person_is_refused_where_there_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    with Peer() as peer:
        assert main.run(["-p", peer.port, "bolus", "50ug", "--over", "10min", "--patient", "P"]) == errors.USAGE
        assert messages.BOLUS not in [command for command, _, _ in peer.seen]
    assert "give --yes" in capsys.readouterr().err


def test_a_refusal_ends_with_3_and_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(request: dict[str, Any]) -> None:
        raise Refusal(wire_errors.NO_PROGRAM)

    with Peer({messages.RESUME: refuse}) as peer:
        assert main.run(["-p", peer.port, "--json", "resume"]) == errors.REFUSED
    error = document(capsys)["error"]
    assert (error["name"], error["code"]) == ("no-program", wire_errors.NO_PROGRAM)
    assert error["remedy"]


def test_the_operator_goes_into_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    with Peer({messages.STOP: answering(messages.STOP, state=6)}) as peer:
        assert main.run(["stop", "-p", peer.port, "--operator", "Dr Who", "--json"]) == errors.DONE
        assert peer.seen[-1][2]["operator"] == "Dr Who"
    assert document(capsys)["state"] == "suspended"


def test_a_long_operator_name_is_cut_to_what_the_wire_holds(capsys: pytest.CaptureFixture[str]) -> None:
    with Peer({messages.STOP: answering(messages.STOP, state=6)}) as peer:
        assert main.run(["stop", "-p", peer.port, "--operator", "é" * 500]) == errors.DONE


def test_an_unattended_refill_is_refused_before_the_pump_is_stopped(capsys: pytest.CaptureFixture[str]) -> None:
    with Peer() as peer:
        assert main.run(["-p", peer.port, "refill", "--residual", "1ml"]) == errors.USAGE
        assert peer.seen == []
    assert "--volume, --yes missing" in capsys.readouterr().err


def test_a_refill_without_concentration_or_program_is_refused_before_the_pump_is_stopped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Peer({messages.STATUS: lambda request: EMPTY_STATUS}) as peer:
        given = ["--residual", "0ml", "--volume", "20ml", "--yes"]
        assert main.run(["-p", peer.port, "refill", *given]) == errors.USAGE
        assert {command for command, _, _ in peer.seen} == {messages.HELLO, messages.STATUS}
    told = capsys.readouterr().err
    assert "--concentration is missing" in told and "--concentration 500ug/ml" in told


def test_a_refill_takes_the_programs_concentration() -> None:
    status = {**EMPTY_STATUS, "concentration_ug_per_ml": 500}
    begun = {"expected_residual_nl": 0, "capacity_nl": 20_000_000}
    done = {"discrepancy_nl": 0, "reservoir_nl": 20_000_000, "refill_due_ms": 0, "state": 6}
    handlers = {messages.REFILL_BEGIN: begun, messages.REFILL_COMPLETE: done, messages.STATUS: status}
    with Peer({command: lambda request, reply=reply: reply for command, reply in handlers.items()}) as peer:
        given = ["--residual", "0ml", "--volume", "20ml", "--yes"]
        assert main.run(["-p", peer.port, "refill", *given]) == errors.DONE
        (sent,) = [request for command, _, request in peer.seen if command == messages.REFILL_COMPLETE]
    assert sent["concentration_ug_per_ml"] == 500
