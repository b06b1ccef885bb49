"""What a log says was done, what it leaves open, and where a replay of it may begin: decided without a pump."""

from pathlib import Path

import pytest
from blanks import blank
from desk import document
from hypothesis import given
from hypothesis import strategies as st
from pumplog import PumpLog, begun

from infuser.core.ledger import Ledger
from infuser.wire import alarms, errors, messages, records, states, units
from pumpctl import replay_run
from pumpctl.cli import main
from pumpctl.errors import UNVERIFIED, USAGE, VerificationError
from pumpctl.logchain import Record
from pumpctl.replay_causes import Deed
from pumpctl.replay_compare import compare
from pumpctl.replay_course import course
from pumpctl.replay_fractions import fractions_pl
from pumpctl.replay_orders import UNPLAYED, order
from pumpctl.replay_pairs import APART_MS, pairs
from pumpctl.replay_slack import Slack
from pumpctl.replay_start import begin

STEP_PL = units.STEP_PL_NOMINAL
PLAYED = sorted(set(messages.MESSAGES) - set(UNPLAYED))
CHANGING = [command for command in PLAYED if messages.MESSAGES[command][1] & messages.MUTATES]
RATE = 480_000


def commanded(log: PumpLog, command: int, error: int, *effects: tuple[int, dict]) -> list[Record]:
    """The records of a command: that it began, what it did, how it ended."""
    first = len(log.stored)
    log.note(records.COMMAND, command=command, request_id=7, error=errors.BEGUN)
    for kind, fields in effects:
        log.note(kind, **fields)
    log.note(records.COMMAND, command=command, request_id=7, error=error)
    return log.decoded[first:]


def ledger_of(log: PumpLog) -> Ledger:
    ledger = Ledger()
    for record in log.decoded:
        ledger.apply(record["kind"], record["fields"], record["time_ms"], record["age_ms"])
    return ledger


def counted(volume_pl: int, age_ms: int = 0) -> Record:
    """A record of counters of a pump that has given only a basal rate."""
    fields = blank(records.RECORDS[records.DELIVERY][1])
    fields |= {
        "basal_steps": volume_pl // STEP_PL, "programmed_nl": volume_pl // units.PL_PER_NL, "step_pl": STEP_PL,
        "rate_nl_per_day": RATE,
    }  # fmt: skip
    return {"kind": records.DELIVERY, "seq": 1, "boot": 1, "time_ms": 1, "age_ms": age_ms, "fields": fields}


# What was asked for


@pytest.mark.parametrize("command", CHANGING, ids=lambda command: messages.MESSAGES[command][0])
@pytest.mark.parametrize("error", [errors.OK, errors.OUT_OF_RANGE])
def test_every_command_of_a_log_is_a_whole_request_again(command: int, error: int) -> None:
    log = begun()
    ledger = ledger_of(log)
    found = order(commanded(log, command, error), ledger)
    assert found is not None and found.request_id == 7 and found.error == error
    payload = messages.encode_request(command, found.request_id, found.values)
    assert messages.decode_request(payload) == found.values


def test_a_bolus_is_asked_for_with_the_dose_that_its_record_has_and_for_the_patient_of_the_program() -> None:
    log = begun()
    ledger = ledger_of(log)
    told = {"bucket": states.CLINICIAN_BOLUS, "dose_ng": 25_000, "duration_ms": 600_000, "volume_nl": 50_000}
    found = order(commanded(log, messages.BOLUS, errors.OK, (records.BOLUS_STARTED, told)), ledger)
    assert found is not None
    assert found.values["dose_ng"] == 25_000 and found.values["duration_ms"] == 600_000
    assert found.values["patient"] == "BENCH-0042"


def test_a_command_that_was_refused_is_never_one_that_a_pump_could_grant() -> None:
    log = begun()
    ledger = ledger_of(log)
    refused = {command: order(commanded(log, command, errors.WRONG_STATE), ledger) for command in CHANGING}
    assert refused[messages.RESUME].values["delay_ms"] > units.START_DELAY_MAX_MS
    assert refused[messages.BOLUS].values["dose_ng"] == 0
    assert refused[messages.PROGRAM_COMMIT].values["digest"] == b""
    assert refused[messages.PRIME].values["purpose"] > states.DRAINING


