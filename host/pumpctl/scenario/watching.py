"""Follows one expectation through the time of a scenario until there is a verdict."""

import contextlib
from dataclasses import dataclass
from typing import Any

from infuser.wire import units
from pumpctl.errors import LinkError
from pumpctl.scenario.checks import CHECKS, GROWTH, INSTANT, LOG, SIGNAL, Scene
from pumpctl.scenario.kinds import plain
from pumpctl.scenario.reader import Expectation
from pumpctl.scenario.stage import Look

# How long lamp and sounder are observed where nothing else is said: a burst and its repetition.
LISTEN_MS = {"lamp": 8 * units.MS_PER_S, "sounder": 13 * units.MS_PER_S, "melody": 13 * units.MS_PER_S}
# The pump is asked more seldom than the bench: what it is asked wakes it up.
ASKED_LOOKS, ASKED_LEAST_MS = 12, units.MS_PER_S
BENCH_LOOKS, BENCH_LEAST_MS = 50, 100
# The bench keeps so many edges of lamps and sounder that they must be taken this often.
HEARD_MS = units.MS_PER_MIN


@dataclass(frozen=True)
class Verdict:
    """What became of a step or of one thing expected; times are ms from the beginning."""

    kind: str
    number: int
    at_ms: int
    expected: str
    seen: str
    met: bool


class Watching:
    """One check of an expectation."""

    def __init__(self, of: Expectation, name: str, origin: Look, shown: str) -> None:
        self.verdict: Verdict | None = None
        self._of = of
        self._name = name
        self._wanted = of.checks[name]
        self._judged_by, self.asks, self._judge = CHECKS[name]
        self._origin = origin
        self._base: Look | None = None
        self._shown = shown
        self.begin_ms = of.begin_ms
        self.end_ms = of.end_ms
        if self._judged_by == SIGNAL and of.mode == "at":
            self.end_ms += self._listen_ms

    @property
    def listens(self) -> bool:
        """Whether lamps and sounder have to be followed."""
        return self._judged_by == SIGNAL

    @property
    def for_alarms(self) -> bool:
        """Whether it is looked at where an alarm comes up, too."""
        return self.asks and self._of.mode != "at" and not self._once

    @property
    def _once(self) -> bool:
        """Whether it is judged once, at its end, by what happened until then."""
        spanned = self._of.mode == "between" and self._judged_by != INSTANT
        return self._of.mode != "within" and (spanned or self.listens)

    @property
    def _listen_ms(self) -> int:
        told: int = self._of.told.get("for", LISTEN_MS.get(self._name, 0))
        return told

    def moments(self) -> list[int]:
        """The times at which it has to be looked at."""
        span_ms = max(1, self.end_ms - self.begin_ms)
        looks, every_ms = (ASKED_LOOKS, ASKED_LEAST_MS) if self.asks else (BENCH_LOOKS, BENCH_LEAST_MS)
        every_ms = span_ms if self._once else max(every_ms, span_ms // looks)
        if self.listens:
            every_ms = min(every_ms, HEARD_MS)
        return [*range(self.begin_ms, self.end_ms, every_ms), self.end_ms]

    def open_at(self, at_ms: int) -> bool:
        """Whether there is no verdict yet at a time of its span."""
        return self.verdict is None and self.begin_ms <= at_ms <= self.end_ms

    def look(self, at_ms: int, look: Look) -> None:
        """Judge what is to be judged now; `at_ms` is the time planned, which `look` may be a little behind."""
        if not self.open_at(at_ms):
            return
        if self._base is None:
            self._base = look
            self._keep(look)
        last = at_ms >= self.end_ms
        if not last and (self._once or self._hears_too_little(at_ms)):
            return
        try:
            met, seen = self._judge(self._wanted, self._scene(at_ms, look))
        except LinkError as lost:
            met, seen = False, lost.message
        if self._of.mode == "within":
            if met or last:
                self._decide(look.at_ms, seen if met else f"{seen}, to the end", met)
        elif not met or last:
            self._decide(look.at_ms, seen, met)

    def _hears_too_little(self, at_ms: int) -> bool:
        """Whether a lamp that is dark by now may only be between two flashes."""
        return self.listens and at_ms - self.begin_ms < self._listen_ms

    def _keep(self, look: Look) -> None:
        """What a growth is counted from has to be fetched while it is there."""
        if self._judged_by == GROWTH:
            with contextlib.suppress(LinkError):  # told when it is judged
                _ = (look.truth, look.status) if self.asks else look.truth

    def _scene(self, at_ms: int, look: Look) -> Scene:
        spanned = self._of.mode == "between"
        base = self._base if spanned and self._base is not None else self._origin
        begin: float = self.begin_ms
        end: float = look.at_ms if self._judged_by == LOG else at_ms
        if self._judged_by == LOG and self._of.mode == "at":
            begin = 0
        if self._judged_by == SIGNAL and self._of.mode == "within":
            begin = max(begin, at_ms - self._listen_ms)
        return Scene(look, base, begin, end, self._of.told)

    def _decide(self, at_ms: int, seen: str, met: bool) -> None:
        self.verdict = Verdict("expect", self._of.number, at_ms, self._shown, seen, met)


def shown(of: Expectation, name: str, as_written: Any) -> str:
    """A check in words: `state = infusing`, with what the expectation says of itself before."""
    told = f"{name} = {plain(as_written)}"
    if name == "counted" and "bucket" in of.told:
        told += f" as {of.told['bucket']}"
    return f"{of.told['says']}: {told}" if "says" in of.told else told
