"""Logs that no pump would have: without end, going back, of impossible length; forged, spliced and swapped records."""

import itertools
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journals import fill, open_journal, pieces, read_all
from liar import ACTS, Liar
from logpeer import EMPTY, with_log
from pumplog import PumpLog, begun
from wirepeer import EMPTY_STATUS, Peer

from infuser.core import journal
from infuser.wire import messages, records, states
from pumpctl import errors, logbook
from pumpctl.cli.main import run
from pumpctl.errors import VerificationError
from pumpctl.logread import PAGES_MAX, read_log
from pumpctl.store import Archive

pytestmark = pytest.mark.case("R6.6")
few = settings(max_examples=40)


def endless(size: int = 600) -> Iterator[bytes]:
    """Sound records with a chain that holds, for ever."""
    chain = records.CHAIN_START
    for seq in itertools.count(1):
        values = {"program": bytes(size), "confirmed": False, "operator": ""}
        yield (stored := records.encode(records.PROGRAM, 1, seq, 0, seq, values, chain))
        chain = records.chain_of(stored)


def reading(page: Any, from_seq: int = 1) -> list[bytes]:
    """All that is read of a pump which answers `page(from_seq, skip)`."""
    return list(read_log(lambda command, **asked: page(**asked), from_seq))


def given_up(page: Any, told: str) -> None:
    began = time.process_time()
    with pytest.raises(VerificationError, match=told) as caught:
        reading(page)
    assert "selftest" in caught.value.remedy and time.process_time() - began < 5


# Pages


def test_a_log_without_end_is_given_up_and_what_was_sound_stays_archived(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = endless()

    def page(request: dict[str, Any]) -> dict[str, Any]:
        return {"oldest_seq": 1, "next_seq": request["from_seq"] + 2, "chunk": next(source)}

    status = {**EMPTY_STATUS, "log_oldest": 1, "log_next": 2}
    with Peer({messages.STATUS: lambda request: status, messages.LOG_READ: page}) as peer:
        assert run(["-p", peer.port, "log", "pull", "--json"]) == errors.UNVERIFIED
    told = json.loads(capsys.readouterr().out)["error"]
    assert "does not end" in told["message"] and told["value"] == PAGES_MAX
    assert (home / "archive.sqlite3").stat().st_size < 2 * PAGES_MAX * messages.CHUNK_MAX
    assert run(["log", "verify"]) == errors.DONE


def test_a_whole_journal_is_far_from_the_bound() -> None:
    pages = journal.BUDGET_BYTES // messages.CHUNK_MAX + journal.BUDGET_BYTES // journal.SEGMENT_BYTES + 1
    assert 3 * pages < 2 * PAGES_MAX


def test_an_oldest_record_that_runs_away_is_given_up() -> None:
    given_up(lambda from_seq, skip: {"oldest_seq": from_seq + 1, "next_seq": 2**32 - 1, "chunk": b""}, "does not end")


def test_pages_of_one_byte_are_given_up() -> None:
    source = itertools.chain.from_iterable(endless())
    given_up(lambda from_seq, skip: {**EMPTY, "next_seq": 2**31, "chunk": bytes([next(source)])}, "does not end")


def test_empty_pages_are_given_up() -> None:
    given_up(lambda from_seq, skip: {**EMPTY, "next_seq": 9}, "does not send record 1 whole")


@pytest.mark.parametrize("length", [0, 34, records.LENGTH_MAX, records.LENGTH_MAX + 1, 0xFFFF])
def test_a_record_that_claims_a_length_and_never_ends_is_given_up(length: int) -> None:
    head = length.to_bytes(2, "little") + bytes([records.BOOT, 1, 0, 1, 0, 0, 0])

    def page(from_seq: int, skip: int) -> dict[str, Any]:
        return {**EMPTY, "next_seq": 2**31, "chunk": (head + bytes(8000))[skip : skip + messages.CHUNK_MAX]}

    with pytest.raises(VerificationError):
        reading(page)


def test_records_that_go_back_are_given_up() -> None:
    first, second, third = itertools.islice(endless(10), 3)
    pages = iter([first + second, first + second + third])
    with pytest.raises(VerificationError, match="sends record 1 where record 3 or a later one was asked for"):
        reading(lambda from_seq, skip: {**EMPTY, "next_seq": 9, "chunk": next(pages)})


@pytest.mark.parametrize("seq", [2**32 - 1, 2**32 - 2])
def test_numbers_at_the_end_of_their_range_are_no_wrap_around(seq: int) -> None:
    values = {"passed": True, "failed": ""}
    stored = records.encode(records.SELF_TEST, 1, seq, 0, 0, values, records.CHAIN_START)
    page = {"oldest_seq": 1, "next_seq": 2**32 - 1, "chunk": stored}
    if seq == 2**32 - 1:
        with pytest.raises(VerificationError, match="sends record"):
            reading(lambda from_seq, skip: page)
    else:
        assert reading(lambda from_seq, skip: page) == [stored]


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.binary(max_size=120)), max_size=12))
def test_any_pages_whatever_end_or_are_given_up(told: list[tuple[int, int, bytes]]) -> None:
    answers = iter([{"oldest_seq": one, "next_seq": other, "chunk": chunk} for one, other, chunk in told])
    try:
        reading(lambda from_seq, skip: next(answers, EMPTY))
    except VerificationError as error:
        assert error.exit_code == errors.UNVERIFIED


