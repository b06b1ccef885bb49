"""Runs on MicroPython: one pump's stored state, broken in one way after the other, and what the pump does then.

A script sets `flash_image` (a path) and calls into here; see test_stored_files.py and test_upgrade_on_vm.py.
"""

import os

import idle
import kernel
import main
import start
from flash import image
from plant import plant
from vm_world import Silence, Unwatched

from infuser.app import startup
from infuser.app.pump import Pump
from infuser.core.mac import Channel
from infuser.hw import board
from infuser.hw.storage import Files
from infuser.wire import alarms, codec, messages, records, states
from infuser.wire.signed import SIGNED

_BLOCK = 1 << 16
MINUTE_MS = 60000


class Flash:
    """The whole flash as it was once, to be put back for each try."""

    def __init__(self, path=None):
        self.bytes = b""
        if path:
            with open(path, "rb") as file:
                self.bytes = file.read()
        else:
            self.bytes = held()

    def put_back(self):
        """Write it all back; to be mounted anew."""
        image.file.seek(0)
        for at in range(0, len(self.bytes), _BLOCK):
            image.file.write(self.bytes[at : at + _BLOCK])
        image.held_block = -1


def held():
    """Every byte of the flash."""
    image.file.seek(0)
    return image.file.read()


def mount():
    """Mount what is there, as the start does."""
    start.mount()


def unmount():
    """Power is off: what was open is forgotten."""
    os.umount(start.MOUNT_POINT)


class Life:
    """A pump from power-on to power-off."""

    def __init__(self, off_ms=60000):
        kernel.run_until(kernel.now_us + off_ms * 1000)
        mount()
        idle.control = None
        self.hardware = main.Hardware()
        idle.control = Silence()
        idle.advance(1 << 58)
        self.hardware.watchdog = Unwatched()
        self.pump = Pump(self.hardware)
        self.first_seq = self.pump.recorder.journal.next_seq
        startup.take_up(self.pump)

    def run(self, duration_ms):
        """The main loop for a time."""
        end_us = kernel.now_us + duration_ms * 1000
        while kernel.now_us < end_us:
            talking = self.pump.poll()
            self.hardware.port.idle(100 if talking else self.pump.delivery.turn_ms())

    def ask(self, command, **values):
        """What the pump answers to a request: its fields, or the name of the refusal; signed, once `sign_with` was."""
        self._asked = getattr(self, "_asked", 1 << 20) + 1
        channel = getattr(self, "_channel", None)
        payload = messages.encode_request(command, self._asked, values)
        payload = self._answer(channel.sign(self._asked, payload) if channel else payload)
        if payload[0] == SIGNED:
            payload = channel.verify(payload)[1]
        try:
            return messages.decode_reply(payload)
        except messages.Refusal as refused:
            return messages.errors.name(refused.code)

    def _answer(self, payload):
        """The link's answer to a payload: it yields each command, which is carried out here as by Link.poll."""
        link = self.pump.link
        answering = link._answer(payload)
        while True:
            try:
                command = next(answering)
            except StopIteration as answered:
                return answered.value
            try:
                link._values = link._carry_out(self.pump, command, link._request)
            except (codec.CodecError, messages.Refusal) as caught:
                link._failed = caught

    def sign_with(self, key):
        """Sign what is asked from now on with the key of a session."""
        self._channel = Channel(key)

    def greet(self):
        """Say hello, as a host of the same version does."""
        return self.ask(messages.HELLO, protocol=self.pump.protocol, host="test")

    def log(self, from_seq=1):
        """The records kept from a number on, decoded, each held against the one before where their numbers follow."""
        journal = self.pump.recorder.journal
        found = []
        seq, data, previous = max(from_seq, journal.oldest_seq), b"", None
        while True:
            page = journal.read_from(seq, len(data), 4096)
            data += page
            at = 0
            while True:
                try:
                    size = records.size_at(data, at)
                except records.RecordError:
                    break
                chained = previous and previous["seq"] + 1 == records.peek(data, at)[3]
                previous = records.decode(data[at : at + size], previous["chain"] if chained else None)
                found.append(previous)
                seq = previous["seq"] + 1
                at += size
            data = data[at:]
            if not page:
                return found

    def told(self):
        """What can be seen of the pump from outside, and what it wrote since it started."""
        pump = self.pump
        delivery = pump.delivery
        written = [] if pump.recorder.frozen else self.log(self.first_seq)
        return {
            "state": states.STATE_NAMES[pump.controller.state],
            "alarms": sorted(alarms.name(entry["alarm"]) for entry in pump.controller.ledger.alarms.entries),
            "faults": [
                [one["fields"]["part"], one["fields"]["text"], one["fields"]["masked"]]
                for one in written
                if one["kind"] == records.FAULT
            ],
            "torn": [one["fields"]["torn_bytes"] for one in written if one["kind"] == records.BOOT],
            "kinds": [one["kind"] for one in written[:3]],
            "steps": delivery.steps_total(),
            "uncertain": pump.found.steps_uncertain,
            "used": [delivery.guard.used_steps(index) for index in range(3)],
            "reservoir_nl": pump.controller.account.reservoir_nl(),
            "next_seq": pump.recorder.journal.next_seq,
            "oldest_seq": pump.recorder.journal.oldest_seq,
            "keyed": pump.link.session.keyed,
            "made": plant.steps_made,
        }

    def end(self):
        """Power off."""
        still()
        self.hardware.files.close()
        unmount()


