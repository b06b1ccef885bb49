"""The archive and the pull: only what is new, verified, in transactions; gaps and foreign logs are told."""

import sqlite3
from pathlib import Path

import pytest
from journals import fill, open_journal, pieces, read_all
from logpump import LogPump

from pumpctl import logbook, logpull
from pumpctl.errors import UsageProblem
from pumpctl.logbook import LogProblem
from pumpctl.store import Archive, Gap


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    with Archive(tmp_path / "home" / "archive.sqlite3") as made:
        yield made


@pytest.fixture
def pump(tmp_path: Path) -> LogPump:
    journal = open_journal(tmp_path / "pump")
    fill(journal, 60)
    return LogPump(journal)


def raw(archive: Archive, serial: str = "E66100") -> bytes:
    return b"".join(stored for _, stored in archive.records(archive.select(serial)))


def change(archive: Archive, statement: str, *values: object) -> None:
    """Meddle with the archive file behind the tool's back."""
    with sqlite3.connect(archive.path) as base:
        assert base.execute(statement, values).rowcount > 0


def findings(archive: Archive) -> list[str]:
    return [one.kind for one in logbook.verify_archive(archive, archive.select(None)).findings]


def test_a_pull_brings_the_whole_log_byte_for_byte(archive: Archive, pump: LogPump) -> None:
    done: list[tuple[int, int]] = []
    pulled = logpull.pull(pump, archive, progress=lambda *told: done.append(told))
    assert raw(archive) == read_all(pump.journal) and pulled.count == pump.journal.next_seq - 1
    assert findings(archive) == [] and archive.gaps(pulled.log) == []
    assert done[-1][0] == done[-1][1] and sorted(done) == done


def test_the_next_pull_brings_only_what_is_new(archive: Archive, pump: LogPump) -> None:
    logpull.pull(pump, archive)
    pump.requests = 0
    assert logpull.pull(pump, archive).count == 0 and pump.requests <= 2
    seqs = fill(pump.journal, 5)
    assert logpull.pull(pump, archive).count >= len(seqs)
    assert raw(archive) == read_all(pump.journal) and findings(archive) == []


def test_a_pull_broken_off_anywhere_is_taken_up_where_it_was(archive: Archive, pump: LogPump) -> None:
    broken = 0
    for pages in range(20):
        pump.requests, pump.break_after = 0, pages
        try:
            logpull.pull(pump, archive)
        except ConnectionError:
            broken += 1
        assert read_all(pump.journal).startswith(raw(archive)) and findings(archive) == []
    assert broken > 1 and raw(archive) == read_all(pump.journal)


def test_records_dropped_before_they_were_pulled_are_a_gap_that_is_told(archive: Archive, pump: LogPump) -> None:
    logpull.pull(pump, archive)
    before = pump.journal.next_seq
    fill(pump.journal, 600)
    pulled = logpull.pull(pump, archive)
    assert pulled.gaps == archive.gaps(pulled.log) == [Gap(before, pump.journal.oldest_seq - 1, "dropped")]
    assert findings(archive) == []
    fill(pump.journal, 3)
    assert logpull.pull(pump, archive).gaps == []


def test_a_first_pull_that_comes_too_late_tells_what_was_dropped(archive: Archive, pump: LogPump) -> None:
    fill(pump.journal, 600)
    assert logpull.pull(pump, archive).gaps == [Gap(1, pump.journal.oldest_seq - 1, "dropped")]


def test_records_dropped_while_they_are_pulled_are_a_gap(archive: Archive, pump: LogPump) -> None:
    ask = pump._ask

    def slow(command: int, from_seq: int, skip: int) -> dict:
        if pump.requests == 2:
            fill(pump.journal, 600)
        return ask(command, from_seq, skip)

    pump._ask = slow
    (gap,) = logpull.pull(pump, archive).gaps
    assert gap.why == "dropped" and 1 < gap.first_seq < gap.last_seq == pump.journal.oldest_seq - 1
    assert findings(archive) == []


