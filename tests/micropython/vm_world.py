"""Runs on MicroPython: the virtual pump's own plant as the world of the bench (see vm_bench)."""

import idle
import kernel
import main
from plant import END, plant
from slaves import clock
from vm_witness import files_of, motor_of, witness_of

from infuser.app import startup
from infuser.app.pump import Pump
from infuser.hw import board
from infuser.hw.serialport import SerialPort
from infuser.hw.watchdog import Watchdog

_PRESS_MS = 40
_DRIVE, _FILES, _TICK_TIMER = main.Drive, main.Files, main.TickTimer


class Silence:
    """The control channel of a virtual pump to which nobody gives orders."""

    file = None

    def progress(self, done_ms, of_ms):
        """Nobody asks."""

    def advanced(self, reason):
        """Nobody asks."""


class Unwatched(Watchdog):
    """Never started: hours pass in one go."""

    def start(self):
        """It stays off."""


class Line(SerialPort):
    """The serial line, over which now and then somebody is heard."""

    heard = b""

    def read(self):
        heard = self.heard
        self.heard = b""
        return super().read() or heard


class World:
    """A new pump, its flash empty, in the plant that was there before."""

    def __init__(self, seed):
        self.not_made = 0
        self.saved = self.loaded = self.pump = self.timer = None
        self.made_at_cut = 0
        main.Drive = motor_of(_DRIVE, self)
        main.Files = files_of(_FILES, self)
        main.TickTimer = witness_of(_TICK_TIMER, self)
        main.SerialPort = Line
        clock.lost = clock.stopped = False
        self._power_off()  # the pump that was there before
        files = _FILES(main.DATA_DIR)
        for name in files.names():
            files.remove(name)
        self._power_on()

    def _power_off(self):
        plant.take(board.PINS["enable"], 1 - board.DRIVER_ON)
        for event in list(kernel._events):
            event.cancel()

    def _power_on(self):
        self.pump = None
        idle.control = None  # else the serial line would wait for it too
        self.hardware = main.Hardware()
        idle.control = Silence()
        idle.advance(1 << 58)
        self.hardware.watchdog = Unwatched()
        self.pump = Pump(self.hardware)
        self.loaded = self.counted()
        startup.take_up(self.pump)

    def counted(self):
        if self.pump is None:
            return None
        channels = self.pump.delivery.meter.channels
        return [channel.issued for channel in channels], [channel.acc_pl for channel in channels], channels[0].acc_rem

    def now_ms(self):
        return kernel.now_us // 1000

    def wall_clock_ms(self):
        return clock.wall_ms()

    @property
    def clock_lost(self):
        return clock.lost

    def lose_clock(self):
        clock.lost = clock.stopped = True

    def idle(self, duration_ms):
        self.hardware.port.idle(duration_ms)

    def settle_pulses(self):
        kernel.run_until(kernel.now_us + 1000)

    def talk(self):
        self.hardware.port.heard = b"\0"

    def press(self):
        """A press that outlasts the contact's bouncing; no turn of the loop falls into it."""
        plant.sense(board.PINS["patient_button"], 0)
        kernel.run_until(kernel.now_us + _PRESS_MS * 1000)
        plant.sense(board.PINS["patient_button"], 1)

    def steps_made(self):
        plant.sync()
        return plant.steps_made

    def fill(self, steps):
        plant.put_piston(END - steps)

    def at_empty(self):
        return plant.level(board.PINS["limit_empty"]) == 0

    def restart(self, off_ms):
        """Power goes: motor and timers stand at once. After a while the firmware starts over what is stored."""
        self.made_at_cut = self.steps_made()
        self._power_off()
        kernel.run_until(kernel.now_us + off_ms * 1000)
        self._power_on()
