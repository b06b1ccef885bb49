"""Runs on MicroPython: the whole pump on its stand-ins, commanded by its own handlers, nobody on the line."""

import binascii
import gc

import idle
import kernel
import main
from plant import plant

from infuser.app import startup
from infuser.app.commands import carry_out
from infuser.app.pump import FAST_LOOP_MS, Pump
from infuser.wire import library, messages, program, units


class Silence:
    """The control channel of a virtual pump to which nobody gives orders."""

    file = None

    def progress(self, done_ms, of_ms):
        """Nobody asks."""

    def advanced(self, reason):
        """Nobody asks."""


def switched_on():
    """A pump as it comes from the bench: empty, without a therapy."""
    pump = Pump(main.Hardware())
    gc.threshold(96 * 1024)  # as main() does
    idle.control = Silence()
    startup.take_up(pump)
    idle.advance(1 << 58)
    return pump


def started(program_hex, concentration=500, library_hex=""):
    """A full pump that infuses an encoded program of a concentration in ug/mL; with another library than its own."""
    pump = switched_on()
    if library_hex:
        encoded = binascii.unhexlify(library_hex)
        pump.library.replace(encoded + bytes(library.SIGNATURE_BYTES), library.decode(encoded), "bench")
    data = binascii.unhexlify(program_hex)
    order(pump, messages.PROGRAM_STAGE, total=len(data), offset=0, chunk=data)
    order(pump, messages.PROGRAM_COMMIT, digest=program.digest(data), confirmed=True, bridge_nl=0, signature=b"")
    refill(pump, concentration)
    return pump


def order(pump, command, **request):
    """Carry out a command; its reply."""
    request["operator"] = "bench"
    return carry_out(pump, command, request)


def refill(pump, concentration=500):
    """Fill the reservoir and start the therapy."""
    order(pump, messages.REFILL_BEGIN)
    plant.put_piston(0)
    full_nl = units.RESERVOIR_CAPACITY_NL
    order(
        pump, messages.REFILL_COMPLETE, measured_residual_nl=0, volume_nl=full_nl, concentration_ug_per_ml=concentration
    )
    order(pump, messages.RESUME, delay_ms=0)


def live(pump, duration_ms):
    """Turns of the main loop in a time, as Pump.run makes them; how many."""
    end_us = kernel.now_us + duration_ms * 1000
    wait = pump.hardware.port.idle
    turns = 0
    while kernel.now_us < end_us:
        turns += 1
        wait(FAST_LOOP_MS if pump.poll() else pump.delivery.turn_ms())
    return turns
