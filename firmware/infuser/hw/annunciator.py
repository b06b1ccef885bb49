"""Lamps and sounder: shows the highest alarm priority, patterns going on by themselves."""

import time

from machine import PWM, Pin, Timer

from infuser.core import signals
from infuser.hw import board
from infuser.wire.alarms import HIGH, LOW, MEDIUM

_LAMPS = {HIGH: "lamp_red", MEDIUM: "lamp_yellow", LOW: "lamp_cyan"}
_LOUD = 32768
_CHIRP_HZ = 1000
_CHIRP_MS = 30


class Annunciator:
    """Drives three lamps and the sounder; a soft one-shot timer changes them when their pattern does."""

    def __init__(self, sensors) -> None:
        self._sensors = sensors
        self._lamps = {priority: Pin(board.PINS[name], Pin.OUT, value=0) for priority, name in _LAMPS.items()}
        self._sounder = PWM(Pin(board.PINS["sounder"]), freq=_CHIRP_HZ, duty_u16=0)
        self._hz = 0
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
        self._priority = priority
        self._sounding = sounding
        self._last_ms = time.ticks_ms()
        self._advance(None)

    def self_test(self) -> bool:
        """Chirp and light every lamp for 30 ms; False if no current flows through the sounder or a lamp stays dark.

        What is shown goes on afterwards.
        """
        self._timer.deinit()
        for lamp in self._lamps.values():
            lamp.value(1)
        lit = all(lamp.value() for lamp in self._lamps.values())
        self._sound(_CHIRP_HZ)
        time.sleep_ms(_CHIRP_MS)
        heard = self._sensors.sounder_current_ok()
        self._sound(0)
        self._advance(None)
        return heard and lit

    def _advance(self, _timer) -> None:
        now_ms = time.ticks_ms()
        self._phase_ms = (self._phase_ms + time.ticks_diff(now_ms, self._last_ms)) % signals.CYCLE_MS
        self._last_ms = now_ms
        lit, lamp_ms = signals.lamp(self._priority, self._phase_ms)
        hz, tone_ms = signals.tone(self._priority if self._sounding else 0, self._phase_ms)
        for priority, lamp in self._lamps.items():
            lamp.value(1 if lit and priority == self._priority else 0)
        self._sound(hz)
        wait_ms = min(lamp_ms, tone_ms) if lamp_ms and tone_ms else lamp_ms or tone_ms
        if wait_ms:
            self._timer.init(mode=Timer.ONE_SHOT, period=wait_ms, callback=self._on_change)
        else:
            self._timer.deinit()

    def _sound(self, hz: int) -> None:
        if hz == self._hz:
            return
        self._hz = hz
        if hz:
            self._sounder.freq(hz)
        self._sounder.duty_u16(_LOUD if hz else 0)
