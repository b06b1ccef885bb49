"""Whoever holds the cable can send without end: what happened stays in the log, and nothing is done twice."""

from pathlib import Path
from typing import Any

import pytest
from vmworld import World

from infuser.app import link_notes
from infuser.core import outcomes
from infuser.wire import messages, records

HERE = Path(__file__).parent
_FOLDERS = [str(HERE.parent / name) for name in ("support", "micropython", "campaign")]
BURST = link_notes.BURST
_START = """
import sys
sys.path.extend({folders!r})
from vm_stranger import Stranger, sealed
from infuser.wire import messages, records, states
eve = Stranger({mode!r})
pump = eve.pump
seq = eve.next_seq()
"""


@pytest.fixture
def told(tmp_path: Path):
    """Runs a script at a pump that infuses, "closed" (with keys) or "open"; what it leaves in `result`."""

    def run(mode: str, script: str) -> Any:
        world = World(tmp_path)
        result = world.run(_START.format(folders=_FOLDERS, mode=mode) + script, heap="2m", within_s=120)
        assert result is not None, world.errors
        return result

    return run


@pytest.mark.case("EC14")
def test_an_hour_of_refusals_leaves_a_few_records_and_their_number(told, capsys):
    commands, faults, erased, quiet = told(
        "closed",
        """
before = eve.erased()
eve.wait(3600000)
quiet = eve.erased() - before
seq = eve.next_seq()
before = eve.erased()
for number in range(4000):
    if number % 400 == 0:
        eve.hello()  # the session is closed when it is left idle, and a refusal is no use of it
    assert eve.bolus() == "not-signed-in"
    eve.wait(900)
erased = eve.erased() - before
eve.wait(3600000)
result = [eve.commands(seq), eve.faults(seq), erased, quiet]
assert pump.controller.delivering()
""",
    )
    assert {tuple(one) for one in commands} == {(messages.BOLUS, "not-signed-in")}
    assert BURST <= len(commands) <= BURST + 7
    assert {text for text, _ in faults} == {"commands beyond those recorded singly: refused, or without effect"}
    assert len(faults) <= 2
    assert len(commands) + sum(count for _, count in faults) == 4000
    with capsys.disabled():
        print(
            f"\n4000 refused commands in an hour: {len(commands) + len(faults)} records, "
            f"{erased} blocks erased (an hour in silence: {quiet})"
        )
    assert erased <= quiet + 3 * (len(commands) + len(faults))


@pytest.mark.case("EC14")
def test_what_somebody_signed_in_is_refused_is_recorded_each_time(told):
    commands = told(
        "closed",
        """
pump.link.session.role = messages.ROLE_CLINICIAN
pump.link.session.channel = eve.signs_with(bytes(32))
for _ in range(50):
    assert eve.bolus(dose_ng=4000000000) == "out-of-range"
result = eve.commands(seq)
""",
    )
    assert commands == [[messages.BOLUS, "out-of-range"]] * 50


@pytest.mark.case("EC18")
@pytest.mark.parametrize(
    "sends", ["eve.bolus(dose_ng=4000000000)", "eve.pause()", "eve.stop(2 ** 63)", "eve.send(b'\\1\\2\\0')"]
)
def test_a_bolus_is_not_given_twice_whatever_comes_between(told, sends):
    first, again, later, started, outcome = told(
        "open",
        f"""
first = eve.bolus(7)
for _ in range({3 * outcomes.KEPT}):
    {sends}
again = eve.bolus(7)
eve.flood.world.restart(1000)
eve.hello()
later = eve.bolus(7)
outcome = eve.outcome(7)
eve.flood._order(messages.ALARM_ACK, alarm=0)
eve.flood._order(messages.RESUME, delay_ms=0)
started = [fields for kind, fields in eve.log(seq) if kind == records.BOLUS_STARTED]
result = [first, again, later, len(started), outcome]
""",
    )
    assert first["volume_nl"] == 10_000
    assert again in (first, "already-done")
    assert later == "already-done"
    assert outcome == {"known": True, "error": 0}
    assert started == 1


def test_a_command_is_on_flash_as_begun_before_anything_that_comes_of_it(told):
    log = told("open", "eve.bolus()\nresult = eve.log(seq)")
    kinds = [kind for kind, _ in log]
    assert kinds[0] == records.COMMAND and log[0][1]["error"] == messages.errors.BEGUN
    assert kinds[1] == records.BOLUS_STARTED
    assert kinds[-1] == records.COMMAND and log[-1][1]["error"] == messages.errors.OK


