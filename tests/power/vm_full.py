"""Runs on MicroPython: a journal of full size is written, replayed, read in pages and damaged, in a Pico's heap.

Arguments: an empty folder, then the folders to import from. Prints one JSON line.
"""

import gc
import json
import os
import sys

sys.path[:0] = sys.argv[2:]

import vm_checks as checks  # noqa: E402
import vm_script as script  # noqa: E402

from infuser.core.journal import BUDGET_BYTES, SEGMENT_BYTES, Journal  # noqa: E402
from infuser.hw.storage import Files  # noqa: E402

LEDGER = b"ledger" * 200


def opened(root: str) -> tuple[Journal, int]:
    """The journal after power-on, and how many records it replayed."""
    journal = Journal(Files(root), lambda: LEDGER)
    snapshot, later = journal.open()
    assert snapshot in (None, LEDGER)
    count = 0
    for _ in later:
        count += 1
    return journal, count


def write(root: str) -> int:
    """Records of every kind until the oldest are dropped; how many were written."""
    journal, _ = opened(root)
    number = 0
    while journal.oldest_seq == 1:
        journal.append(script.kind_of(number), script.values_of(number), number, number)
        number += 1
    return number


def read(root: str) -> int:
    """Records read back in pages and verified."""
    journal, replayed = opened(root)
    assert journal.damage == "" and 0 < replayed < SEGMENT_BYTES // 40
    count = 0
    newest = 0
    for record in checks.chain(journal):
        newest = record["seq"]
        count += 1
    assert newest == journal.next_seq - 1
    return count


def damage(root: str) -> None:
    """A changed byte in the newest full segment: what stands before it is replayed, and a new segment goes on."""
    names = [name for name in Files(root).names() if name[0] == "j"]
    os.remove(root + "/" + names[-1])
    with open(root + "/" + names[-2], "r+b") as handle:
        handle.seek(SEGMENT_BYTES // 2)
        byte = handle.read(1)[0]
        handle.seek(SEGMENT_BYTES // 2)
        handle.write(bytes([byte ^ 1]))
    journal, replayed = opened(root)
    assert names[-2] in journal.damage and replayed
    seq = journal.append(script.kind_of(1), script.values_of(1), 1, 1)
    again, replayed = opened(root)
    assert (again.damage, replayed, again.next_seq) == ("", 1, seq + 1)


def main(root: str) -> None:
    """All of it, with the most memory that was in use between the parts."""
    gc.collect()
    before = gc.mem_alloc()
    written = write(root)
    found = read(root)
    damage(root)
    gc.collect()
    told = {"written": written, "read": found, "budget": BUDGET_BYTES, "kept_bytes": gc.mem_alloc() - before}
    print(json.dumps(told))


main(sys.argv[1])
