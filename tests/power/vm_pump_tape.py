"""Runs on MicroPython: a tape of all that happens to the flash, and what was true at each instant of it.

The flash lies in RAM. While the tape records, each program and erase is kept with its moment; afterwards the flash can
be made anew as it was before any of them, or with half of one done, and a life on it can be undone.
"""

import io
import os

import flash
import kernel
import rp2
import start
from plant import plant
from vm_pump_truth import Truth

from infuser.app import replay
from infuser.app.recorder import Recorder
from infuser.core.journal import Journal
from infuser.wire import records

# Small, so that a script of a few hundred records begins many segments and drops the oldest.
SEGMENT_BYTES = 5 * 1024
BUDGET_BYTES = 18 * 1024
_BLANK = b"\xff" * flash.BLOCK_BYTES
_ERASE, _PROGRAM, _TOOK = flash.Image.erase, flash.Image.program, flash.Image._took
_STORE, _NOTE = Journal._store, Recorder.note

OP, STORED, ASKED = range(3)


class Tape:
    """`entries`, in order: (OP, place, bytes or None to erase, torn, moment), (STORED, record), (ASKED, payload).

    A record is [number, bytes, ledger after it or None while it is being noted, oldest number kept].
    """

    def __init__(self):
        self.entries = []
        self.kinds = set()
        self.recording = True
        self.truth = Truth()
        self.image = flash.image
        self._undo = {}  # block -> its bytes before the life that is to be undone
        self._base = {}  # block -> bytes of the empty file system
        self._moment = None
        self._ledger = None
        self._record = None

    def begin(self):
        """An empty file system in RAM, and the firmware's journal on it."""
        os.umount(start.MOUNT_POINT)
        self.image.file = io.BytesIO(_BLANK * flash.BLOCKS)
        self.image.held_block = -1
        os.VfsLfs2.mkfs(rp2.Flash(), progsize=flash.PAGE_BYTES)
        for block in range(flash.BLOCKS):
            data = self._read(block * flash.BLOCK_BYTES, flash.BLOCK_BYTES)
            if data != _BLANK:
                self._base[block] = data
        os.mount(start._volume(rp2.Flash()), start.MOUNT_POINT)
        self._watch_flash()
        self._watch_journal()

    def rewind(self):
        """The empty file system again; from now on nothing is recorded, and what is written can be undone."""
        self.recording = False
        for block in range(flash.BLOCKS):
            self._write(block * flash.BLOCK_BYTES, self._base.get(block, _BLANK))

    def born(self, pump):
        """A life begins."""
        self.truth.born(pump)
        self._ledger = pump.recorder.ledger.snapshot()

    def asked(self, payload):
        """A command that changes something is on its way."""
        self.entries.append((ASKED, payload))

    # The flash

    def _watch_flash(self):
        tape = self

        def erase(image, block):
            tape._before(block)
            torn = image.cut_at == 1
            _ERASE(image, block)
            tape._after(block * flash.BLOCK_BYTES, False, torn)

        def program(image, block, offset, data):
            tape._before(block)
            torn = image.cut_at == 1
            _PROGRAM(image, block, offset, data)
            tape._after(block * flash.BLOCK_BYTES + offset, True, torn)

        def took(image, duration_us, torn):
            if tape.recording:
                kernel.now_us += duration_us // 2
                plant.sync()
                tape._moment.made_half = plant.steps_made
                duration_us -= duration_us // 2
            _TOOK(image, duration_us, torn)

        flash.Image.erase, flash.Image.program, flash.Image._took = erase, program, took

    def _before(self, block):
        if self.recording:
            self._moment = self.truth.moment()
        elif block not in self._undo:
            self._undo[block] = self._read(block * flash.BLOCK_BYTES, flash.BLOCK_BYTES)

    def _after(self, place, programs, torn):
        if self.recording:
            # As it lies there now: a page that was programmed before keeps its cleared bits.
            data = self._read(place, flash.PAGE_BYTES) if programs else None
            self.entries.append((OP, place, data, torn, self._moment))

    def apply(self, entry):
        """Do an operation of the tape for good."""
        _, place, data, torn, _ = entry
        self._write(place, _half(data) if torn else data or _BLANK)

    def apply_half(self, entry):
        """Do half of an operation, to be undone."""
        self._before(entry[1] // flash.BLOCK_BYTES)
        self._write(entry[1], _half(entry[2]))

    def undo(self):
        """The flash as it was before the last life."""
        for block, data in self._undo.items():
            self._write(block * flash.BLOCK_BYTES, data)
        self._undo = {}

    def _read(self, place, count):
        self.image.file.seek(place)
        return self.image.file.read(count)

    def _write(self, place, data):
        self.image.file.seek(place)
        self.image.file.write(data)
        self.image.held_block = -1

    # The journal

    def _watch_journal(self):
        tape = self

        def journal(files, snapshot, **more):
            return Journal(files, snapshot, SEGMENT_BYTES, BUDGET_BYTES, **more)

        def store(journal, segment, stored):
            if tape.recording:
                tape._attempt(stored, journal.oldest_seq)
            _STORE(journal, segment, stored)
            if tape.recording:
                tape.truth.stored = records.peek(stored)[3]

        def note(recorder, kind, **fields):
            _NOTE(recorder, kind, **fields)
            if tape.recording:
                tape._ledger = tape._record[2] = recorder.ledger.snapshot()
                tape.truth.noted(kind, fields)

        replay.Journal = journal
        Journal._store = store
        Recorder.note = note

    def _attempt(self, stored, oldest):
        """A record is about to be written; one that begins a segment holds the ledger of the one before it."""
        _, kind, _, seq = records.peek(stored)
        begins = kind == records.SNAPSHOT
        record = [seq, stored, self._ledger if begins else None, oldest]
        if not begins:
            self._record = record
        self.kinds.add(kind)
        self.entries.append((STORED, record))


def _half(data):
    data = data or _BLANK
    return data[: len(data) // 2]
