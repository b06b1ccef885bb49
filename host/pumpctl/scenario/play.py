"""Plays a scenario on a scratch virtual pump: steps, looks and verdicts in the order of time."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pumpctl.scenario import actions
from pumpctl.scenario.reader import Scenario, Step
from pumpctl.scenario.stage import CLOCK, LEAD_MS, Look, Stage
from pumpctl.scenario.watching import Verdict, Watching, shown
from pumpctl.timetext import parse
from pumpctl.virtual import start


@dataclass
class Played:
    """A scenario played: its verdicts in the order of time, and how long it lasted."""

    scenario: Scenario
    verdicts: list[Verdict] = field(default_factory=list)
    lasted_ms: int = 0

    @property
    def met(self) -> bool:
        """Whether everything was as expected."""
        return all(verdict.met for verdict in self.verdicts)


def length_ms(scenario: Scenario) -> int:
    """The last time that a scenario names."""
    ends = [step.at_ms for step in scenario.steps] + [one.end_ms for one in scenario.expectations]
    return max(ends, default=0)


def play(
    scenario: Scenario, name: str, folder: Path, seed: int, progress: Callable[[int], None], keep: bool = False
) -> Played:
    """Play it on the virtual pump `name`, which must be new; `progress` gets the ms played.

    The pump is stopped afterwards unless it is to be kept. PumpctlError if it cannot be set up.
    """
    clock_ms, _ = parse(scenario.setup.get("clock", CLOCK))
    bench = start(name, speed=0, seed=seed, wall_ms=clock_ms - LEAD_MS)
    try:
        stage = Stage(scenario, bench, folder, progress)
        stage.set_up()
        return _Play(stage).run()
    except BaseException:
        keep = False
        raise
    finally:
        if not keep:
            bench.stop()


class _Play:
    """One scenario on its stage."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._scenario = stage.scenario
        self._played = Played(stage.scenario)
        origin = Look(stage, 0)
        _ = origin.truth, origin.status
        self._watched = [
            Watching(one, name, origin, shown(one, name, one.written[name]))
            for one in self._scenario.expectations
            for name in one.checks
        ]

    def run(self) -> Played:
        """From the beginning to the last time named."""
        steps = sorted(self._scenario.steps, key=lambda step: step.at_ms)
        by_time = {at_ms: list(group) for at_ms, group in itertools.groupby(steps, key=lambda step: step.at_ms)}
        looks = {at_ms for watching in self._watched for at_ms in watching.moments()}
        for at_ms in sorted(looks | set(by_time)):
            if at_ms not in by_time and not any(one.open_at(at_ms) for one in self._watched):
                continue
            self._pass(at_ms)
            # A span that ends where a step begins is judged before it, everything else after it.
            self._look(at_ms, [one for one in self._watched if one.begin_ms < one.end_ms == at_ms])
            self._take(by_time.get(at_ms, ()))
            self._look(at_ms, self._watched)
        self._played.lasted_ms = self._stage.now_ms()
        self._played.verdicts += [watching.verdict for watching in self._watched if watching.verdict is not None]
        self._played.verdicts.sort(key=lambda verdict: verdict.at_ms)
        return self._played

    def _pass(self, at_ms: int) -> None:
        """Let time pass, looking where an alarm comes up, if somebody waits for that."""
        now_ms = self._stage.now_ms()
        wanted = any(one.for_alarms and one.open_at(min(max(now_ms, one.begin_ms), at_ms)) for one in self._watched)
        while wanted and self._stage.advance_to(at_ms, "alarm"):
            self._look(self._stage.now_ms(), [one for one in self._watched if one.for_alarms])
        self._stage.advance_to(at_ms)

    def _look(self, at_ms: int, watched: Sequence[Watching]) -> None:
        open_ = [one for one in watched if one.open_at(at_ms)]
        if not open_:
            return
        if any(one.listens for one in open_):
            self._stage.hear()
        look = Look(self._stage)
        for watching in open_:
            watching.look(at_ms, look)

    def _take(self, steps: Iterable[Step]) -> None:
        for step in steps:
            outcome, text = "", "done"
            at_ms = self._stage.now_ms()
            try:
                actions.carry_out(self._stage, step)
            except actions.Declined as declined:
                outcome, text = declined.name, f"{declined.name}: {declined.text}"
            met = outcome == step.refused
            seen = text if outcome or not step.refused else "carried out"
            self._played.verdicts.append(Verdict("step", step.number, at_ms, actions.describe(step), seen, met))
