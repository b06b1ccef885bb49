"""What the power tests write: every kind of record, checkpoints between them, segments that rotate and are dropped."""

from infuser.core.checkpoint import Checkpoint
from infuser.core.journal import Journal
from infuser.hw.storage import Files
from infuser.wire import codec, records

ROOT = "/flash/pump"
LEDGER = b"ledger" * 10
SEGMENT_BYTES = 4700
BUDGET_BYTES = 10000
APPENDS = 160
CHECKPOINT_EVERY = 4
START_MS = 1767225600000
KINDS = [kind for kind in sorted(records.RECORDS) if kind != records.SNAPSHOT]


def kind_of(number: int) -> int:
    """Kind of the record number `number`: all of them in turn."""
    return KINDS[number % len(KINDS)]


def values_of(number: int) -> dict:
    """Values for the fields of record number `number`, different for each."""
    return {name: _example(field, number) for name, field in codec.fields(records.RECORDS[kind_of(number)][1])}


def _example(field, number: int):
    if field == "text":
        return "text {}".format(number)
    if field == "blob":
        return bytes([number & 0xFF]) * 90
    if field == "bool":
        return bool(number & 1)
    return number & 0xFF


def checkpoint_of(number: int) -> dict:
    """Checkpoint values that all are `number`."""
    declared = codec.fields(records.CHECKPOINT_FIELDS)
    return {name: _example(field, number) if field == "blob" else number for name, field in declared}


def new_journal(files: Files) -> Journal:
    """A journal with small segments, as after power-on."""
    return Journal(files, lambda: LEDGER, SEGMENT_BYTES, BUDGET_BYTES)


class Writer:
    """Writes it all and remembers what was told to be stored, and what was being written when it failed."""

    def __init__(self) -> None:
        self.stored: dict[int, int] = {}  # seq -> number
        self.newest = 0
        self.checkpoint = 0
        self.trying = -1
        self.saving = -1
        self.failures = 0

    def play(self, files: Files, go_on: bool = False) -> None:
        """Write everything; OSError when the power fails, or with `go_on` count the failures."""
        journal = new_journal(files)
        checkpoint = Checkpoint(files)
        for _ in journal.open()[1]:
            pass
        checkpoint.load()
        for number in range(APPENDS):
            try:
                self._append(journal, number)
                if number % CHECKPOINT_EVERY == 0:
                    self._save(checkpoint, number)
            except OSError:
                self.failures += 1
                if not go_on:
                    raise

    def _append(self, journal: Journal, number: int) -> None:
        self.trying = number
        self.newest = journal.append(kind_of(number), values_of(number), START_MS + number, number)
        self.stored[self.newest] = number
        self.trying = -1

    def _save(self, checkpoint: Checkpoint, number: int) -> None:
        self.saving = number
        checkpoint.save(checkpoint_of(number))
        self.checkpoint = number
        self.saving = -1
