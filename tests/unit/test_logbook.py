"""Verification of logs: sound ones pass, and whatever was done to one is named."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from journals import fill, open_journal, pieces, read_all
from pumplog import PumpLog, begun
from wiredata import record_contents

from infuser.wire import records, states
from pumpctl import logbook
from pumpctl.cli.main import run
from pumpctl.printable import printable
from pumpctl.store import Archive

few = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The records of a sound log of 50."""
    journal = open_journal(tmp_path_factory.mktemp("journal"))
    fill(journal, 48)
    return pieces(read_all(journal))


def kinds(raw: bytes) -> list[str]:
    return [finding.kind for finding in logbook.verify_raw(raw).findings]


def forged(log: list[bytes], at: int) -> list[bytes]:
    """The log with record `at` written anew, checksum and chain value included, by someone who knows the format."""
    record = records.decode(log[at])
    fields = {**record["fields"], "detail": 12345}
    previous = records.chain_of(log[at - 1])
    one = records.encode(record["kind"], 1, record["seq"], record["time_ms"], record["age_ms"], fields, previous)
    return [*log[:at], one, *log[at + 1 :]]


def test_a_sound_log_verifies_from_its_first_record_and_from_each_later_segment(log: list[bytes]) -> None:
    begins = [at for at, stored in enumerate(log) if records.peek(stored)[1] == records.SNAPSHOT]
    assert begins[0] == 0 and len(begins) > 1
    for first in begins:
        verdict = logbook.verify_raw(b"".join(log[first:]))
        assert not verdict.findings and len(verdict.records) == 50 - first


@pytest.mark.case("R6.6")
@pytest.mark.parametrize("first", [1, 7, 49])
def test_a_log_whose_first_records_were_taken_out_is_named(log: list[bytes], first: int) -> None:
    (finding,) = logbook.verify_raw(b"".join(log[first:])).findings
    assert finding.kind == "dropped" and f"before record {first + 1}" in finding.text


@pytest.mark.case("R6.6")
@few
@given(data=st.data())
def test_one_changed_byte_anywhere_is_noticed(log: list[bytes], data: st.DataObject) -> None:
    raw = bytearray(b"".join(log))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    verdict = logbook.verify_raw(bytes(raw))
    assert {finding.kind for finding in verdict.findings} <= {"changed", "truncated"}
    assert len(verdict.findings) == 1 and len(verdict.records) == 49


@pytest.mark.case("R6.6")
def test_a_forged_record_with_a_right_checksum_breaks_the_chain_after_it(log: list[bytes]) -> None:
    at = 20
    assert records.peek(log[at])[1] == records.ALARM_RAISED
    (finding,) = logbook.verify_raw(b"".join(forged(log, at))).findings
    assert (finding.kind, finding.seq) == ("changed", at + 2)


@pytest.mark.case("R6.6")
@few
@given(first=st.integers(1, 48), count=st.integers(1, 10))
def test_records_taken_out_are_named(log: list[bytes], first: int, count: int) -> None:
    last = min(first + count, 49)
    (finding,) = logbook.verify_raw(b"".join(log[:first] + log[last:])).findings
    assert finding.kind == "dropped" and finding.seq == first + 1
    assert str(first + 1) in finding.text and str(last) in finding.text


@pytest.mark.case("R6.6")
@few
@given(at=st.integers(0, 49), to=st.integers(0, 49))
def test_a_record_moved_is_named(log: list[bytes], at: int, to: int) -> None:
    moved = log.copy()
    moved.insert(to, moved.pop(at))
    found = kinds(b"".join(moved))
    assert found == ([] if at == to else ["reordered"])


@few
@given(cut=st.integers(1, 42))
def test_a_log_cut_inside_a_record_is_named(log: list[bytes], cut: int) -> None:
    assert kinds(b"".join(log)[:-cut]) == ["truncated"]


@pytest.mark.parametrize("raw", [b"", b"not a log", bytes(5000), b"\xff" * 5000, bytes(range(256)) * 40])
def test_bytes_that_are_no_log_are_foreign(raw: bytes) -> None:
    assert kinds(raw) == ["foreign"]


def test_a_piece_of_another_pumps_log_is_foreign(log: list[bytes], tmp_path: Path) -> None:
    other = open_journal(tmp_path)
    other.boot = 9
    fill(other, 10)
    assert "foreign" in kinds(b"".join(log) + read_all(other))


def test_records_lost_by_damage_on_the_pump_are_told_from_records_taken_out(tmp_path: Path) -> None:
    fill(open_journal(tmp_path), 20)
    segment = next(tmp_path.glob("j*"))
    changed = bytearray(segment.read_bytes())
    changed[500] ^= 1
    segment.write_bytes(changed)
    journal = open_journal(tmp_path)
    fill(journal, 3)
    (finding,) = logbook.verify_raw(read_all(journal)).findings
    assert finding.kind == "lost" and "lost on the pump" in finding.text


@few
@given(content=record_contents())
def test_any_record_gives_one_sentence_without_control_characters(content: tuple[int, int, int, int, dict]) -> None:
    kind, _, _, age_ms, fields = content
    told = logbook.sentence({"kind": kind, "age_ms": age_ms, "fields": fields})
    assert told.endswith(".") and told == printable(told)


def test_escape_sequences_from_a_pump_become_visible_marks() -> None:
    assert printable("a\x1b[2Jb\x9b1mc\r\nd\u202ee µ") == "a\ufffd[2Jb\ufffd1mc\ufffd\ufffdd\ufffde µ"