# What happened of itself


def events_after(log: PumpLog, first: int) -> list:
    ledger = Ledger()
    for record in log.decoded[:first]:
        ledger.apply(record["kind"], record["fields"], record["time_ms"], record["age_ms"])
    return course(log.decoded[first:], ledger).events


def test_an_alarm_that_came_and_went_in_one_turn_is_mended_only_after_it() -> None:
    log = begun()
    log.wait(units.MS_PER_H)
    first = len(log.stored)
    log.raised(alarms.OVER_DELIVERY)
    log.delivery(0)
    log.state(states.INFUSING, states.ALARM_STOPPED, states.BY_ALARM)
    log.note(records.ALARM_CLEARED, alarm=alarms.OVER_DELIVERY)
    (event,) = events_after(log, first)
    assert Deed("fault", "occlude", True) in event.deeds and event.after == (Deed("fault", "occlude", False),)


def test_an_alarm_that_lets_the_motor_go_on_is_not_played_and_said_so() -> None:
    log = begun()
    log.wait(units.MS_PER_H)
    ledger = ledger_of(log)
    first = len(log.stored)
    log.raised(alarms.STALL)
    log.note(records.FAULT, part="drive", text="no microstep made")
    planned = course(log.decoded[first:], ledger)
    assert [event.deeds for event in planned.events] == [()]
    kinds = [kind for kind, _ in planned.unplayed]
    assert kinds == ["alarm-raised", "fault"]


def test_a_power_cut_in_the_midst_of_a_self_test_counts_with_the_next() -> None:
    log = begun()
    log.wait(units.MS_PER_H)
    first = len(log.stored)
    log.power_cut(60_000, gap_ms=60_000)
    log.delivery()
    log.power_cut(90_000, gap_ms=90_000)
    log.delivery()
    log.state(states.INFUSING, states.SELF_TEST, states.BY_POWER)
    log.state(states.SELF_TEST, states.INFUSING, states.BY_POWER, RATE)
    (event,) = events_after(log, first)
    assert event.cut and event.age_ms == log.age_ms
    assert event.members[0]["fields"]["gap_ms"] == 60_000


def test_a_clock_that_jumped_without_a_record_is_found_in_the_times_of_the_records() -> None:
    log = begun()
    log.run(2, RATE)
    first = len(log.stored)
    log.run(1, RATE)
    log.time_ms -= 2300
    log.run(1, RATE)
    events = events_after(log, first)
    assert [event.later_ms for event in events] == [0, -2300, 0]
    assert events[1].age_ms == events[0].age_ms


def test_a_record_that_no_pump_can_have_written_is_named_and_no_pump_is_started_for_it() -> None:
    log = begun()
    log.wait(units.MS_PER_H)
    log.note(records.ALARM_RAISED, alarm=alarms.STALL)
    told = log.decoded
    told[-1]["fields"]["alarm"] = 200
    with pytest.raises(VerificationError, match=f"record {told[-1]['seq']} says what no pump"):
        course(told, Ledger())
    far = log.decoded
    far[-1]["age_ms"] += 1 << 60
    with pytest.raises(VerificationError, match="older than the one before it") as raised:
        replay_run.replay(far, lambda _: None)
    assert raised.value.exit_code == 5


# At the command line, without a pump


def test_a_log_that_fails_verification_is_not_replayed(home: Path, capsys) -> None:
    raw = bytearray(b"".join(begun().stored))
    raw[40] ^= 1
    file = home / "log.bin"
    file.write_bytes(raw)
    assert main.run(["--json", "log", "replay", str(file)]) == UNVERIFIED
    assert document(capsys)["error"]["findings"]


def test_a_stretch_is_chosen_by_times(home: Path, capsys) -> None:
    file = home / "log.bin"
    file.write_bytes(b"".join(begun().stored))
    assert main.run(["--json", "log", "replay", str(file), "--from", "yesterday"]) == USAGE
    assert "ISO 8601" in document(capsys)["error"]["message"]


# What is compared with what