def test_a_command_refused_before_it_changed_anything_is_one_record_and_can_be_asked_about(told):
    log, outcome, again = told(
        "open",
        """
eve.bolus(9, dose_ng=4000000000)
outcome = eve.outcome(9)
result = [eve.commands(seq), outcome, eve.bolus(9)]
""",
    )
    assert log == [[messages.BOLUS, "out-of-range"]]
    assert outcome == {"known": True, "error": messages.errors.OUT_OF_RANGE}
    assert again == "out-of-range", "it gets its first answer"


@pytest.mark.case("UC6")
def test_the_sound_can_be_paused_as_often_as_a_person_needs_and_no_more(told):
    answers, later, records_left, stopped = told(
        "closed",
        f"""
answers = [eve.pause() for _ in range({4 * BURST})]
records_left = eve.next_seq() - seq
eve.wait({link_notes.EVERY_MS})
later = [eve.pause(), eve.pause()]
result = [answers, later, records_left, eve.stop()["state"] == states.SUSPENDED]
""",
    )
    assert all(isinstance(answer, dict) for answer in answers[:BURST])
    assert answers[BURST:] == ["busy"] * (3 * BURST)
    assert isinstance(later[0], dict) and later[1] == "busy"
    assert records_left <= 3 * BURST + BURST
    assert stopped


def test_a_stop_that_has_something_to_stop_is_never_too_many(told):
    stops, idle, armed, called_off, left = told(
        "closed",
        f"""
stops = []
for _ in range({2 * BURST}):
    stops.append(eve.stop()["state"] == states.SUSPENDED)
    eve.flood._order(messages.RESUME, delay_ms=0)
    assert pump.controller.delivering()
eve.stop()
idle = [eve.stop() for _ in range({2 * BURST})]
armed = [eve.stop(60000) for _ in range({2 * BURST})]
called_off = eve.stop()
result = [all(stops), idle, armed, called_off, pump.controller.ledger.start_age_ms]
""",
    )
    assert stops
    assert all(isinstance(answer, dict) for answer in idle), "a bare stop is never refused"
    assert all(isinstance(answer, dict) for answer in armed[:BURST]) and set(map(str, armed[BURST:])) == {"busy"}
    assert called_off["start_in_ms"] == 0 and left == 0


@pytest.mark.case("EC14")
def test_stops_that_stop_nothing_leave_a_few_records_and_their_number(told):
    commands, faults = told(
        "closed",
        """
for _ in range(6):
    eve.stop()  # the alarm of the flood is in the log
seq = eve.next_seq()
for _ in range(500):
    assert eve.stop()["state"] == states.SUSPENDED
eve.wait(3700000)
result = [eve.commands(seq), eve.faults(seq)]
""",
    )
    assert set(map(tuple, commands)) == {(messages.STOP, "ok")} and len(commands) <= BURST
    assert [count for _, count in faults] == [500 - len(commands)]


@pytest.mark.case("EC18")
def test_noise_on_the_line_is_seen_in_the_log_as_one_number_an_hour(told):
    early, later, quiet = told(
        "closed",
        """
for _ in range(300):
    eve.send(b"noise" + bytes(1))
    eve.wait(2000)
early = eve.faults(seq)
eve.wait(3600000)
later = eve.faults(seq)
seq = eve.next_seq()
eve.wait(7200000)
result = [early, later, eve.faults(seq)]
""",
    )
    assert early == [] and quiet == []
    assert later == [["pieces of the line that were no sound frames", 300]]


def test_a_command_that_does_not_decode_is_in_the_log(told):
    commands = told("closed", "eve.send(sealed(bytes([1, messages.STOP]) + bytes(9)))\nresult = eve.commands(seq)")
    assert commands == [[messages.STOP, "malformed"]]


def test_a_refusal_that_would_not_fit_its_reply_is_cut_and_stops_nothing(told):
    answers, delivering, stopped = told(
        "closed",
        """
answers = [eve.ask(messages.HELLO, protocol=bytes(700), host="\\u20ac" * 85), eve.hello() != ""]
delivering = pump.controller.delivering()
answers.append(eve.stop(2 ** 64 - 1))
result = [answers, delivering, pump.controller.state == states.SUSPENDED]
""",
    )
    assert answers == ["protocol-mismatch", True, "out-of-range"]
    assert delivering and stopped
