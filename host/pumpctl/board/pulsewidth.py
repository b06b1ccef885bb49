"""The sounder's PWM, worked out from its registers: the emulator would wake a thousand times a second for its wraps."""

from collections.abc import Callable
from typing import Any

from infuser.hw import board

_CLOCK_HZ = 125_000_000
_ENABLE = 1
_SLICES = 8


def work_out(mcu: Any, heard: Callable[[int], None] = lambda hz: None) -> None:
    """The sounder's slice counts no more; `heard` gets what it puts out in Hz, 0 for silence, after each change."""
    channel = mcu.pwm.channels[board.PINS["sounder"] // 2 % _SLICES]
    write = channel.write_register

    def stand() -> None:
        channel.timer.enable = False

    def write_register(offset: int, value: int) -> None:
        write(offset, value)
        stand()  # a new divider would let it count
        heard(_hz(channel))

    channel.update_enable = stand
    channel.write_register = write_register


def _hz(channel: Any) -> int:
    level = channel.cc >> 16 if board.PINS["sounder"] & 1 else channel.cc & 0xFFFF
    if not channel.csr & _ENABLE or not level:
        return 0
    divider = (channel.div >> 4 & 0xFF or 256) + (channel.div & 0xF) / 16
    return round(_CLOCK_HZ / divider / (channel.top + 1))
