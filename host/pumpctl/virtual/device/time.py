"""Stand-in for `time` of the rp2 port, in virtual time: sleeping moves the clock at once."""

import kernel
from micropython import const

# Read `kernel.now_us` afresh each time: importing the name would copy the number.
_MASK = const((1 << 30) - 1)
_HALF = const(1 << 29)
_DAYS_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
# The chip's clock begins here at power-on.
EPOCH_AT_START_S = 1609459200
_clock_offset_s = EPOCH_AT_START_S


def ticks_us():
    return kernel.now_us & _MASK


def ticks_ms():
    return kernel.now_us // 1000 & _MASK


ticks_cpu = ticks_us


def ticks_diff(end, start):
    return (end - start + _HALF & _MASK) - _HALF


def ticks_add(ticks, delta):
    return ticks + delta & _MASK


def sleep_us(duration_us):
    kernel.run_until(kernel.now_us + duration_us)


def sleep_ms(duration_ms):
    kernel.run_until(kernel.now_us + duration_ms * 1000)


def sleep(duration_s):
    kernel.run_until(kernel.now_us + int(duration_s * 1000000))


def time():
    return kernel.now_us // 1000000 + _clock_offset_s


def time_ns():
    return kernel.now_us * 1000 + _clock_offset_s * 1000000000


def set_time(seconds):
    """What machine.RTC does to time()."""
    global _clock_offset_s
    _clock_offset_s = seconds - kernel.now_us // 1000000


def _year_days(year):
    """Days from 1970 to the beginning of a year."""
    before = year - 1
    return 365 * (year - 1970) + before // 4 - before // 100 + before // 400 - 477


def _leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def mktime(fields):
    year, month, day, hour, minute, second = fields[:6]
    days = _year_days(year) + _DAYS_BEFORE[month - 1] + day - 1
    if month > 2 and _leap(year):
        days += 1
    return ((days * 24 + hour) * 60 + minute) * 60 + second


def gmtime(seconds=None):
    if seconds is None:
        seconds = time()
    days, rest = divmod(seconds, 86400)
    year = 1970 + days // 366
    while _year_days(year + 1) <= days:
        year += 1
    yearday = days - _year_days(year)
    month = 12
    while yearday < _before(year, month):
        month -= 1
    day = yearday - _before(year, month) + 1
    return year, month, day, rest // 3600, rest // 60 % 60, rest % 60, (days + 3) % 7, yearday + 1


localtime = gmtime


def _before(year, month):
    return _DAYS_BEFORE[month - 1] + (1 if month > 2 and _leap(year) else 0)
