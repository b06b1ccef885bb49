"""Whatever happens on the line - unplugged, killed, repeated, garbage - therapy goes on and nothing is done twice."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing

import pytest
from ward import FLEX, HOUR_MS, MINUTE_MS, PATIENT, STEP_PL, Ward, delivers, infusing, therapy

from infuser.wire import frame, messages, states
from infuser.wire.messages import Refusal
from pumpctl import logpull, ports, program
from pumpctl.client import Pump
from pumpctl.errors import Refused, UncertainOutcome
from pumpctl.exchange import Exchange
from pumpctl.store import Archive
from pumpctl.transport import Transport, open_transport

RATE = 200_000
STOP = {"resume_after_ms": 0, "remind_min": 0, "operator": "tester"}


def undisturbed(ward: Ward) -> None:
    """Therapy delivers what it should, and the pump counts every step of it."""
    after_ms = ward.lasting_ms(HOUR_MS)
    assert delivers(ward.steps_in(after_ms), RATE, after_ms)
    now = ward.status()
    assert now["state"] == "infusing"
    assert now["steps_total"] == ward.truth()["steps_made"]


def exchange(transport: Transport) -> Exchange:
    """Requests on a link that greeted the pump."""
    link = Exchange(transport, timeout_s=ports.reply_within_s(transport.name), tries=3)
    link.hello()
    return link


def test_a_tool_killed_at_any_moment_leaves_therapy_alone(cli, bench):
    ward = infusing(cli, bench)
    order = [sys.executable, "-m", "pumpctl.cli.main", "program", "send", str(FLEX), "--no-start"]
    digest = ward.status()["program_digest"]
    for delay_s in (0.05, 0.1, 0.15, 0.2, 0.3):
        with subprocess.Popen(
            order, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as tool:
            time.sleep(delay_s)
            tool.send_signal(signal.SIGKILL)
    assert ward.status()["program_digest"] == digest
    undisturbed(ward)


def test_a_port_closed_in_the_midst_of_a_reply_leaves_therapy_alone(cli, bench):
    ward = infusing(cli, bench)
    for _ in range(5):
        link = open_transport(str(ward.plant.port))
        link.write(frame.encode(messages.encode_request(messages.STATUS, 1, {})) * 20)
        link.close()
        ward.advance(MINUTE_MS)
    undisturbed(ward)


def test_a_pump_that_nobody_listens_to_goes_on(cli, bench):
    ward = infusing(cli, bench)
    link = open_transport(str(ward.plant.port))
    request = frame.encode(messages.encode_request(messages.STATUS, 1, {}))
    for _ in range(40):
        link.write(request)
        ward.advance(MINUTE_MS)
    link.close()
    undisturbed(ward)


@pytest.mark.parametrize("cut", [1, 20, -1])
def test_a_half_sent_program_changes_nothing(cli, bench, tmp_path, cut):
    ward = infusing(cli, bench)
    data = program.encode(program.load(therapy(tmp_path, dose="200ug/d")))
    with closing(open_transport(str(ward.plant.port))) as link:
        exchange(link).ask(messages.PROGRAM_STAGE, {"total": len(data), "offset": 0, "chunk": data[:cut]})
    assert ward.status()["rate_nl_per_day"] == RATE
    with ward.client() as pump, pytest.raises(Refused) as caught:
        pump.check_program()
    assert caught.value.name == "program-incomplete"
    with ward.client() as pump, pytest.raises(Refused):
        pump.commit_program(program.programs.digest(data), True)
    undisturbed(ward)


def test_a_staged_program_is_taken_only_under_its_own_digest(cli, bench, tmp_path):
    ward = infusing(cli, bench)
    data = program.encode(program.load(therapy(tmp_path, dose="200ug/d")))
    with ward.client() as pump:
        pump.stage_program(data)
        with pytest.raises(Refused) as caught:
            pump.commit_program(program.programs.digest(data + b"x"))
        assert caught.value.name == "digest-mismatch"
    assert ward.status()["rate_nl_per_day"] == RATE


@pytest.mark.on_chip
def test_a_repeated_request_id_is_answered_and_not_executed_again(cli, bench):
    ward = infusing(cli, bench)
    values = {"dose_ng": 20_000, "duration_ms": 60_000, "patient": PATIENT, "confirmed": False, "operator": "tester"}
    with closing(open_transport(str(ward.plant.port))) as link:
        asked = exchange(link)
        request_id = asked.new_id()
        first = asked.ask(messages.BOLUS, values, request_id)
        assert asked.ask(messages.BOLUS, values, request_id) == first
        ward.advance(2 * MINUTE_MS)
        assert asked.ask(messages.BOLUS, values, request_id) == first
        ward.advance(2 * MINUTE_MS)
        assert asked.ask(messages.OUTCOME, {"request_id": request_id}) == {"known": True, "error": 0}
    now = ward.status()
    assert now["state"] == "infusing"
    assert now["delivered_steps"]["clinician-bolus"] == 40_000_000 // STEP_PL


def test_a_request_id_repeated_after_a_power_cut_is_not_executed_again(cli, bench):
    ward = infusing(cli, bench)
    with closing(open_transport(str(ward.plant.port))) as link:
        asked = exchange(link)
        stop_id, resume_id = asked.new_id(), asked.new_id()
        asked.ask(messages.STOP, STOP, stop_id)
        asked.ask(messages.RESUME, {"delay_ms": 0, "operator": "tester"}, resume_id)
        ward.plant.power_cut()
        again = exchange(link)
        with pytest.raises(Refusal) as caught:
            again.ask(messages.STOP, STOP, stop_id)
        assert messages.errors.name(caught.value.code) == "already-done"
    undisturbed(ward)


def test_a_refused_command_repeated_gets_the_same_refusal(cli, bench):
    ward = infusing(cli, bench)
    values = {"dose_ng": 20_000, "duration_ms": 60_000, "patient": "OTHER", "confirmed": False, "operator": "tester"}
    with closing(open_transport(str(ward.plant.port))) as link:
        asked = exchange(link)
        request_id = asked.new_id()
        codes = []
        for _ in range(2):
            with pytest.raises(Refusal) as caught:
                asked.ask(messages.BOLUS, values, request_id)
            codes.append(caught.value.code)
    assert codes == [messages.errors.PATIENT_MISMATCH] * 2


@pytest.mark.parametrize(
    "noise",
    [
        pytest.param(b"\x03" * 50, id="ctrl-c", marks=pytest.mark.on_chip),
        pytest.param(b"\x04\x01\x02\x03", id="control characters"),
        pytest.param(bytes(range(256)) * 20, id="every byte"),
        pytest.param(b"\x00" * 3000, id="zeros"),
        pytest.param(b"import machine; machine.reset()\r\n", id="text"),
    ],
)
def test_noise_on_the_line_changes_nothing_and_the_next_command_is_heard(cli, bench, noise):
    ward = infusing(cli, bench)
    boots = ward.status()["boot_count"]
    link = open_transport(str(ward.plant.port))
    link.write(noise)
    ward.advance(MINUTE_MS)
    status = frame.encode(messages.encode_request(messages.STATUS, 7, {}))
    link.write(noise + b"\x00" + status[:9] + b"\x03" + status[9:] + status)
    link.close()
    assert ward.do("status")["boot_count"] == boots
    undisturbed(ward)


def test_a_good_command_between_garbage_is_carried_out(cli, bench):
    ward = infusing(cli, bench)
    with closing(open_transport(str(ward.plant.port))) as link:
        asked = exchange(link)
        link.write(b">>> garbage \xff\xfe\x03")
        assert asked.ask(messages.STOP, STOP)["state"] == states.SUSPENDED
    assert ward.state == "suspended"


def test_a_command_before_the_greeting_is_refused(cli, bench):
    ward = Ward(cli, bench())
    with closing(open_transport(str(ward.plant.port))) as link, pytest.raises(Refusal) as caught:
        Exchange(link, timeout_s=1.0, tries=1).ask(messages.STOP, STOP)
    assert caught.value.code == messages.errors.SESSION_CLOSED


@pytest.mark.on_chip
def test_a_log_pull_that_was_interrupted_goes_on_where_it_was(cli, bench):
    ward = infusing(cli, bench)
    with ward.client() as pump:
        for _ in range(12):
            pump.stop()
            pump.resume()
    pages = 0

    def unplug(done: int, to_do: int) -> None:
        nonlocal pages
        pages += 1
        if pages == 2:
            raise KeyboardInterrupt

    with Archive() as archive, ward.client() as pump, pytest.raises(KeyboardInterrupt):
        logpull.pull(pump, archive, False, unplug)
    with Archive() as archive:
        had = archive.newest(ward.status()["serial"]).next_seq
    assert 1 < had < ward.status()["log_next"]
    pulled = ward.do("log", "pull")
    assert pulled["new"] == pulled["last_seq"] - had + 1
    verified = ward.do("log", "verify")
    assert (verified["first_seq"], verified["last_seq"], verified["gaps"]) == (1, pulled["last_seq"], [])
    undisturbed(ward)


def test_reading_the_log_does_not_disturb_therapy(cli, bench):
    ward = infusing(cli, bench)
    for _ in range(6):
        ward.advance(10 * MINUTE_MS)
        ward.do("log", "pull")
    undisturbed(ward)


def test_a_command_whose_reply_was_lost_is_settled_by_the_next_one(cli, bench):
    ward = infusing(cli, bench)
    vm = ward.plant.status()["vm_pid"]
    with Pump(open_transport(str(ward.plant.port)), timeout_s=0.1, tries=1) as pump:
        os.kill(vm, signal.SIGSTOP)
        try:
            with pytest.raises(UncertainOutcome):
                pump.minimum_rate(True)
        finally:
            os.kill(vm, signal.SIGCONT)
    ran = cli("status", "--json")
    assert "the minimum rate sent at" in ran.stderr and "was carried out" in ran.stderr
    assert ran.json["state"] == "minimum-rate"
    assert "sent at" not in cli("status").stderr