def test_records_lost_on_the_pump_are_archived_around_and_fail_verification(archive: Archive, tmp_path: Path) -> None:
    root = tmp_path / "pump"
    fill(open_journal(root), 20)
    segment = next(root.glob("j*"))
    changed = bytearray(segment.read_bytes())
    changed[500] ^= 1
    segment.write_bytes(changed)
    journal = open_journal(root)
    fill(journal, 3)
    pulled = logpull.pull(LogPump(journal), archive)
    assert [gap.why for gap in pulled.gaps] == ["lost"] and raw(archive) == read_all(journal)
    assert findings(archive) == ["lost"]
    with pytest.raises(LogProblem, match="lost on the pump"):
        logpull.require_whole(pulled)


def test_an_erased_pump_does_not_continue_the_archived_log(archive: Archive, pump: LogPump, tmp_path: Path) -> None:
    logpull.pull(pump, archive)
    kept = raw(archive)
    for count in (3, 100):
        other = open_journal(tmp_path / str(count))
        other.boot = 7
        fill(other, count)
        with pytest.raises(LogProblem, match="foreign") as caught:
            logpull.pull(LogPump(other), archive)
        assert "--new-log" in caught.value.remedy and raw(archive) == kept
    assert logpull.pull(LogPump(other), archive, new_log=True).count == other.next_seq - other.oldest_seq
    assert raw(archive) == read_all(other)


def test_an_erased_pump_whose_oldest_records_are_gone_again_is_told_by_its_run(
    archive: Archive, tmp_path: Path
) -> None:
    journal = open_journal(tmp_path / "pump")
    journal.boot = 5
    fill(journal, 60)
    logpull.pull(LogPump(journal), archive)
    other = open_journal(tmp_path / "other")
    fill(other, 600)
    with pytest.raises(LogProblem, match="earlier run"):
        logpull.pull(LogPump(other), archive)


@pytest.mark.case("R6.6")
@pytest.mark.parametrize(
    ("statement", "kinds"),
    [
        ("DELETE FROM record WHERE seq BETWEEN 20 AND 22", ["dropped"]),
        ("DELETE FROM record WHERE seq > 50", ["truncated"]),
        ("UPDATE record SET stored = zeroblob(60) WHERE seq = 20", ["changed"]),
        ("UPDATE record SET seq = -seq WHERE seq = 20", ["reordered"]),
    ],
)
def test_meddling_with_the_archive_is_named(archive: Archive, pump: LogPump, statement: str, kinds: list[str]) -> None:
    logpull.pull(pump, archive)
    change(archive, statement)
    assert findings(archive) == kinds


def test_several_pumps_share_the_archive_and_the_choice_is_asked_for(archive: Archive, tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="no log was pulled yet"):
        archive.select(None)
    for serial in ("A1", "B2"):
        journal = open_journal(tmp_path / serial)
        fill(journal, 4)
        logpull.pull(LogPump(journal, serial), archive)
    assert archive.serials() == ["A1", "B2"] and archive.select("B2").serial == "B2"
    with pytest.raises(UsageProblem, match="several pumps") as caught:
        archive.select(None)
    assert "A1, B2" in caught.value.remedy
    with pytest.raises(UsageProblem, match="no log of pump C3"):
        archive.select("C3")


def test_a_page_is_stored_as_a_whole_or_not_at_all(archive: Archive, pump: LogPump) -> None:
    log = archive.begin("E66100")
    one, two, *_ = pieces(read_all(pump.journal))
    with pytest.raises(UsageProblem):
        archive.append(log, [one, two, one])
    assert list(archive.records(log)) == [] and archive.newest("E66100") == log


def test_a_file_that_is_no_archive_is_refused_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "archive.sqlite3"
    path.write_bytes(b"this is not a database, whatever its name says" * 100)
    with pytest.raises(UsageProblem, match="archive.sqlite3"):
        Archive(path)
    path.unlink()
    with sqlite3.connect(path) as base:
        base.execute("PRAGMA user_version = 99")
    with pytest.raises(UsageProblem, match="layout 99"):
        Archive(path)
