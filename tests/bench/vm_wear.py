"""Runs on MicroPython: days of therapy on a flash laid out as a Pico's is, and how often each block was erased."""

import os

import faults
import flash
import kernel
import main
from vm_pump import live, refill, started, switched_on

from infuser.core.journal import BUDGET_BYTES, SEGMENT_BYTES
from infuser.hw import storage
from infuser.wire import frame, messages, records, units

ROOT = "/board"
REFILL_BELOW_NL = 6 * units.NL_PER_ML
FLOOD_MS = 6 * units.MS_PER_H
# Who writes a file, by the first letter of its name.
WRITERS = {"c": "checkpoint", "w": "windows", "j": "journal"}


class Line:
    """The serial line with a host at its other end that sends one frame after the other."""

    def __init__(self):
        self._request_id = 0
        self._frame = b""
        self.answers = 0

    def send(self, command, **values):
        """The next request; it is taken in the next turn."""
        self._request_id += 1
        values["operator"] = "bench"
        self._frame = frame.encode(messages.encode_request(command, self._request_id, values))

    def read(self):
        """What a port has."""
        data, self._frame = self._frame, b""
        return data

    def write(self, data):
        """A reply."""
        self.answers += 1
        return True

    def flush(self):
        """All is out."""

    def connected(self):
        """Always."""
        return True

    def forget(self):
        """Nothing is queued."""


class Tally:
    """Erases and programs of each block from now on, and by whose files they were caused."""

    def __init__(self):
        self._erases = list(flash.image.erases)
        self._programs = sum(flash.image.programs)
        self.by_writer = {name: 0 for name in WRITERS.values()}
        self.by_writer["others"] = 0
        for method in ("append", "overwrite", "write", "truncate_to", "remove"):
            setattr(storage.Files, method, self._counted(getattr(storage.Files, method)))

    def _counted(self, function):
        def call(files, name, *rest):
            before = sum(flash.image.erases)
            try:
                return function(files, name, *rest)
            finally:
                self.by_writer[WRITERS.get(name[0], "others")] += sum(flash.image.erases) - before

        return call

    def told(self):
        """Since the beginning: the busiest block's erases, all erases, blocks erased at all, programs, by writer."""
        each = [now - before for now, before in zip(flash.image.erases, self._erases)]
        return {
            "busiest": max(each),
            "erases": sum(each),
            "blocks": sum(1 for count in each if count),
            "programs": sum(flash.image.programs) - self._programs,
            "by_writer": self.by_writer,
        }


def lay_out(application):
    """A new file system with an application of files [path, bytes]; the pump's own folder will lie beside it."""
    os.umount("/pump")
    device = flash.Flash()
    os.VfsLfs2.mkfs(device, progsize=flash.PAGE_BYTES)
    os.mount(os.VfsLfs2(device, progsize=flash.PAGE_BYTES, mtime=False), ROOT)
    made = set()
    for path, size in application:
        at = path.find("/", 0)
        while at >= 0:
            if path[:at] not in made:
                os.mkdir(ROOT + "/" + path[:at])
                made.add(path[:at])
            at = path.find("/", at + 1)
        with open(ROOT + "/" + path, "wb") as file:
            file.write(bytes(size))
    main.DATA_DIR = ROOT + "/pump"


def fill(pump):
    """Records until the journal holds all that it may: from then on the oldest segment goes for each new one."""
    files = pump.hardware.files
    first = pump.recorder.journal.oldest_seq
    while pump.recorder.journal.oldest_seq == first:
        pump.recorder.note(records.FAULT, part="bench", detail=0, masked=True, text="filling " * 30)
        pump.hardware.watchdog.feed()
    held = sum(files.size(name) for name in files.names() if name[0] == "j")
    if held < BUDGET_BYTES - 2 * SEGMENT_BYTES:
        raise RuntimeError("the journal holds only {} bytes".format(held))


class Days:
    """A pump on a full flash whose days are played; a day of each kind is a method."""

    def __init__(self, application, therapy):
        lay_out(application)
        self.pump = started(*therapy) if therapy else switched_on()
        self.concentration = therapy[1] if therapy else 0
        fill(self.pump)
        self.line = self.pump.link.port = Line()
        self._talk(messages.HELLO, protocol=self.pump.protocol, host="bench")
        self.free_blocks = os.statvfs(ROOT)[3]

    def _talk(self, command, **values):
        self.line.send(command, **values)
        live(self.pump, units.MS_PER_S)

    def _refill(self):
        if self.concentration and self.pump.controller.account.reservoir_nl() < REFILL_BELOW_NL:
            refill(self.pump, self.concentration)

    def quiet(self):
        """Nobody does anything."""
        live(self.pump, units.MS_PER_DAY)
        self._refill()

    def visited(self):
        """The patient's button every hour, and a visit with a bolus and the log read."""
        for hour in range(24):
            faults.press("patient", True)
            live(self.pump, units.MS_PER_S)
            faults.press("patient", False)
            if hour == 9:
                self._talk(messages.STATUS)
                bolus = {"dose_ng": 20000, "duration_ms": 10 * units.MS_PER_MIN, "confirmed": True}
                self._talk(messages.BOLUS, patient="P-1", **bolus)
                self._talk(messages.LOG_READ, from_seq=self.pump.recorder.journal.next_seq - 100, skip=0)
            live(self.pump, units.MS_PER_H - units.MS_PER_S)
        self._refill()

    def alarmed(self):
        """The battery falls low every hour for ten minutes; the alarm is acknowledged."""
        for _ in range(24):
            live(self.pump, units.MS_PER_H - 10 * units.MS_PER_MIN)
            faults.switch("battery", True)
            live(self.pump, 10 * units.MS_PER_MIN)
            faults.switch("battery", False)
            self._talk(messages.ALARM_ACK, alarm=0)
            self._refill()

    def flooded(self):
        """For a quarter of a day a bolus for somebody else is ordered every second."""
        bolus = {"dose_ng": 20000, "duration_ms": 10 * units.MS_PER_MIN, "confirmed": True}
        for _ in range(FLOOD_MS // units.MS_PER_S):
            self.line.send(messages.BOLUS, patient="somebody else", **bolus)
            self.pump.poll()
            kernel.run_until(kernel.now_us + units.MS_PER_S * 1000)


def play(application, therapy, kind, days):
    """So many days of a kind; a Tally's figures, and what else happened."""
    world = Days(application, therapy)
    day = getattr(world, kind)
    tally = Tally()
    steps = world.pump.delivery.steps_total()
    answers = world.line.answers
    for _ in range(days):
        day()
    told = tally.told()
    told["free_blocks"] = world.free_blocks
    told["steps"] = world.pump.delivery.steps_total() - steps
    told["answers"] = world.line.answers - answers
    told["alarms"] = [entry["alarm"] for entry in world.pump.controller.ledger.alarms.entries]
    told["failure"] = world.pump.recorder.failure
    return told