def test_a_log_whose_numbers_leap_is_judged_at_once(home: Path) -> None:
    chain, stored = records.CHAIN_START, []
    for seq in (1, 2, 2**20, 2**31, 2**32 - 2):
        told = {"passed": True, "failed": ""}
        stored.append(records.encode(records.SELF_TEST, 1, seq, 0, seq, told, chain))
        chain = records.chain_of(stored[-1])
    began = time.process_time()
    verdict = logbook.verify_raw(b"".join(stored))
    assert [one.kind for one in verdict.findings] == ["lost"] * 3 and time.process_time() - began < 0.5
    assert f"records {2**31 + 1} to {2**32 - 3} were lost" in verdict.findings[-1].text
    with Peer(with_log(stored)) as peer:
        assert run(["-p", peer.port, "log", "pull"]) == errors.UNVERIFIED


@pytest.mark.parametrize("seed", range(100, 108))
def test_a_log_that_lies_is_shown_exported_and_reported_as_what_it_is(
    home: Path, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with Archive() as archive:
        archive.append(archive.begin("E66100"), Liar(seed).log())
    page, parquet = home / "x.html", home / "x.parquet"
    commands = ["show --all", "show --all --json", f"export --all -o {parquet}", "verify"]
    commands = [*(f"log {words}" for words in commands), f"report -o {page}", "accuracy --log"]
    codes = [run(words.split()) for words in commands]
    out, err = capsys.readouterr()
    assert set(codes) <= {errors.DONE, errors.USAGE, errors.UNVERIFIED} and codes[:2] == [errors.DONE] * 2
    assert codes[3] == codes[2] and ("no pump writes" in err) == (codes[2] == errors.UNVERIFIED)
    if codes[4] != errors.USAGE:  # which says that the log holds nothing that a report could be made of
        html = page.read_text(encoding="utf-8")
        assert codes[4] == codes[2] and "<script>alert" not in html and not ACTS.search(html)
    assert not ACTS.search(out + err)


# Forged, spliced and swapped records


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The records of a sound log of 50."""
    made = open_journal(tmp_path_factory.mktemp("journal"))
    fill(made, 48)
    return pieces(read_all(made))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The same of another pump, which has been started more often."""
    made = open_journal(tmp_path_factory.mktemp("other"))
    made.boot = 9
    fill(made, 48)
    return pieces(read_all(made))


def findings(stored: list[bytes]) -> list[tuple[str, int | None]]:
    return [(one.kind, one.seq) for one in logbook.verify_raw(b"".join(stored)).findings]


def mended(stored: bytes, **fields: Any) -> bytes:
    """A record with other fields and a right checksum; its chain value is the old one."""
    told = records.decode(stored)
    head = (told["kind"], told["boot"], told["seq"], told["time_ms"], told["age_ms"])
    anew = records.encode(*head, {**told["fields"], **fields}, b"")
    body = anew[2:-12] + told["chain"]
    return anew[:2] + body + records.binascii.crc32(body).to_bytes(4, "little")


def rechained(stored: list[bytes], before: bytes) -> list[bytes]:
    """The records with the chain made anew behind `before`, as everybody can who knows the format."""
    made: list[bytes] = []
    for one in stored:
        told = records.decode(one)
        head = (told["kind"], told["boot"], told["seq"], told["time_ms"], told["age_ms"])
        made.append(records.encode(*head, told["fields"], records.chain_of(made[-1] if made else before)))
    return made


@few
@given(at=st.integers(2, 47), data=st.data())
def test_records_of_another_pump_spliced_in_are_named(
    log: list[bytes], other: list[bytes], at: int, data: st.DataObject
) -> None:
    end = data.draw(st.integers(at + 1, 49))
    assert findings(log[:at] + other[at:end] + log[end:]) == [("foreign", at + 1)]


@few
@given(at=st.integers(1, 49))
def test_one_more_record_of_another_pump_is_named(log: list[bytes], other: list[bytes], at: int) -> None:
    assert ("foreign", at) in findings(log[:at] + [other[at - 1]] + log[at:])


@few
@given(at=st.integers(2, 48))
def test_a_record_edited_with_its_checksum_made_right_is_named(log: list[bytes], at: int) -> None:
    told = records.decode(log[at])
    if "alarm" in told["fields"]:
        assert findings(log[:at] + [mended(log[at], alarm=1)] + log[at + 1 :]) == [("changed", at + 1)]


@few
@given(at=st.integers(1, 47))
def test_the_end_of_another_log_is_named(log: list[bytes], other: list[bytes], at: int) -> None:
    assert findings(log[:at] + other[at:])[0][1] == at + 1


@few
@given(one=st.integers(0, 49), two=st.integers(0, 49))
def test_two_records_swapped_are_named(log: list[bytes], one: int, two: int) -> None:
    swapped = log.copy()
    swapped[one], swapped[two] = log[two], log[one]
    found = findings(swapped)
    assert {kind for kind, _ in found} == (set() if one == two else {"reordered"})
    assert all(seq is not None and min(one, two) < seq <= max(one, two) + 1 for _, seq in found)


def test_values_that_no_pump_writes_are_named_though_checksum_and_chain_hold() -> None:
    told = begun()
    told.note(records.STATE, old=200, new=states.IDLE)
    told.note(records.CLOCK, old_ms=1, new_ms=2**63, utc_offset_min=-(2**31))
    verdict = logbook.verify_raw(b"".join(told.stored))
    assert [one.kind for one in verdict.findings] == ["impossible"] * 2
    assert "old = 200" in verdict.findings[0].text and "utc_offset_min = -2147483648" in verdict.findings[1].text


# What a chain alone cannot show, and a copy kept elsewhere does


@pytest.fixture
def archived(home: Path) -> PumpLog:
    told = begun()
    told.run(30, 480_000)
    with Archive() as archive:
        archive.append(archive.begin("E66100"), told.stored)
    return told


def compared(home: Path, stored: list[bytes], capsys: pytest.CaptureFixture[str]) -> tuple[int, int, str]:
    """(exit code of verify FILE, the same with the archive's pump named, what that says)."""
    raw = home / "log.bin"
    raw.write_bytes(b"".join(stored))
    alone = run(["log", "verify", str(raw)])
    capsys.readouterr()
    code = run(["log", "verify", str(raw), "--pump", "E66100"])
    return alone, code, capsys.readouterr().err


def test_a_tail_made_anew_with_its_chain_is_found_against_the_archive(
    home: Path, archived: PumpLog, capsys: pytest.CaptureFixture[str]
) -> None:
    head, tail = archived.stored[:20], archived.stored[20:]
    forged = [mended(tail[0], reservoir_nl=1), *tail[1:]]
    alone, code, told = compared(home, head + rechained(forged, head[-1]), capsys)
    assert (alone, code) == (errors.DONE, errors.UNVERIFIED)
    assert "foreign: record 21 is not the one archived of pump E66100" in told


def test_a_file_that_ends_early_is_found_against_the_archive(
    home: Path, archived: PumpLog, capsys: pytest.CaptureFixture[str]
) -> None:
    alone, code, told = compared(home, archived.stored[:20], capsys)
    assert (alone, code) == (errors.DONE, errors.UNVERIFIED)
    assert "truncated: it ends with record 20" in told
    assert compared(home, archived.stored, capsys)[:2] == (errors.DONE, errors.DONE)


def test_the_log_of_another_pump_is_found_against_the_archive(
    home: Path, archived: PumpLog, capsys: pytest.CaptureFixture[str]
) -> None:
    told = PumpLog()
    told.note(records.BOOT, firmware="9")
    assert compared(home, told.stored, capsys)[:2] == (errors.DONE, errors.UNVERIFIED)


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("DELETE FROM record WHERE seq = 1", "dropped"),
        ("DELETE FROM record WHERE seq < 9", "dropped"),
        (
            "INSERT INTO record SELECT log, seq + 1, stored FROM record WHERE seq = (SELECT max(seq) FROM record)",
            "foreign",
        ),
        ("UPDATE log SET next_seq = next_seq + 3", "truncated"),
    ],
)
def test_an_archive_with_another_beginning_or_end_is_named(
    archived: PumpLog, statement: str, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with Archive() as archive:
        archive._base.execute(statement)
    assert run(["log", "verify"]) == errors.UNVERIFIED
    assert f"{kind}: " in capsys.readouterr().err
