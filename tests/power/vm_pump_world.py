"""Runs on MicroPython: the whole pump with its tape: once through the script, then a life after any cut of it."""

import os

import flash
import kernel
import start
from chipstate import chip
from vm_fault_world import Over, Violation, World
from vm_pump_after import AGAIN, After
from vm_pump_judge import Judge
from vm_pump_truth import restore

from infuser.app import replay, startup
from infuser.core.mac import Channel
from infuser.wire import frame, messages
from infuser.wire.signed import SIGNED

_READ, _TAKE_UP = replay.read_journal, startup.take_up
_OFF_US = (0, 3000000, 600000000)  # the power comes back at once, soon, late


class Looks:
    """vm_fault_world.World asks somebody who looks on; while the tape records that is the tape."""

    due_us = 0

    def __init__(self, tape):
        self._tape = tape
        self.look = tape.truth.count
        self.end = tape.truth.ended

    def begin(self, world):
        self._tape.born(world.pump)


class Signing(World):
    """What is sent over the line is signed once somebody has signed in."""

    _channel = None
    _counter = 0

    def sign_with(self, key):
        """Sign from now on with a session's key, or not with None."""
        self._channel = Channel(key) if key else None
        self._counter = 0

    def _power_on(self, cause):
        self.sign_with(None)
        super()._power_on(cause)

    def send(self, payload):
        """A payload to the pump."""
        if self._channel:
            self._counter += 1
            payload = self._channel.sign(self._counter, payload)
        self.hardware.port.heard = frame.encode(payload)

    def _ask(self, command, values):
        super()._ask(command, values)
        for payload in frame.Deframer().feed(self.hardware.port.heard):
            self.send(payload)
            return payload

    def said(self, data):
        for payload in frame.Deframer().feed(data):
            if payload[0] == SIGNED:
                payload = self._channel.verify(payload)[1]
            super().said(frame.encode(payload))


class Taped(Signing):
    """The world of the script. `lives` counts power-ons."""

    def __init__(self, tape):
        super().__init__(Looks(tape))
        self.tape = tape
        self.lives = 0

    def _start(self, cause):
        self.lives += 1
        super()._start(cause)

    def _ask(self, command, values):
        payload = super()._ask(command, values)
        if messages.MESSAGES[command][1] & messages.MUTATES:
            self.tape.asked(payload)

    def switch_off(self):
        """For good: the recording is over."""
        self._power_off(0)
        os.umount(start.MOUNT_POINT)


class Cut(Signing):
    """The world after a cut, once for each."""

    def __init__(self, tape, figures):
        super().__init__(None)
        self.tape = tape
        self.figures = figures
        self._request_id = 1 << 41  # none of the script's

        def read_journal(recorder, watchdog):
            last = _READ(recorder, watchdog)
            self.truth.replayed(recorder)
            return last

        def take_up(pump):
            _TAKE_UP(pump)
            self.truth.taken_up()

        replay.read_journal, startup.take_up = read_journal, take_up

    def after(self, number, entry, cutting):
        """A life after the operation of an `entry` was left out or done by half; Violation if it is not sound."""
        if cutting.half:
            self.tape.apply_half(entry)
        self._place(cutting, flash.PROGRAM_US if entry[2] else flash.ERASE_US)
        self.truth = Judge(self.tape.truth, self.figures, cutting)
        kernel.run_until(kernel.now_us + _OFF_US[number % len(_OFF_US)])
        try:
            self._mount()
            self._start("power-on")
            self.script = After(self, self.truth).live()
            self.pump.run()
        except Over:
            return
        except SystemExit as stopped:
            raise Violation("the pump ended with code {}".format(stopped.args[0]))
        finally:
            self._take_away()

    def _place(self, cutting, duration_us):
        """The world as it was when the power failed."""
        kernel._stopped = None
        kernel.now_us = cutting.moment.now_us + (duration_us // 2 if cutting.half else 0)
        kernel.next_us = kernel.NEVER
        restore(cutting.moment, cutting.half)
        self.tape.image.cut_at = 0
        self._asked = self._due_us = self._lives_since = 0
        self._reply = None

    def _take_away(self):
        """No pump; the flash as it was before this life."""
        chip.ended = True
        for event in list(kernel._events):
            event.cancel()
        if self.hardware:
            self.hardware.files.close()
        self.pump = self.hardware = None
        os.umount(start.MOUNT_POINT)
        chip.ended = False
        self.tape.undo()

    def _ask(self, command, values):
        if command == AGAIN:
            self._asked = -1
            self._due_us = kernel.now_us
            self.send(values)
        else:
            super()._ask(command, values)
