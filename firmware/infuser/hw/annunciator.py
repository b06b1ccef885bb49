"""Lamps and sounder: shows the highest alarm priority, patterns going on by themselves.

Both are checked while they are in use: the sounder's current before each tone ends, the pin of a lamp that is lit.
"""

import time

from machine import PWM, Pin, Timer

from infuser.core import signals
from infuser.hw import board
from infuser.wire.alarms import HIGH, LOW, MEDIUM

_LAMPS = {HIGH: "lamp_red", MEDIUM: "lamp_yellow", LOW: "lamp_cyan"}
_LOUD = 32768
_CHIRP_HZ = 1000
_CHIRP_MS = 30
_TRY_MS = 500
# A tone cut short earlier than this says nothing about the sounder.
_SETTLED_MS = 20


class Annunciator:
    """Drives three lamps and the sounder; a soft one-shot timer changes them when their pattern does.

    `sounder_failed` tells whether the last tone went without current, `dark` (bit 1 << priority) which lamps' pins
    did not follow when they were lit last.
    """

    def __init__(self, sensors) -> None:
        self._sensors = sensors
        self._lamps = {priority: Pin(board.PINS[name], Pin.OUT, value=0) for priority, name in _LAMPS.items()}
        self._sounder = PWM(Pin(board.PINS["sounder"]), freq=_CHIRP_HZ, duty_u16=0)
        self.dark = 0
        self._hz = 0
        self._tone_ms = 0
        self.sounder_failed = False
        self._timer = Timer()
        self._on_change = self._advance
        self._priority = 0
        self._sounding = False
        self._phase_ms = 0
        self._last_ms = 0

    def show(self, priority: int, sounding: bool) -> None:
        """Signal a priority (0 for none), with its sound or without; the same again changes nothing."""
        if priority == self._priority and sounding == self._sounding:
            return
        if priority != self._priority or sounding:
            self._phase_ms = 0
            self._last_ms = time.ticks_ms()
        self._priority = priority
        self._sounding = sounding
        self._advance(None)

    def self_test(self) -> bool:
        """Chirp and light every lamp for 30 ms; False if no current flows through the sounder.

        Lamps that stay dark are told by `dark_lamps`. What is shown goes on afterwards.
        """
        self._timer.deinit()
        self._sound(0)  # a tone under way is judged for itself
        for priority in self._lamps:
            self._light(priority, True)
        self._sound(_CHIRP_HZ)
        time.sleep_ms(_CHIRP_MS)
        self._sound(0)
        self._advance(None)
        return not self.sounder_failed

    def try_one(self, signal: int) -> tuple[bool, int]:
        """Light the lamp of a priority, or sound with any other signal, for half a second.

        (whether pin or current followed, mV at the sounder's sense resistor). What is shown goes on afterwards.
        """
        self._timer.deinit()
        self._sound(0)  # a tone under way is judged for itself
        for priority in self._lamps:
            self._light(priority, priority == signal)
        lamp = signal in self._lamps
        self._sound(0 if lamp else _CHIRP_HZ)
        time.sleep_ms(_TRY_MS)
        sense_mv = self._sensors.sounder_mv()
        self._sound(0)
        works = not (self.dark >> signal & 1 if lamp else self.sounder_failed)
        self._advance(None)
        return works, sense_mv

    def blink_test(self) -> None:
        """Light every lamp for so short a time that nobody sees it; `dark` tells those that stayed dark."""
        for priority, lamp in self._lamps.items():
            was = lamp.value()
            self._light(priority, True)
            lamp.value(was)

    def dark_lamps(self) -> list[str]:
        """Colours of the lamps in `dark`."""
        return [_LAMPS[priority][5:] for priority in (HIGH, MEDIUM, LOW) if self.dark >> priority & 1]

    def _advance(self, _timer) -> None:
        now_ms = time.ticks_ms()
        self._phase_ms = (self._phase_ms + time.ticks_diff(now_ms, self._last_ms)) % signals.CYCLE_MS
        self._last_ms = now_ms
        lit, lamp_ms = signals.lamp(self._priority, self._phase_ms)
        hz, tone_ms = signals.tone(self._priority if self._sounding else 0, self._phase_ms)
        for priority in self._lamps:
            self._light(priority, lit and priority == self._priority)
        self._sound(hz)
        wait_ms = min(lamp_ms, tone_ms) if lamp_ms and tone_ms else lamp_ms or tone_ms
        if wait_ms:
            self._timer.init(mode=Timer.ONE_SHOT, period=wait_ms, callback=self._on_change)
        else:
            self._timer.deinit()

    def _light(self, priority: int, lit: bool) -> None:
        lamp = self._lamps[priority]
        lamp.value(1 if lit else 0)
        if lit:
            bit = 1 << priority
            self.dark = self.dark & ~bit if lamp.value() else self.dark | bit

    def _sound(self, hz: int) -> None:
        if hz == self._hz:
            return
        now_ms = time.ticks_ms()
        if self._hz and time.ticks_diff(now_ms, self._tone_ms) >= _SETTLED_MS:
            self.sounder_failed = not self._sensors.sounder_current_ok()
        self._tone_ms = now_ms
        self._hz = hz
        if hz:
            self._sounder.freq(hz)
        self._sounder.duty_u16(_LOUD if hz else 0)
