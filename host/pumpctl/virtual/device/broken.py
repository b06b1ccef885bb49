"""What can fail inside the chip and around it: transfers that never end, timers that stop."""

import sys

import kernel
from chipstate import chip

timers_dead = False  # hard timers fire no more
hangs = {"bus-hang": 0, "flash-hang": 0}  # how many operations to come never end


def hang_if_due(name, interrupts):
    """Never come back, if the fault is on; each time counts it down."""
    if hangs[name]:
        hangs[name] -= 1
        hang(interrupts)


def hang(interrupts):
    """The processor waits for ever, with interrupts or without: only the watchdog ends that."""
    print("the program hangs", file=sys.stderr)
    if not _next(False):
        print("and no watchdog runs", file=sys.stderr)
        chip.end(1)
    while True:
        kernel.now_us = max(kernel.now_us, _next(interrupts).due_us)
        if interrupts:
            kernel._fire_hard()
        else:
            _next(False).fire()


def _next(interrupts):
    """The earliest event that goes on without the processor: a hard one, or the watchdog alone."""
    first = None
    for event in kernel._events:
        if (event.hard and interrupts) or getattr(event, "bites", False):
            if first is None or event.due_us < first.due_us:
                first = event
    return first