@pytest.fixture
def archived(log: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An archive with the log of one pump, and its raw copy."""
    monkeypatch.setenv("PUMPCTL_HOME", str(tmp_path))
    with Archive() as archive:
        archive.append(archive.begin("E66100"), log)
    raw = tmp_path / "log.raw"
    raw.write_bytes(b"".join(log))
    return raw


@pytest.mark.usefixtures("archived")
def test_verify_says_what_holds_and_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["log", "verify", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["verified"] and (told["first_seq"], told["last_seq"], told["gaps"]) == (1, 50, [])
    assert run(["log", "verify"]) == 0
    assert "50 records, 1 to 50" in capsys.readouterr().out


def test_verify_of_a_changed_file_names_the_record_and_ends_with_5(
    archived: Path, log: list[bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["log", "verify", str(archived)]) == 0
    archived.write_bytes(b"".join(forged(log, 20)))
    capsys.readouterr()
    assert run(["log", "verify", str(archived), "--json"]) == 5
    told = json.loads(capsys.readouterr().out)["error"]
    assert told["exit_code"] == 5 and [one["kind"] for one in told["findings"]] == ["changed"]
    archived.write_bytes(b"MZ\x90\x00 not a log at all")
    assert run(["log", "verify", str(archived)]) == 5
    assert "foreign" in capsys.readouterr().err


@pytest.mark.usefixtures("archived")
def test_show_filters_by_kind_alarm_time_and_tail(capsys: pytest.CaptureFixture[str]) -> None:
    def shown(*options: str) -> list[int]:
        assert run(["log", "show", "--json", *options]) == 0
        return [record["seq"] for record in json.loads(capsys.readouterr().out)["records"]]

    assert shown("--all") == list(range(1, 51))
    assert shown("--tail", "3") == [48, 49, 50]
    assert shown("--kind", "snapshot")[0] == 1 and len(shown("--kind", "snapshot")) < 4
    assert shown("--alarm", "air-in-line") == [] and len(shown("--alarm", "stall")) >= 46
    assert shown("--since", "2026-01-01T00:00:40+00:00", "--until", "2026-01-01T00:00:43+00:00")
    assert run(["log", "show", "--tail", "1"]) == 0
    assert "Alarm stall, priority high" in capsys.readouterr().out


@pytest.mark.usefixtures("archived")
@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--since", "yesterday"], "ISO 8601"),
        (["--kind", "nonsense"], "nonsense"),
        (["--alarm", "nonsense"], "nonsense"),
        (["--pump", "nobody"], "E66100"),
        (["--tail", "0"], "0"),
    ],
)
def test_show_refuses_what_it_does_not_know_with_2(
    options: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["log", "show", *options]) == 2
    assert told in capsys.readouterr().err


@pytest.fixture
def ward_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PumpLog:
    """An archive with a pump's first hours: mostly hourly records."""
    monkeypatch.setenv("PUMPCTL_HOME", str(tmp_path))
    told = begun()
    told.note(records.SNAPSHOT, ledger=b"")
    told.run(20, 480_000)
    with Archive() as archive:
        archive.append(archive.begin("E66100"), told.stored)
    return told


def test_hourly_records_and_snapshots_are_hidden_and_counted_unless_they_are_asked_for(
    ward_log: PumpLog, capsys: pytest.CaptureFixture[str]
) -> None:
    routine = [one["seq"] for one in ward_log.decoded if one["kind"] in (records.DELIVERY, records.SNAPSHOT)]

    def shown(*options: str) -> tuple[list[int], int]:
        assert run(["log", "show", "--json", *options]) == 0
        told = json.loads(capsys.readouterr().out)
        return [record["seq"] for record in told["records"]], told["hidden"]

    seqs, hidden = shown()
    assert not set(seqs) & set(routine) and hidden == len(routine)
    assert len(seqs) + hidden == len(ward_log.stored)
    assert shown("--all") == (list(range(1, len(ward_log.stored) + 1)), 0)
    assert shown("--tail", "2") == (seqs[-2:], hidden)
    delivery, none = shown("--kind", "delivery")
    assert set(delivery) < set(routine) and none == 0
    assert run(["log", "show"]) == 0
    told = capsys.readouterr()
    assert " delivery " not in told.out and "snapshot" not in told.out
    assert told.err == f"{hidden} delivery records and snapshots hidden; --all shows them\n"
    assert run(["log", "show", "--all"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("ward_log")
def test_the_log_is_plain_ascii_and_rounds_volumes_as_the_status_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["log", "show", "--all"]) == 0
    told = capsys.readouterr().out
    assert told.isascii()
    assert "Refilled by R. Vogel to 12 mL at 500 ug/mL; 0 uL were left, 0 uL expected." in told
    assert "480 uL a day" in told and "0.000" not in told


def test_a_state_entered_at_a_boot_is_said_to_be_so_whether_power_was_lost_or_not() -> None:
    fields = {"old": states.IDLE, "new": states.SELF_TEST, "reason": states.BY_POWER, "rate_nl_per_day": 0}
    told = logbook.sentence({"kind": records.STATE, "age_ms": 0, "fields": fields})
    assert told == "From idle to self-test (start-up)."


@pytest.mark.parametrize(
    "fields", [{"old_ms": 0, "utc_offset_min": -(2**31)}, {"old_ms": 2**64 - 1, "utc_offset_min": 0}]
)
def test_a_clock_set_to_an_impossible_time_is_told_as_such(fields: dict) -> None:
    told = logbook.sentence({"kind": records.CLOCK, "age_ms": 0, "fields": {"new_ms": 0, "operator": "", **fields}})
    assert "an impossible time" in told
