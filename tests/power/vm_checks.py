"""What must hold after power-on, whatever the power did before."""

import vm_script as script

from infuser.core.checkpoint import Checkpoint
from infuser.core.journal import Journal
from infuser.hw.storage import Files
from infuser.wire import messages, records


def chain(journal: Journal):
    """Yields all records, read in pages as the host does, each verified against the one before."""
    previous = None
    seq = journal.oldest_seq
    held = b""
    while True:
        page = journal.read_from(seq, len(held), messages.CHUNK_MAX)
        if not page:
            assert not held
            return
        held += page
        while held:
            try:
                size = records.size_at(held, 0)
            except records.RecordError:
                break
            record = records.decode(held[:size], previous)
            assert record["seq"] == seq
            previous = record["chain"]
            seq += 1
            held = held[size:]
            yield record


def intact(files: Files, writer: script.Writer) -> Journal:
    """Every record told to be stored is there, in an unbroken chain, and at most the one being written besides."""
    journal = script.new_journal(files)
    blob, later = journal.open()
    replayed = [record["seq"] for record in later]
    assert journal.damage == "", journal.damage
    assert journal.torn_bytes == 0, "littlefs never leaves half an append"
    seqs = []
    for record in chain(journal):
        seqs.append(record["seq"])
        if record["kind"] != records.SNAPSHOT:
            beyond = record["seq"] > writer.newest
            number = writer.trying if beyond else writer.stored[record["seq"]]
            assert number >= 0, "record {} was never written".format(record["seq"])
            assert record["kind"] == script.kind_of(number) and record["fields"] == script.values_of(number)
    assert all(seq in seqs for seq in writer.stored if seq >= journal.oldest_seq)
    assert blob == (script.LEDGER if seqs else None)
    assert replayed == seqs[len(seqs) - len(replayed) :]
    assert journal.next_seq == (seqs[-1] + 1 if seqs else 1)
    return journal


def checkpoint_kept(files: Files, writer: script.Writer) -> None:
    """The checkpoint is the last one saved, or the one being saved."""
    values = Checkpoint(files).load()
    if values is None:
        assert writer.checkpoint == 0
    else:
        assert values["event_seq"] == values["age_ms"]
        assert values["event_seq"] in (writer.checkpoint, writer.saving)


def goes_on(files: Files, journal: Journal) -> None:
    """The journal takes records again, and they are there the next time."""
    fields = {"firmware": "1", "cause": "power-on", "steps_uncertain": 0, "torn_bytes": 0, "gap_ms": 0}
    seq = journal.append(records.BOOT, fields, 1, 1)
    again = script.new_journal(files)
    newest = None
    for record in again.open()[1]:
        newest = record["seq"]
    assert newest == seq and again.boot == journal.boot + 1
    for record in chain(again):
        newest = record["seq"]
    assert newest == seq and again.damage == ""
