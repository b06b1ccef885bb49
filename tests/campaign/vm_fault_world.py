"""Runs on MicroPython: a virtual pump through many lives, beside it a script of people and of faults.

The firmware runs as main.main() runs it. Whenever its main loop idles the script may act: it is a generator that
yields ms to wait, or (command, values) to send over the line, which gives the reply's values, a messages.Refusal or,
when the life ended first, None.
"""

import gc
import os
import sys

import faults
import idle
import kernel
import main
import start
from chipstate import chip
from plant import plant
from vm_world import Silence

from infuser.app.pump import Pump
from infuser.hw import board
from infuser.hw.serialport import SerialPort
from infuser.wire import frame, messages

_CAUSES = {42: "watchdog", 43: "soft"}
_LIVES_MAX = 12
_BOOT_US = 1000000
_POWER_CUT = 44
_ANSWER_MAX_US = 30000000


class Violation(BaseException):
    """An invariant does not hold. Not an Exception: the firmware must not catch it."""


class Cut(kernel.Event):
    """Power goes, whatever the firmware is about."""

    hard = True

    def fire(self):
        chip.stop(_POWER_CUT)


class Over(BaseException):
    """The script has come to its end."""


class Line(SerialPort):
    """The serial line with the script at its other end."""

    world = None
    heard = b""

    def idle(self, wait_ms):
        self.world.between_turns()
        if not self.heard:
            super().idle(wait_ms)

    def read(self):
        heard, self.heard = self.heard, b""
        return heard or super().read()

    def write(self, data):
        self.world.said(data)
        return True


class World:
    """The pump, its plant and time. `truth` holds plant against pump; see vm_fault_truth."""

    def __init__(self, truth):
        self.truth = truth
        self.script = None
        self.pump = None
        self.hardware = None
        self.counts = {}
        self.last = ""  # what was tallied last
        self._due_us = 0
        self._request_id = 1 << 40
        self._asked = 0  # command under way
        self._reply = None
        self._lives_since = 0  # lives since the script had its turn
        self.off_ms = 0  # for how long the power will be away when it goes
        self._cut = None
        Line.world = self
        main.SerialPort = Line
        chip.before_end = lambda _off_ms: None

    def tally(self, name, count=1):
        self.last = name
        self.counts[name] = self.counts.get(name, 0) + count

    def now_ms(self):
        return kernel.now_us // 1000

    # Lives

    def live(self, script):
        """Power on, again after each end, until the script is over."""
        self.script = script
        cause = "power-on"
        while True:
            try:
                self._start(cause)
                self.pump.run()
                raise Violation("the main loop returned")
            except Over:
                return
            except SystemExit as stopped:
                cause = _CAUSES.get(stopped.args[0], "power-on")
                self.tally("end-" + cause)
            self._power_off(self.off_ms if cause == "power-on" else 0)

    def _power_on(self, cause):
        self._lives_since += 1
        if self._lives_since > _LIVES_MAX:
            # It starts over and over: the motor is off all the time. Only a repair can end that.
            self.tally("boot-loop")
            self.repair()
            self._lives_since = 0
        begin = getattr(chip, "begin", None)
        if begin:
            begin(cause, chip.serial)
        chip.cause = cause
        idle.control = None  # else the serial line would wait for it too
        self.hardware = main.Hardware()
        idle.control = Silence()
        idle.advance(1 << 58)
        self.hardware.port.acquire()

    def _start(self, cause):
        self._power_on(cause)
        try:
            self.pump = Pump(self.hardware)
        except Exception as error:
            sys.print_exception(error, sys.stderr)
            raise Violation("the firmware does not start: {}".format(repr(error)))
        self.truth.begin(self)

    def _power_off(self, off_ms):
        """Motor and timers stand at once; what the memory held is gone, and the flash is mounted anew."""
        self._asked = 0
        self._reply = None
        chip.ended = True  # closing a file must not write any more
        plant.sync()
        plant.drive(board.PINS["enable"], 1 - board.DRIVER_ON)
        plant.sync()
        plant.generator = None
        plant.on_edge.clear()
        plant.sounder_hz = 0
        for colour in ("red", "yellow", "cyan"):
            plant.drive(board.PINS["lamp_" + colour], 0)
        self.truth.end()
        for event in list(kernel._events):
            event.cancel()
        if self.hardware:
            self.hardware.files.close()
        self.pump = self.hardware = None
        gc.collect()
        os.umount(start.MOUNT_POINT)
        chip.ended = False
        kernel._stopped = None
        kernel.next_us = kernel.now_us
        kernel.run_until(kernel.now_us + off_ms * 1000 + _BOOT_US)
        self._mount()

    def _mount(self):
        import rp2

        try:
            os.mount(start._volume(rp2.Flash()), start.MOUNT_POINT)
        except OSError as error:
            raise Violation("the flash cannot be mounted after a power cut: {}".format(error))

    # The script

    def between_turns(self):
        """The main loop is about to idle: look at the plant, let the script act."""
        kernel.check()  # where the life is over nothing is judged any more
        if kernel.now_us >= self.truth.due_us:
            self.truth.look()
        if self._asked:
            if self._reply is None:
                if kernel.now_us > self._due_us + _ANSWER_MAX_US:
                    raise Violation("command {} is not answered".format(self._asked))
                return
            reply, self._reply, self._asked = self._reply, None, 0
        elif kernel.now_us < self._due_us:
            return
        else:
            reply = None
        self._lives_since = 0
        try:
            wanted = self.script.send(reply)
        except StopIteration:
            raise Over()
        if isinstance(wanted, int):
            self._due_us = kernel.now_us + wanted * 1000
        else:
            self._ask(*wanted)

    def _ask(self, command, values):
        self.truth.look()
        self._request_id += 1
        self._asked = command
        self._due_us = kernel.now_us
        payload = messages.encode_request(command, self._request_id, filled(command, values))
        self.hardware.port.heard = frame.encode(payload)

    def said(self, data):
        """The pump has answered."""
        for payload in frame.Deframer().feed(data):
            try:
                self._reply = messages.decode_reply(payload)
            except messages.Refusal as refused:
                self._reply = refused

    def cut_in(self, after_us, off_ms):
        """Power goes in a while, for so long."""
        self.off_ms = off_ms
        self._cut = Cut()
        self._cut.schedule(after_us)

    def repair(self):
        """Every fault is switched off."""
        for name in list(faults.active):
            faults.switch(name, False)


def filled(command, values):
    """The fields of a request: those given, all others nought."""
    nought = {"text": "", "blob": b"", "bool": False}
    declared = messages.codec.fields(messages.MESSAGES[command][2])
    return {name: values[name] if name in values else nought.get(kind, 0) for name, kind in declared}