def still():
    """Motor and timers stand at once."""
    plant.drive(board.PINS["enable"], 1 - board.DRIVER_ON)
    plant.generator = None
    plant.on_edge.clear()
    for event in list(kernel._events):
        event.cancel()


def garbage(size):
    """Bytes that mean nothing, always the same."""
    value, out = 12345, bytearray(size)
    for at in range(size):
        value = (value * 1103515245 + 12345) & 0x7FFFFFFF
        out[at] = value >> 16 & 0xFF
    return bytes(out)


def damage(how, *names):
    """Break files: `missing`, `empty`, `garbage`, `bit`, `cut`, `folder` in the place of the file."""
    files = Files()
    for name in names:
        stored = files.read(name) or b""
        if how in ("missing", "folder") and files.size(name) is not None:
            files.remove(name)
        if how == "folder":
            os.mkdir(start.MOUNT_POINT + "/" + name)
        elif how == "empty":
            files.overwrite(name, b"")
        elif how == "garbage":
            files.write(name, garbage(len(stored)))
        elif how == "bit":
            changed = bytearray(stored)
            changed[len(stored) // 2] ^= 4
            files.write(name, bytes(changed))
        elif how == "cut":
            files.write(name, stored[: len(stored) - 7])
        elif how == "torn":
            files.append(name, stored[:50])
        elif how == "added":
            files.write(name, garbage(300))
    files.close()


def contents():
    """What is in each file, by name."""
    files = Files()
    return {name: files.read(name) for name in files.names() if not _is_folder(name)}


def _is_folder(name):
    return os.stat(start.MOUNT_POINT + "/" + name)[0] & 0x4000


def _resolved(names):
    """File names; `newest`, `middle` and `oldest` are the log's segments."""
    files = Files()
    log = [name for name in files.names() if name[0] == "j"]
    roles = {"oldest": log[0], "middle": log[len(log) // 2], "newest": log[-1]}
    return [roles.get(name, name) for name in names]


def broken(base, how, names, run_ms):
    """The pump of `base` after some of its files broke: what it tells, and which of the files it wrote over."""
    base.put_back()
    mount()
    damage(how, *_resolved(names))
    before = contents()
    unmount()
    life = Life()
    life.run(run_ms)
    told = life.told()
    life.end()
    mount()
    after = contents()
    unmount()
    told["changed"] = [name for name in before if before[name] and after.get(name) != before[name]]
    return told


def used_pump():
    """The flash of a pump of the present format in the midst of therapy, and what it told last; from the image."""
    unmount()
    life = Life()
    life.run(20 * MINUTE_MS)
    told = life.told()
    life.end()
    return Flash(), told
