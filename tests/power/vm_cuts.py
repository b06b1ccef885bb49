"""Runs on MicroPython: the power fails at every program and erase operation in turn, and what is left is checked.

Arguments: mode, first operation, stride, then the folders to import from. Modes: `drop` and `torn`,
where the operation is left out or half done and the power is gone; `once`, where one operation
fails and the pump goes on; `tail`, where a record is half written and the power fails again while
that is mended. Prints one JSON line.
"""

import json
import os
import sys

sys.path[:0] = sys.argv[4:]

import vm_checks as checks  # noqa: E402
import vm_script as script  # noqa: E402
from vm_flash import NEVER, Flash  # noqa: E402

from infuser.hw.storage import Files  # noqa: E402
from infuser.wire import records  # noqa: E402

MOUNT = "/flash"
BLOCKS = 24
TAIL_APPENDS = 120


def attempt(flash: Flash, cut_at: int, mode: str) -> script.Writer:
    """The script on an empty file system, until the power fails or it is done."""
    writer = script.Writer()
    flash.power(NEVER)
    flash.format()
    flash.mount(MOUNT)
    files = Files(script.ROOT)
    flash.power(cut_at, mode == "torn", mode == "once")
    try:
        writer.play(files, mode == "once")
    except OSError:
        assert flash.dead, "an error without a cut"
    files.close()
    os.umount(MOUNT)
    return writer


def check(flash: Flash, writer: script.Writer) -> None:
    """Power-on after `attempt`."""
    flash.power(NEVER)
    flash.mount(MOUNT)
    files = Files(script.ROOT)
    journal = checks.intact(files, writer)
    checks.checkpoint_kept(files, writer)
    checks.goes_on(files, journal)
    files.close()
    os.umount(MOUNT)


def cut_script(flash: Flash, first: int, stride: int, mode: str) -> dict:
    """Cut `first`, `first + stride`, ... until one lies behind the script's last operation."""
    cuts = failures = 0
    cut_at = first
    while True:
        writer = attempt(flash, cut_at, mode)
        operations = flash.operations()
        check(flash, writer)
        failures += writer.failures
        if operations < cut_at:
            break
        cuts += 1
        cut_at += stride
    assert mode == "once" or failures == cuts
    return {"cuts": cuts, "appends": len(writer.stored), "operations": operations}


def half_written(flash: Flash) -> tuple[int, int]:
    """A journal whose last append was left half done, as a lesser file system would: (newest seq, bytes torn)."""
    flash.power(NEVER)
    flash.format()
    flash.mount(MOUNT)
    files = Files(script.ROOT)
    journal = script.new_journal(files)
    journal.open()
    for number in range(TAIL_APPENDS):
        newest = journal.append(script.kind_of(number), script.values_of(number), 1, 1)
    name = [name for name in files.names() if name[0] == "j"][-1]
    stored = records.encode(
        records.SELF_TEST, journal.boot, newest + 1, 1, 1, {"passed": False, "failed": "x" * 99}, b"12345678"
    )
    files.append(name, stored[:70])
    files.close()
    return newest, 70


def cut_mending(flash: Flash, first: int, stride: int) -> dict:
    """Cut the power while a torn tail is taken off and the first record after it is written."""
    cuts = 0
    cut_at = first
    while True:
        newest, torn = half_written(flash)
        flash.power(cut_at, bool(cut_at & 1))
        mended = mend(newest, torn)
        operations = flash.operations()
        os.umount(MOUNT)
        flash.power(NEVER)
        flash.mount(MOUNT)
        assert mend(newest, torn) or mended
        os.umount(MOUNT)
        if operations < cut_at:
            return {"cuts": cuts, "operations": operations}
        cuts += 1
        cut_at += stride


def mend(newest: int, torn: int) -> bool:
    """Open a journal, check it and write on; False when the power failed."""
    files = Files(script.ROOT)
    journal = script.new_journal(files)
    try:
        journal.open()
        assert journal.damage == "" and journal.torn_bytes in (0, torn)
        assert journal.next_seq in (newest + 1, newest + 2, newest + 3)
        seqs = [record["seq"] for record in checks.chain(journal)]
        assert seqs[-1] == journal.next_seq - 1
        checks.goes_on(files, journal)
    except OSError:
        return False
    finally:
        files.close()
    return True


def main(mode: str, first: int, stride: int) -> None:
    """Run one mode and print what was done."""
    flash = Flash(BLOCKS)
    told = cut_mending(flash, first, stride) if mode == "tail" else cut_script(flash, first, stride, mode)
    print(json.dumps(told))


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
