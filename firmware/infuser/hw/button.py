"""A push button that an interrupt watches: a press counts once it has lasted, contact bounce does not."""

import time

from machine import Pin

DEBOUNCE_MS = 30


class Button:
    """Closes to ground. A press may be shorter than a turn of the main loop and is still found."""

    def __init__(self, gpio: int) -> None:
        self._pin = Pin(gpio, Pin.IN, Pin.PULL_UP)
        self._down = False
        self._since_ms = 0
        self._pressed = False
        self._told = False
        self._pin.irq(self._on_edge, Pin.IRQ_FALLING | Pin.IRQ_RISING, hard=True)

    def down(self) -> bool:
        """Whether the contact is closed just now."""
        return self._pin.value() == 0

    def held_ms(self) -> int:
        """For how long the contact has been closed, 0 while it is open."""
        if self._pin.value():
            return 0
        return max(1, time.ticks_diff(time.ticks_ms(), self._since_ms)) if self._down else 1

    def pressed(self) -> bool:
        """Whether the button was pressed since the last call; one press is told once, however long it lasts."""
        if self._pressed:
            self._pressed = False
            return True
        if self._down and not self._told and time.ticks_diff(time.ticks_ms(), self._since_ms) >= DEBOUNCE_MS:
            self._told = True
            return True
        return False

    def _on_edge(self, _pin) -> None:
        # In the interrupt.
        now_ms = time.ticks_ms()
        if self._pin.value() == 0:
            if not self._down:
                self._down = True
                self._since_ms = now_ms
        elif self._down:
            self._down = False
            if not self._told and time.ticks_diff(now_ms, self._since_ms) >= DEBOUNCE_MS:
                self._pressed = True
            self._told = False
