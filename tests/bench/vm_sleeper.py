"""Runs on MicroPython: a motor loop of the simplest kind, in the same virtual time.

It makes a step, sleeps for the interval of the present rate in whole ms, and makes the next. What else the
program does adds to the interval: here only the flash, as often as the pump under test writes to it.
"""

import time

import kernel
from flashpart import ERASE_US

MINUTE_US = 60000000
WEEK_MIN = 10080


def rate_at(starts, minute):
    """nL a day at a minute of the week."""
    rate = starts[-1][1]
    for start, value in starts:
        if start <= minute:
            rate = value
    return rate


def play(starts, step_pl, begin_min, days, flash_us_per_step):
    """Steps made in `days` from a minute of the week on."""
    begin_us = kernel.now_us
    end_us = begin_us + days * 1440 * MINUTE_US
    steps = 0
    flash_us = 0
    while True:
        rate = rate_at(starts, (begin_min + (kernel.now_us - begin_us) // MINUTE_US) % WEEK_MIN)
        time.sleep_ms((step_pl * 86400 + rate // 2) // rate)
        if kernel.now_us >= end_us:
            return steps
        steps += 1
        flash_us += flash_us_per_step
        while flash_us >= ERASE_US:
            kernel.block(ERASE_US)
            flash_us -= ERASE_US
