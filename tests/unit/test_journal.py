"""The journal on real files: appending, replay, rotation, reading back, torn tails, damage and failing writes."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from journals import BUDGET_BYTES, LEDGER, append, decode_all, fill, open_journal, pieces, read_all, segment_files

from infuser.app.recorder import Recorder
from infuser.core.clock import Clock
from infuser.core.journal import LEAST_SEGMENTS, Journal
from infuser.core.ledger import Ledger
from infuser.core.segments import WINDOW_BYTES
from infuser.core.segments import name_of as segment_name
from infuser.hw.storage import Files
from infuser.wire import records

few = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


class FailingFiles(Files):
    """A flash that is full: appends store `partly` bytes and fail while `full` is set; counts what is read."""

    full = False
    partly = 0
    longest = 0
    read = 0

    def append(self, name: str, data: bytes) -> None:
        if self.full:
            Files.append(self, name, data[: self.partly])
            raise OSError(28)
        Files.append(self, name, data)

    def read_at(self, name: str, offset: int, count: int) -> bytes:
        self.longest = max(self.longest, count)
        self.read += count
        return Files.read_at(self, name, offset, count)


def reopen(root: Path) -> tuple[Journal, bytes | None, list[dict]]:
    journal = Journal(Files(str(root)), lambda: LEDGER, 2048, BUDGET_BYTES)
    snapshot, later = journal.open()
    return journal, snapshot, list(later)


def test_an_empty_journal_has_no_snapshot_and_begins_with_one(tmp_path: Path) -> None:
    journal, snapshot, later = reopen(tmp_path)
    assert (snapshot, later, journal.boot, journal.oldest_seq, journal.next_seq) == (None, [], 1, 1, 1)
    assert append(journal, 0) == 2
    found = decode_all(read_all(journal))
    assert [record["kind"] for record in found] == [records.SNAPSHOT, records.ALARM_RAISED]
    assert records.decode(pieces(read_all(journal))[0], records.CHAIN_START)["fields"]["ledger"] == LEDGER


@pytest.mark.case("R6.6")
def test_after_a_restart_the_newest_snapshot_and_every_record_after_it_come_back(tmp_path: Path) -> None:
    seqs = fill(open_journal(tmp_path), 70)
    journal, snapshot, later = reopen(tmp_path)
    assert snapshot == LEDGER and journal.boot == 2
    assert [record["seq"] for record in later] == seqs[-len(later) :] and later[-1]["fields"]["detail"] == 69
    assert append(journal, 70) == seqs[-1] + 1
    assert decode_all(read_all(journal))[-1]["boot"] == 2


@pytest.mark.case("R6.6")
def test_the_oldest_segments_make_room_and_the_chain_goes_on(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    fill(journal, 600)
    found = decode_all(read_all(journal))
    assert sum(path.stat().st_size for path in segment_files(tmp_path)) <= BUDGET_BYTES
    assert journal.oldest_seq == found[0]["seq"] > 1 and found[0]["kind"] == records.SNAPSHOT
    assert [record["seq"] for record in found] == list(range(found[0]["seq"], journal.next_seq))


@few
@given(page_bytes=st.integers(1, 3000), count=st.integers(1, 150))
def test_pages_of_any_size_give_the_same_bytes(tmp_path_factory, page_bytes: int, count: int) -> None:
    root = tmp_path_factory.mktemp("journal")
    journal = open_journal(root)
    fill(journal, count)
    stored = b"".join(path.read_bytes() for path in segment_files(root))
    assert read_all(journal, page_bytes) == stored
    assert read_all(open_journal(root), page_bytes) == stored


def test_a_skip_leads_across_segments_and_to_nothing_at_the_end(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    fill(journal, 120)
    raw = read_all(journal)
    assert all(journal.read_from(1, skip, 10) == raw[skip : skip + 10][:10] for skip in range(0, 1000, 37))
    for skip in range(0, len(raw), 211):
        page = journal.read_from(1, skip, 64)
        assert page and raw[skip:].startswith(page)
    assert journal.read_from(1, len(raw), 64) == journal.read_from(journal.next_seq, 0, 64) == b""


def test_pages_before_and_behind_the_end_of_a_segment_in_any_order_go_through_each_segment_once(tmp_path: Path) -> None:
    fill(open_journal(tmp_path), 120)
    files = FailingFiles(str(tmp_path))
    journal = Journal(files, lambda: LEDGER, 2048, BUDGET_BYTES)
    list(journal.open()[1])
    files.read = 0
    for skip in (1900, 2100, 1950, 2200, 2000, 2300):
        assert journal.read_from(1, skip, 64)
    assert files.read <= 2 * 2048 + 6 * 64


def test_a_record_dropped_reads_as_the_oldest_one_kept(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    fill(journal, 600)
    assert records.peek(journal.read_from(1, 30, 64))[3] == journal.oldest_seq


@pytest.mark.case("R6.6")
def test_a_tail_torn_at_any_byte_is_cut_off_and_reported(tmp_path: Path) -> None:
    fill(open_journal(tmp_path), 5)
    (segment,) = segment_files(tmp_path)
    whole = segment.read_bytes()
    last = pieces(whole)[-1]
    for left in range(1, len(last)):
        segment.write_bytes(whole[: len(whole) - len(last) + left])
        journal, _, later = reopen(tmp_path)
        assert (journal.torn_bytes, journal.damage, journal.next_seq) == (left, "", 6)
        assert later[-1]["fields"]["detail"] == 3
        assert segment.read_bytes() == whole[: -len(last)]


def test_a_new_segment_torn_in_its_first_record_is_given_up_for_the_one_before(tmp_path: Path) -> None:
    fill(open_journal(tmp_path), 80)
    newest = segment_files(tmp_path)[-1]
    newest.write_bytes(newest.read_bytes()[:50])
    journal, snapshot, later = reopen(tmp_path)
    assert journal.torn_bytes == 50 and snapshot == LEDGER and not newest.exists()
    append(journal, 99)
    assert decode_all(read_all(journal))[-1]["seq"] == later[-1]["seq"] + (2 if newest.exists() else 1)


def test_a_new_segment_that_is_still_empty_is_given_up_and_what_follows_is_found_in_the_one_before(
    tmp_path: Path,
) -> None:
    fill(open_journal(tmp_path), 70)
    journal, _, later = reopen(tmp_path)
    empty = tmp_path / segment_name(journal.next_seq)
    empty.write_bytes(b"")
    journal = reopen(tmp_path)[0]
    assert not empty.exists() and journal.damage == ""
    seq = append(journal, 99)
    assert decode_all(read_all(reopen(tmp_path)[0]))[-1]["seq"] == seq


@pytest.mark.case("R6.6")
def test_a_changed_byte_anywhere_is_reported_and_the_segment_is_left_as_it_is(tmp_path_factory) -> None:
    for at in range(0, 900, 11):
        root = tmp_path_factory.mktemp("journal")
        fill(open_journal(root), 20)
        (segment,) = segment_files(root)
        changed = bytearray(segment.read_bytes())
        changed[at % len(changed)] ^= 0x10
        segment.write_bytes(changed)
        journal, _, later = reopen(root)
        assert "damaged" in journal.damage and journal.torn_bytes == 0, at
        last = later[-1] if later else None
        append(journal, 99)
        assert segment.read_bytes() == changed
        fresh = pieces(segment_files(root)[-1].read_bytes())
        assert records.peek(fresh[0])[3] == 22
        if last:
            records.decode(fresh[0], last["chain"])


def test_after_damage_the_host_reads_what_verifies_with_a_gap_in_the_numbers(tmp_path: Path) -> None:
    fill(open_journal(tmp_path), 20)
    (segment,) = segment_files(tmp_path)
    changed = bytearray(segment.read_bytes())
    changed[500] ^= 1
    segment.write_bytes(changed)
    journal, _, later = reopen(tmp_path)
    append(journal, 99)
    for again in (journal, reopen(tmp_path)[0]):
        seqs = [record["seq"] for record in decode_all(read_all(again))]
        assert seqs[-2:] == [22, 23] and later[-1]["seq"] in seqs and 21 not in seqs


def test_a_newest_segment_damaged_in_its_snapshot_falls_back_to_the_one_before(tmp_path: Path) -> None:
    fill(open_journal(tmp_path), 80)
    newest = segment_files(tmp_path)[-1]
    changed = bytearray(newest.read_bytes())
    changed[60] ^= 1
    newest.write_bytes(changed)
    journal, snapshot, later = reopen(tmp_path)
    assert snapshot == LEDGER and later and newest.name in journal.damage
    seq = append(journal, 99)
    assert newest.read_bytes() == changed and seq > int(newest.name[1:], 16) + 1
    assert reopen(tmp_path)[0].damage == ""


def test_a_write_that_fails_raises_and_leaves_no_trace(tmp_path: Path) -> None:
    for partly in (0, 1, 30, 47):
        files = FailingFiles(str(tmp_path / str(partly)))
        journal = Journal(files, lambda: LEDGER, 2048, BUDGET_BYTES)
        journal.open()
        for number in range(90):
            files.partly = partly
            files.full = True
            with pytest.raises(OSError):
                append(journal, number)
            files.full = False
            append(journal, number)
        found = decode_all(read_all(journal))
        details = [record["fields"]["detail"] for record in found if record["kind"] == records.ALARM_RAISED]
        assert details == list(range(90)) and journal.damage == ""


def test_a_segment_never_stands_in_memory_as_a_whole(tmp_path: Path) -> None:
    fill(open_journal(tmp_path, 32768, 655360), 1200)
    files = FailingFiles(str(tmp_path))
    journal = Journal(files, lambda: LEDGER)
    list(journal.open()[1])
    read_all(journal)
    assert files.longest <= WINDOW_BYTES


def test_files_of_others_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    for name in ("c0", "notes", "jxyz00000", "j1"):
        (tmp_path / name).write_bytes(b"?")
    journal = open_journal(tmp_path)
    fill(journal, 3)
    assert journal.next_seq == 5 and (tmp_path / "jxyz00000").read_bytes() == b"?"


class CrowdedFiles(Files):
    """A flash on which so many bytes of others leave `room` for the log; `worn`: full, it says, whatever is free."""

    room = 0
    worn = False

    def free_bytes(self) -> int:
        held = sum(self.size(name) or 0 for name in self.names())
        return 1 << 20 if self.worn else max(0, self.room - held)

    def append(self, name: str, data: bytes) -> None:
        if self.worn or self.free_bytes() < len(data):
            raise OSError(28)
        Files.append(self, name, data)


def recorded(files: Files, count: int) -> Recorder:
    """A recorder over a journal of small segments, with so many notes taken."""
    journal = Journal(files, lambda: LEDGER, 2048, BUDGET_BYTES)
    list(journal.open()[1])
    clock = Clock()
    recorder = Recorder(journal, Ledger(), clock, Standing())
    for number in range(count):
        recorder.note(records.FAULT, part="x", detail=number, masked=True, text="y" * 40)
    return recorder


class Standing:
    """A timebase."""

    def age_ms(self) -> int:
        return 1


@pytest.mark.case("R6.6")
def test_on_a_full_flash_the_log_grows_shorter_and_no_record_is_lost(tmp_path: Path) -> None:
    files = CrowdedFiles(str(tmp_path))
    files.room = 7000
    recorder = recorded(files, 300)
    assert recorder.crowded and not recorder.failure
    found = decode_all(read_all(recorder.journal))
    assert [one["seq"] for one in found] == list(range(recorder.journal.oldest_seq, recorder.journal.next_seq))
    assert recorder.journal.oldest_seq > 1 and found[-1]["fields"]["detail"] == 299


def test_the_two_newest_segments_are_never_dropped_to_make_room(tmp_path: Path) -> None:
    files = CrowdedFiles(str(tmp_path))
    files.room = 1 << 20
    recorder = recorded(files, 100)
    files.room = 0
    recorder.note(records.FAULT, part="x", detail=1, masked=True, text="")
    assert recorder.failure and len(segment_files(tmp_path)) == LEAST_SEGMENTS


def test_worn_out_blocks_that_look_like_a_full_flash_cost_no_old_record(tmp_path: Path) -> None:
    files = CrowdedFiles(str(tmp_path))
    files.room = 1 << 20
    recorder = recorded(files, 100)
    files.worn = True
    recorder.note(records.FAULT, part="x", detail=1, masked=True, text="")
    assert recorder.failure and recorder.journal.oldest_seq == 1 and not recorder.crowded


def test_what_the_log_lacks_by_other_knowledge_is_damage_and_no_number_is_given_twice(tmp_path: Path) -> None:
    fill(open_journal(tmp_path), 20)
    journal, _, _ = reopen(tmp_path)
    journal.miss(journal.next_seq)
    assert journal.damage == ""
    journal.miss(40)
    assert journal.damage == "records 22 to 39 are missing"
    assert append(journal, 99) == 41
    assert reopen(tmp_path)[0].next_seq == 42


def test_each_closed_segment_is_looked_at_in_turn(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    fill(journal, 150)
    closed = segment_files(tmp_path)[:-1]
    assert [journal.check_next() for _ in closed] == [""] * len(closed)
    changed = bytearray(closed[1].read_bytes())
    changed[700] ^= 1
    closed[1].write_bytes(changed)
    closed[-1].unlink()
    told = [journal.check_next() for _ in closed]
    assert told[0] == "" and closed[1].name in told[1] and "not readable" in told[-1]


@pytest.mark.parametrize("torn", [b"", b"\x40\x00\x01"], ids=["sound", "torn"])
def test_state_that_cannot_be_read_is_left_alone_to_the_last_byte(tmp_path: Path, torn: bytes) -> None:
    fill(open_journal(tmp_path), 70)
    newest = segment_files(tmp_path)[-1]
    newest.write_bytes(newest.read_bytes() + torn)
    (tmp_path / segment_name(200)).write_bytes(b"")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    journal = Journal(Files(str(tmp_path)), lambda: LEDGER, 2048, BUDGET_BYTES, readable=lambda snapshot: False)
    assert journal.open()[0] is None and journal.foreign == f"snapshot of version {LEDGER[0]}"
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert journal.next_seq == 73 and decode_all(read_all(journal))[-1]["seq"] == 72


def test_a_record_of_an_unknown_kind_in_a_sound_chain_is_foreign_and_not_damage(tmp_path: Path, monkeypatch) -> None:
    journal = open_journal(tmp_path)
    fill(journal, 5)
    with monkeypatch.context() as newer:
        newer.setitem(records.RECORDS, 200, ("new", ""))
        journal.append(200, {}, 1, 1)
    append(journal, 6)
    journal, snapshot, later = reopen(tmp_path)
    assert "unknown kind 200" in journal.foreign and journal.damage == "" and (snapshot, later) == (None, [])
    assert journal.next_seq == 9
