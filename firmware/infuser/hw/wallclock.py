"""Wall clock: a DS3231 on I2C where one answers, else the chip's own, which each power loss sets back."""

from machine import RTC

from infuser.hw import board
from infuser.wire.units import EPOCH_MAX_MS, EPOCH_MIN_MS, MS_PER_DAY, MS_PER_S

_STATUS = 0x0F
_STOPPED = 0x80  # OSF: the oscillator has stood still, the time is worthless
# Seconds to years, registers 0 to 6: the bits that are digits.
_MASKS = b"\x7f\x7f\x3f\x07\x3f\x1f\xff"


class WallClock:
    """Whole seconds of UTC, given in ms since 1970. Read it seldom and let the uptime carry it on."""

    def __init__(self, i2c) -> None:
        self._i2c = i2c
        self._own_is_set = False
        self._trusted = True

    def distrust(self) -> None:
        """It does not count: its time is lost until it is set, which starts it anew."""
        self._trusted = False

    def chip_answers(self) -> bool:
        """Whether there is a DS3231."""
        try:
            return len(self._i2c.readfrom_mem(board.CLOCK_ADDRESS, _STATUS, 1)) > 0
        except OSError:
            return False

    def read_ms(self) -> int:
        """The time; 0 when it is lost: oscillator stopped, no clock that was ever set, or implausible."""
        if not self._trusted:
            return 0
        try:
            if self._i2c.readfrom_mem(board.CLOCK_ADDRESS, _STATUS, 1)[0] & _STOPPED:
                return 0
            raw = self._i2c.readfrom_mem(board.CLOCK_ADDRESS, 0, len(_MASKS))
        except OSError:
            return self._own_ms()
        second, minute, hour, _weekday, day, month, year = [_from_bcd(byte & mask) for byte, mask in zip(raw, _MASKS)]
        return _plausible(_epoch_ms(2000 + year, month, day, hour, minute, second))

    def set_ms(self, time_ms: int) -> None:
        """Set it, to the nearest second; OSError if the DS3231 answers and does not take it."""
        days, second_of_day = divmod((time_ms + MS_PER_S // 2) // MS_PER_S, MS_PER_DAY // MS_PER_S)
        year, month, day = _date(days)
        weekday = (days + 3) % 7
        hour, minute, second = second_of_day // 3600, second_of_day // 60 % 60, second_of_day % 60
        RTC().datetime((year, month, day, weekday, hour, minute, second, 0))
        self._own_is_set = self._trusted = True
        try:
            status = self._i2c.readfrom_mem(board.CLOCK_ADDRESS, _STATUS, 1)[0]
        except OSError:
            return
        fields = (second, minute, hour, weekday + 1, day, month, year - 2000)
        self._i2c.writeto_mem(board.CLOCK_ADDRESS, 0, bytes(_to_bcd(value) for value in fields))
        self._i2c.writeto_mem(board.CLOCK_ADDRESS, _STATUS, bytes((status & ~_STOPPED & 0xFF,)))

    def _own_ms(self) -> int:
        if not self._own_is_set:
            return 0
        year, month, day, _weekday, hour, minute, second, _rest = RTC().datetime()
        return _plausible(_epoch_ms(year, month, day, hour, minute, second))


def _plausible(time_ms: int) -> int:
    return time_ms if EPOCH_MIN_MS <= time_ms < EPOCH_MAX_MS else 0


def _from_bcd(value: int) -> int:
    return (value >> 4) * 10 + (value & 0x0F)


def _to_bcd(value: int) -> int:
    return value // 10 << 4 | value % 10


def _epoch_ms(year: int, month: int, day: int, hour: int, minute: int, second: int) -> int:
    return (_days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second) * MS_PER_S


def _days(year: int, month: int, day: int) -> int:
    """Days from 1 January 1970; the year is taken to begin in March, so that a leap day ends it."""
    if month < 3:
        year -= 1
        month += 12
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day - 719469


def _date(days: int) -> tuple[int, int, int]:
    """(year, month, day) of a day number; the inverse of _days."""
    year = 1970 + days // 366
    while _days(year + 1, 1, 1) <= days:
        year += 1
    month = 1
    while month < 12 and _days(year, month + 1, 1) <= days:
        month += 1
    return year, month, days - _days(year, month, 1) + 1
