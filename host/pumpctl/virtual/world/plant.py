"""The physics on the far side of the pins: motor, piston, fluid and everything else that can be sensed.

Positions are microsteps; the piston's is 0 at the full end and END at the empty one. Whatever an
interrupt handler reaches (`sync`, `pulses`, `level`) uses small integers only and allocates nothing.
"""

from math import pi, sin

import kernel
import traces

from infuser.hw import board
from infuser.wire import units

STEP_PL = units.STEP_PL_NOMINAL
END = units.RESERVOIR_CAPACITY_NL * units.PL_PER_NL // STEP_PL
BACKLASH_STEPS = 40
TURN_STEPS = 3200
_SWITCH_STEPS = 20  # a limit switch closes this much before its end
_EMPTY_AT = END - _SWITCH_STEPS
_ENABLE = board.PINS["enable"]
_DIR = board.PINS["dir"]
_FULL = board.PINS["limit_full"]
_EMPTY = board.PINS["limit_empty"]
MOVED = (_FULL, _EMPTY)  # the pins whose level the mechanics give
_LAMPS = (board.PINS["lamp_cyan"], board.PINS["lamp_yellow"], board.PINS["lamp_red"])
_COLOURS = ("cyan", "yellow", "red")
_BESIDE = (0, 1, 0, -1)
_SINE = bytes(round(100 + 100 * sin(pi * index / 32)) for index in range(64))  # a period, 100 is zero
_DAY_US = 86400000000
_LAMP_DARK_US = 3000000  # longer than any flashing lamp stays dark
_LAMP_LIT_US = 100000  # a lamp lit for less is being tested and signals nothing


