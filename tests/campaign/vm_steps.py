"""Runs on MicroPython: the instants of a bolus's microsteps, with a line that is silent or flooded."""

import faults
import kernel
import rp2
from bits import registering  # noqa: F401 (loads what a tick needs before anything is timed)
from plant import plant
from vm_frames import ANYBODYS, Sender
from vm_fuzz import CLOSED, Flood

from infuser.hw.watchdog import Watchdog
from infuser.wire import states

BOLUS_NG = 20000
BOLUS_MS = 300000
# A turn of the main loop that answers a frame on the chip is taken to last as long as this.
TURNS_MS = (1, 40, 90, 250)
FLOODS = {
    "control bytes": b"\x03\x04\x01\x02\x05" * 100,
    "0x03": b"\x03" * 512,
    "half frames": b"\0\x0b\x01\x0c\x08\x07\x06\x05\0\x0b\x01\x0c",
    "frames longer than the limit": b"\0" + b"\xff" * 1500 + b"\0",
    "a terminal left open": b"AT\r\n>>> import machine\r\nhelp()\r\n\x1b[A",
    "zeros": bytes(64),
}
_BURSTS_MAX = 4000
_bursts = [0] * (3 * _BURSTS_MAX)
_count = 0
_fetch = rp2.StateMachine._fetch


def _noted(machine):
    """A burst goes out: first pulse, interval and count say when each of its pulses is made. Allocates nothing."""
    global _count
    _fetch(machine)
    _bursts[_count] = machine._start_us
    _bursts[_count + 1] = machine._interval_us
    _bursts[_count + 2] = machine._count
    _count += 3


class Bedside:
    """A bolus beside a line on which `what` comes: a name of FLOODS, "everything" (see vm_frames), or "" for silence.

    The watchdog bites.
    """

    def __init__(self, what):
        self.flood = Flood(1, CLOSED)
        self.pump = self.flood.world.pump
        self.data = FLOODS.get(what, b"")
        self.sender = Sender(5, self.pump.protocol, ANYBODYS) if what == "everything" else None
        self.pump.hardware.watchdog = watchdog = Watchdog()
        self.pump.alive._watchdog = watchdog
        watchdog.start()
        self.frames = 0
        self.pass_ms(60000)

    def pass_ms(self, duration_ms):
        """Time passes as the main loop lets it: at a silent line until something is due, else turn after turn."""
        end_us = kernel.now_us + duration_ms * 1000
        port = self.flood.port()
        while kernel.now_us < end_us:
            if not port.inbox:
                port.inbox = self.sender.next()[1] if self.sender else self.data
                self.frames += 1
            flooded = bool(port.inbox)
            self.pump.poll()
            if flooded:
                turn_ms = TURNS_MS[self.frames % len(TURNS_MS)]
                kernel.run_until(min(end_us, kernel.now_us + turn_ms * 1000))
            else:
                port.idle(min(self.pump.delivery.turn_ms(), max(1, (end_us - kernel.now_us) // 1000)))

    def bolus(self):
        """[instants of all microsteps in us, those of the bolus, state, frames]: a bolus and a minute after it."""
        rp2.StateMachine._fetch = _noted
        began_us = kernel.now_us
        before = self.pump.delivery.bucket_steps()[states.CLINICIAN_BOLUS]
        self.flood.give(BOLUS_NG, BOLUS_MS)
        self.pass_ms(BOLUS_MS + 60000)
        instants = [
            _bursts[at] - began_us + number * _bursts[at + 1]
            for at in range(0, _count, 3)
            for number in range(_bursts[at + 2])
        ]
        made = self.pump.delivery.bucket_steps()[states.CLINICIAN_BOLUS] - before
        return [instants, made, self.pump.controller.state, self.frames]

    def until(self, happened, most_ms):
        """Time until something has happened, in ms; the most if it has not."""
        began_us = kernel.now_us
        while not happened() and kernel.now_us - began_us < most_ms * 1000:
            self.pass_ms(10)
        return (kernel.now_us - began_us) // 1000

    def alarm_ms(self, fault, alarm):
        """Time from a fault to its alarm."""
        faults.switch(fault, True)
        return self.until(lambda: self.pump.controller.ledger.alarms.active(alarm), 900000)

    def stop_ms(self):
        """Times from a press of the stop button until the motor has no current, and until the pump says so."""
        faults.press("stop", True)
        kernel.run_until(kernel.now_us + 1000)
        cut = not plant.enabled
        told_ms = self.until(lambda: self.pump.controller.state == states.SUSPENDED, 60000)
        faults.press("stop", False)
        return [cut, told_ms]