def test_records_of_the_same_thing_belong_together_and_those_too_far_apart_do_not() -> None:
    here, late = counted(0, 1000), counted(0, 1000 + APART_MS + 1)
    assert pairs([here], [counted(0, 1700)]) == [(here, counted(0, 1700))]
    assert pairs([here], [late]) == [(here, None)]
    assert pairs([here], []) == [(here, None)]


def test_with_every_age_the_same_nothing_is_open_and_one_microstep_is_one_too_many() -> None:
    logged, replayed = counted(50 * STEP_PL), counted(50 * STEP_PL)
    assert compare([logged], [replayed], {}, Slack())[0].met
    logged["fields"]["basal_steps"] += 1
    (stretch,) = compare([logged], [replayed], {}, Slack())
    (found,) = stretch.deviations
    assert (found.what, found.logged, found.replayed) == ("basal", 51, 50)


@given(
    volume_pl=st.integers(10 * STEP_PL, 1000 * STEP_PL),
    apart_ms=st.integers(1, 3000),
    share=st.floats(-1, 1),
)
def test_two_pumps_that_did_the_same_at_times_apart_never_deviate(volume_pl: int, apart_ms: int, share: float) -> None:
    slack = Slack()
    slack.open_for(apart_ms, RATE)
    logged = counted(volume_pl + int(slack.open_pl * share))
    assert compare([logged], [counted(volume_pl)], {}, slack)[0].met


@given(volume_pl=st.integers(10 * STEP_PL, 1000 * STEP_PL), apart_ms=st.integers(1, 3000), more=st.integers(2, 50))
def test_microsteps_beyond_what_is_open_are_found_however_much_that_is(
    volume_pl: int, apart_ms: int, more: int
) -> None:
    slack = Slack()
    slack.open_for(apart_ms, RATE)
    logged = counted(volume_pl)
    logged["fields"]["basal_steps"] += more
    assert not compare([logged], [counted(volume_pl)], {}, slack)[0].met


def test_pulses_that_the_motor_was_not_given_are_found_though_the_counters_agree() -> None:
    logged = counted(50 * STEP_PL)
    assert compare([logged], [counted(50 * STEP_PL)], {1: 49}, Slack())[0].met  # one may be on its way
    (stretch,) = compare([logged], [counted(50 * STEP_PL)], {1: 45}, Slack())
    assert stretch.deviations[0].what == "pulses of the motor"


# Where it begins


@given(basal_pl=st.integers(0, STEP_PL - 1), other_pl=st.integers(0, STEP_PL - 1))
def test_the_fraction_of_a_microstep_is_found_out_from_the_records_that_follow(basal_pl: int, other_pl: int) -> None:
    """A pump that has given a bolus too: the record has the sum of both fractions only."""
    section = []
    for hour in range(48):
        given_pl = basal_pl + hour * RATE * units.PL_PER_NL // 24
        record = counted(given_pl, hour * units.MS_PER_H)
        record["fields"]["patient_bolus_steps"] = 203
        record["fields"]["programmed_nl"] = (given_pl + 203 * STEP_PL + other_pl) // units.PL_PER_NL
        section.append(record)
    found = fractions_pl(section, 0)
    assert abs(found[states.BASAL] - basal_pl) < STEP_PL // 10
    assert abs(sum(found) - basal_pl - other_pl) <= units.PL_PER_NL


def test_a_log_begins_with_the_first_power_on_or_in_a_snapshot_or_not_at_all() -> None:
    log = begun()
    born = begin(log.decoded)
    assert born is not None and not born.files and born.at == 0
    log.run(3, RATE)
    assert begin(log.decoded[5:]) is None
    ledger = ledger_of(log)
    ledger.keys_digest, ledger.state = b"k" * 32, states.INFUSING
    first = len(log.stored)
    log.note(records.SNAPSHOT, ledger=ledger.snapshot())
    log.run(3, RATE)
    taken = begin(log.decoded[first:])
    assert taken is not None and taken.at == 2 and taken.ledger.keys_digest == b""
    assert sorted(name[0] for name in taken.files) == ["c", "j"]  # counters, and a journal of one snapshot
