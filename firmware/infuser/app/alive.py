"""Feeds the watchdog while tick, main loop and journal make progress, and notes what does not."""

from infuser.core import liveness
from infuser.wire import alarms


class Alive:
    """What stands still is noted where a reset leaves it alone; the start that follows puts it into the log."""

    def __init__(self, pump) -> None:
        self._watch = pump.watch
        self._delivery = pump.delivery
        self._recorder = pump.recorder
        self._watchdog = pump.hardware.watchdog
        self._chip = pump.hardware.chip
        self._liveness = liveness.Liveness()
        self._suspect = 0

    def poll(self, now_ms: int) -> None:
        """Once in every turn of the loop."""
        delivery = self._delivery
        timer = delivery.timer
        if timer.failed:
            # What the handler left behind is half done: nothing of it may be saved.
            delivery.cut()
            self._chip.reset(liveness.HANDLER)
        engine = delivery.engine
        late_ms = timer.since_ms() - engine.period_us // 1000 if engine.running else 0
        standing = self._liveness.standing(now_ms, late_ms, self._recorder.journal.next_seq)
        if self._recorder.failure:
            # A journal that cannot be written is an alarm, not a reset: a reset would not mend it.
            self._watch.set(alarms.JOURNAL_FAULT, True)
            standing = 0 if standing == liveness.JOURNAL else standing
        if standing != self._suspect:
            self._suspect = standing
            self._chip.suspect(standing)
        if not standing:
            self._watchdog.feed()
