"""The idle point: the only place where virtual time meets real time, the serial line and the control channel."""

import sys

import kernel
import uselect
import utime
from micropython import const

# While nothing is heard during an advance, only every so many idle points ask the operating system.
_LOOK_EVERY = const(32)
_LISTEN_ON = const(64)
_PROGRESS_EVERY_MS = 200
_LAG_MAX_US = 2000000
_WAIT_MAX_MS = 1000
_DEFER_MAX = 200

control = None  # the control channel, once there is one
cable_out = False  # whether the serial line is interrupted
speed = 0.0  # virtual seconds a second; 0: time moves only by an advance
_base_real_us = 0
_base_virtual_us = 0
_goal_us = 0  # end of the advance under way, 0 for none
_start_us = 0
_told_ms = 0
_until = None  # during an advance: asked at each idle point, true ends it
_quiet = 0
_deferred = 0


def set_speed(value):
    """Pace from here on."""
    global speed, _base_real_us, _base_virtual_us
    speed = value
    _base_real_us = utime.ticks_us()
    _base_virtual_us = kernel.now_us


def advance(duration_us, until=None):
    """Run ahead as fast as the machine can for `duration_us`, or until `until()` at an idle point."""
    global _goal_us, _start_us, _told_ms, _until
    _start_us = kernel.now_us
    _goal_us = max(1, kernel.now_us + duration_us)
    _told_ms = utime.ticks_ms()
    _until = until


def end_advance(reason):
    """End the advance under way, if any; the control channel tells who ordered it."""
    global _goal_us, _until, _quiet
    if _goal_us:
        _goal_us = 0
        _until = None
        _quiet = 0
        set_speed(speed)
        control.advanced(reason)


def advancing():
    return _goal_us > 0


def wait(poller, timeout_us):
    """Idle until the poller has something or `timeout_us` have passed (never, when negative); what it has.

    Orders are carried out only where the firmware has time left to idle: all that it has to do at an
    instant is done before an advance ends there, however fast the next order follows.
    """
    if timeout_us == 0:
        kernel.check()
        return _glance(poller)
    end_us = kernel.now_us + timeout_us if timeout_us > 0 else kernel.NEVER
    while kernel.now_us < end_us:
        if _goal_us and (_until is not None or kernel.now_us >= _goal_us):
            _check_goal()
        if _goal_us and _is_quiet():
            kernel.run_until(end_us if end_us < _goal_us else _goal_us)
        else:
            ready = _attend(poller, end_us)
            if ready:
                _hear()
                if speed and not _goal_us:
                    _keep_up(end_us)
                return ready
    return ()


def _attend(poller, end_us):
    """Ask what is ready; let time pass when nothing is."""
    kernel.check()
    ready = _listen(poller, 0)
    if ready:
        return ready
    if _goal_us:
        _tell_progress()
        kernel.run_until(end_us if end_us < _goal_us else _goal_us)
        return ()
    return _listen(poller, -1) if speed == 0 else _pace(poller, end_us)


def _is_quiet():
    """Whether to skip asking what is ready. During a quiet advance that would cost more than a tick."""
    global _quiet
    if not _goal_us:
        return False
    _quiet = quiet = _quiet + 1
    return quiet > _LISTEN_ON and quiet % _LOOK_EVERY != 0


def _hear():
    global _quiet
    _quiet = 0


def _glance(poller):
    """What the firmware asked for that is ready now; orders wait."""
    if _is_quiet():
        return ()
    ready = poller.poll(0)
    if ready:
        if cable_out:
            ready = _cut_off(ready)
        if control is not None:
            ready = [item for item in ready if item[0] is not control.file]
        if ready:
            _hear()
    return ready


def _listen(poller, timeout_ms):
    """What the firmware asked for that is ready; orders on the control channel are carried out after it."""
    global _deferred
    ready = poller.poll(timeout_ms)
    if ready and cable_out:
        ready = _cut_off(ready)
    if not ready or control is None:
        return ready
    for item in ready:
        if item[0] is control.file:
            ready.remove(item)
            # The serial line goes first: what was sent before an order is read before it.
            _deferred += 1
            if not ready or _deferred > _DEFER_MAX:
                _deferred = 0
                control.serve()
            break
    return ready


def _cut_off(ready):
    """What is ready when the cable is out: never the serial line, and what was said on it is lost."""
    left = []
    for item in ready:
        if item[0] is sys.stdin:
            _swallow()
        elif item[0] is not sys.stdout:
            left.append(item)
    return left


def _swallow():
    line = uselect.poll()
    line.register(sys.stdin, uselect.POLLIN)
    while line.poll(0) and sys.stdin.buffer.read(1):
        pass


def _pace(poller, end_us):
    """Wait in real time until the next event is due at the present speed, then let it happen."""
    if kernel.next_us < end_us:
        end_us = kernel.next_us
    virtual_us = _base_virtual_us + int((utime.ticks_us() - _base_real_us) * speed)
    if virtual_us - kernel.now_us > _LAG_MAX_US * speed:
        # The machine was asleep or is too slow: what it missed is not made up for.
        set_speed(speed)
        virtual_us = kernel.now_us
    ahead_ms = int((end_us - virtual_us) / speed) // 1000
    if ahead_ms > 0:
        # What has passed of a long wait is no lag.
        kernel.run_until(max(kernel.now_us, virtual_us))
        return _listen(poller, min(ahead_ms, _WAIT_MAX_MS))
    kernel.run_until(end_us)
    return ()


def _keep_up(end_us):
    """Time passes for a line that is never silent too, up to the end of this wait: a flood must not make it stand."""
    virtual_us = _base_virtual_us + int((utime.ticks_us() - _base_real_us) * speed)
    if virtual_us > kernel.now_us:
        kernel.run_until(min(virtual_us, end_us))


def _check_goal():
    if _until is not None and _until():
        end_advance("alarm")
    elif kernel.now_us >= _goal_us:
        end_advance(None)


def _tell_progress():
    global _told_ms
    if utime.ticks_ms() - _told_ms >= _PROGRESS_EVERY_MS:
        _told_ms = utime.ticks_ms()
        control.progress((kernel.now_us - _start_us) // 1000, (_goal_us - _start_us) // 1000)
