"""Virtual time: the clock that the firmware sees, and the events that hang on it.

`now_us` counts microseconds of the pump's own crystal since power-on. It moves only in run_until()
(the firmware sleeps or idles) and block() (a flash operation holds up the processor).
"""

from micropython import const, heap_lock, heap_unlock

# A turn of the firmware costs some 20 us of machine time; what is on its path is written to be quick: names fetched
# once, few calls, no function of so many values that its frame would not fit the stack.
NEVER = const(1 << 60)

now_us = 0
next_us = NEVER
_events = []
_stopped = None


class Event:
    """Something due at `due_us`, again every `period_us` unless that is 0.

    A hard event interrupts everything but a flash operation; any other waits for a sleep or idling.
    """

    hard = False

    def __init__(self):
        self.due_us = NEVER
        self.period_us = 0

    def schedule(self, delay_us, period_us=0):
        """Becomes due after `delay_us`, replacing what was scheduled."""
        global next_us
        self.due_us = due_us = now_us + delay_us
        self.period_us = period_us
        if self not in _events:
            _events.append(self)
        if due_us < next_us:
            next_us = due_us

    def cancel(self):
        """Never becomes due; nothing if it was not scheduled."""
        self.due_us = NEVER
        self.period_us = 0
        if self in _events:
            _events.remove(self)

    def fire(self):
        """What happens when it is due."""


def run_until(target_us):
    """Let virtual time pass up to `target_us`, firing what becomes due on the way."""
    global now_us
    while next_us <= target_us:
        if next_us > now_us:
            now_us = next_us
        _fire_next()
    if target_us > now_us:
        now_us = target_us


def block(duration_us):
    """Let time pass with interrupts off; hard events that became due fire late, afterwards."""
    global now_us
    check()
    now_us += duration_us
    while _fire_hard():
        pass


def _fire_next():
    """Fire the earliest event if it is due, and find out when the next one will be."""
    global next_us
    if _stopped is not None:
        raise SystemExit(_stopped)
    first = None
    first_us = later_us = NEVER
    for event in _events:
        due_us = event.due_us
        if due_us < first_us:
            later_us = first_us
            first_us = due_us
            first = event
        elif due_us < later_us:
            later_us = due_us
    if first_us > now_us:
        next_us = first_us  # what was due now has been put off
        return
    next_us = later_us
    if first.period_us:
        first.due_us = due_us = first_us + first.period_us
        if due_us < later_us:
            next_us = due_us
    else:
        first.cancel()
    first.fire()


def _fire_hard():
    """Fire the earliest hard event that is due (at most one); whether there was one."""
    global next_us
    check()
    first = None
    for event in _events:
        if event.hard and event.due_us <= now_us and (first is None or event.due_us < first.due_us):
            first = event
    next_us = NEVER
    if first is not None:
        if first.period_us:
            first.due_us += first.period_us
        else:
            first.cancel()
    for event in _events:
        if event.due_us < next_us:
            next_us = event.due_us
    if first is not None:
        first.fire()
    return first is not None


def call_hard(callback, argument):
    """Run an interrupt handler as the chip does: no memory may be had. Returns what it raised, or None."""
    heap_lock()
    failed = failure(callback, argument)
    heap_unlock()
    return failed


def failure(callback, argument):
    """What a callback raised, or None. Heap locked: so its frame lies on the stack, which costs less."""
    try:
        callback(argument)
    except Exception as error:
        return error


def stop(code):
    """The processor stands still: SystemExit with the code of the first stop, whenever time would go on."""
    global _stopped, next_us
    if _stopped is None:
        _stopped = code
    next_us = -1


def check():
    """Raise that SystemExit, if it is due."""
    if _stopped is not None:
        raise SystemExit(_stopped)