class Plant:
    """State of the mechanics and of the signals; the fluid is in `fluid`."""

    def __init__(self):
        self.levels = bytearray(30)
        for name in ("enable", "limit_full", "limit_empty", "patient_button", "stop_button", "service_jumper"):
            self.levels[board.PINS[name]] = 1
        self.levels[board.PINS["supply_present"]] = 1
        self.on_edge = {}  # gpio -> (whether rising edges count too, handler)
        self.generator = None  # the state machine that makes the step pulses
        self.enabled = False  # whether the PIO has the driver's enable line: current flows around each pulse
        self.forward = True
        self.steps_made = 0
        self.steps_back = 0
        self.motor = 0
        self.piston = 0
        self.gap = BACKLASH_STEPS  # 0: backlash taken up backwards, BACKLASH_STEPS: forwards
        self.moved_pl = 0  # displaced since the fluid looked last
        self.occluded = False
        self.room_pl = 0  # what the motor can still press into an occluded line; `fluid` says
        self.stalled = False
        self.skip_percent = 0
        self.slip_percent = 0
        self.runaway_hz = 0
        self.battery_mv = 4100
        self.temperature_mc = 32000
        self.sounder_hz = 0
        self.sounder_dead = False
        self.lamps_dead = bytearray(30)  # by GPIO: 1 for a lamp that stays dark
        self.encoder_dead = False
        self.clock_absent = False
        self.noise = 1
        self.encoder_noise = 1
        self.encoder_drift = 0
        self.encoder_eccentricity = 0
        self._lamp_us = [-_LAMP_DARK_US] * len(_LAMPS)
        self._lit_us = [0] * len(_LAMPS)
        self._skipped = 0
        self._dice = 1
        self._ran_us = 0

    def sync(self):
        """Bring the mechanics up to the present. Interrupt-safe."""
        generator = self.generator
        if generator is not None and kernel.now_us >= generator.next_us:
            generator.sync()
        if self.runaway_hz:
            due = (self.on_us() - self._ran_us) * self.runaway_hz // 1000000
            self._ran_us += due * 1000000 // self.runaway_hz
            if self.enabled:
                self.turn(due if self.forward else -due)

    def connect(self, generator):
        """The state machine that makes the step pulses from now on."""
        self.generator = generator
        self._ran_us = 0

    def on_us(self):
        """For how long the driver has had current since power-on. Interrupt-safe."""
        return 0 if self.generator is None else self.generator.on_us()

    def pulses(self, count):
        """The driver gets `count` step pulses. Interrupt-safe."""
        if not self.enabled:
            return
        if self.forward:
            self.steps_made += count
        else:
            self.steps_back += count
        if self.stalled:
            return
        if self.skip_percent:
            self._skipped += count * self.skip_percent
            count -= self._skipped // 100
            self._skipped %= 100
        if self.slip_percent:
            count -= self._slipped(count)
        self.turn(count if self.forward else -count)

    def _slipped(self, count):
        """How many of `count` microsteps the coupling loses, each by chance."""
        lost = 0
        for _ in range(count):
            self._dice = dice = (self._dice * 1103515245 + 12345) & 0x7FFFFFFF
            if (dice >> 16) % 100 < self.slip_percent:
                lost += 1
        return lost

    def turn(self, count):
        """The motor turns `count` microsteps, forwards if positive, as far as it can."""
        if count > 0:
            free = BACKLASH_STEPS - self.gap
            limit = END - self.piston
            if self.occluded:
                limit = min(limit, max(0, self.room_pl) // STEP_PL)
            count = min(count, free + limit)
            pushed = max(0, count - free)
        else:
            free = -self.gap
            count = max(count, free - self.piston)
            pushed = min(0, count - free)
        self.motor += count
        self.gap += count - pushed
        self.piston += pushed
        self.moved_pl += pushed * STEP_PL
        self.room_pl -= pushed * STEP_PL

    def level(self, gpio):
        """Level at a pin. Interrupt-safe."""
        if gpio == _EMPTY:
            self.sync()
            return 0 if self.piston >= _EMPTY_AT else 1
        if gpio == _FULL:
            self.sync()
            return 0 if self.piston <= _SWITCH_STEPS else 1
        return self.levels[gpio]

    def sense(self, gpio, level):
        """The world outside puts a level on a pin."""
        before = self.levels[gpio]
        self.levels[gpio] = level
        if before != level and gpio in self.on_edge:
            rising_too, handler = self.on_edge[gpio]
            if rising_too or not level:
                handler()

    def drive(self, gpio, level):
        """The firmware puts a level on a pin."""
        if self.lamps_dead[gpio]:
            level = 0
        if self.levels[gpio] != level:
            if gpio == _DIR:
                self.sync()
            elif gpio in _LAMPS:
                self._lamp_turns(_LAMPS.index(gpio), level)
            self.levels[gpio] = level
            self.forward = self.levels[_DIR] == board.FORWARD

    def give(self, gpio):
        """The PIO's program switches the driver from now on; no other pin is given to it in this way."""
        if gpio != _ENABLE:
            raise ValueError(gpio)
        self.sync()
        self.enabled = True

    def take(self, gpio, level):
        """A pin follows the firmware again, at a level."""
        if gpio != _ENABLE or level == board.DRIVER_ON:
            raise ValueError(gpio)
        self.sync()
        self.enabled = False
        self.levels[gpio] = level

    def sound(self, hz):
        """The firmware lets the sounder sound at a frequency, 0 for silence."""
        if hz != self.sounder_hz:
            self.sounder_hz = hz
            traces.saw("sounder", hz)

    def _lamp_turns(self, index, level):
        traces.saw(_COLOURS[index], level)
        if level:
            self._lit_us[index] = kernel.now_us
        elif kernel.now_us - self._lit_us[index] >= _LAMP_LIT_US:
            self._lamp_us[index] = kernel.now_us

    def priority_signalled(self):
        """Highest alarm priority whose lamp is lit or was so in the last seconds, else 0."""
        for index in (2, 1, 0):
            if self.levels[_LAMPS[index]] or kernel.now_us - self._lamp_us[index] < _LAMP_DARK_US:
                return index + 1
        return 0

    def angle(self):
        """What the encoder reads: 0 to 4095, now and then `encoder_noise` counts beside.

        Its magnet may stand off the axis: `encoder_eccentricity` counts at most within a turn. And it
        may drift with the temperature of the day: `encoder_drift` counts at most.
        """
        self.sync()
        self.noise = noise = (self.noise * 1103515245 + 12345) & 0x7FFFFFFF
        # 4096 counts for 3200 microsteps, in hundredths of a count.
        counts = self.motor * 128
        if self.encoder_eccentricity:
            counts += (_SINE[self.motor % TURN_STEPS // 50] - 100) * self.encoder_eccentricity
        if self.encoder_drift:
            counts += (_SINE[kernel.now_us % _DAY_US * 64 // _DAY_US] - 100) * self.encoder_drift
        return (counts // 100 + _BESIDE[noise >> 29] * self.encoder_noise) & 0xFFF

    def set_runaway(self, steps_per_s):
        """Something else makes steps too: the motor follows while it has current; 0 ends it."""
        self.sync()
        self._ran_us = self.on_us()
        self.runaway_hz = steps_per_s

    def put_piston(self, position):
        """Somebody moves the piston by hand, the drive unlatched; it rests on the drive again afterwards."""
        self.sync()
        self.piston = max(0, min(END, position))
        self.gap = BACKLASH_STEPS


plant = Plant()
