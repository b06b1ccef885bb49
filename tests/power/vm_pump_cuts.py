"""Runs on MicroPython: the power fails at each flash operation of a script, and the pump starts anew after each."""

import gc

import main  # noqa: F401 (before the threshold: it sets its own)
import vm_pump_tape as tapes
from vm_fault_world import Violation
from vm_pump_course import KINDS, Course
from vm_pump_judge import Cutting, Figures
from vm_pump_world import Cut, Taped

_VIOLATIONS_MAX = 20
_MODES = ("left out", "half done")


def record(papers):
    """The tape of the script; `papers` as Course takes them."""
    gc.threshold(-1)  # the tape is large, and each collection would go through all of it
    tape = tapes.Tape()
    tape.begin()
    world = Taped(tape)
    world.live(Course(world, papers).play())
    world.switch_off()
    return tape


class Cuts:
    """Every `shares`-th cut point of a tape, from number `share` on, until so many violations are found."""

    def __init__(self, tape, share, shares, most=_VIOLATIONS_MAX):
        self._tape = tape
        self._most = most
        self._share = share
        self._shares = shares
        self._oldest = _oldest(tape.entries)
        self.figures = Figures()
        self.violations = []
        self.points = 0
        self.cuts = 0

    def play(self):
        """All of them."""
        self._tape.rewind()
        world = Cut(self._tape, self.figures)
        written, asked = {}, b""
        for at, entry in enumerate(self._tape.entries):
            if entry[0] == tapes.STORED:
                written[entry[1][0]] = entry[1]
            elif entry[0] == tapes.ASKED:
                asked = entry[1]
            elif entry[0] == tapes.OP:
                for half in (False, True):
                    self.points += 1
                    if self.points % self._shares == self._share and len(self.violations) < self._most:
                        cutting = Cutting(entry[4], half, written, self._oldest[at], asked)
                        self._cut(world, entry, cutting)
                self._tape.apply(entry)

    def _cut(self, world, entry, cutting):
        number = (self.points + 1) // 2
        self.cuts += 1
        try:
            world.after(self.cuts, entry, cutting)
        except (Violation, ValueError) as error:
            self.violations.append("operation {}, {}: {}".format(number, _MODES[cutting.half], error))


def _oldest(entries):
    """For each entry the oldest record kept once the next record is written."""
    kept = [entry[1][3] for entry in entries if entry[0] == tapes.STORED][-1]
    oldest = [kept] * len(entries)
    for at in range(len(entries) - 1, -1, -1):
        if entries[at][0] == tapes.STORED:
            kept = entries[at][1][3]
        oldest[at] = kept
    return oldest


def play(papers, share, shares):
    """Record and cut; what came of it."""
    tape = record(papers)
    cuts = Cuts(tape, share, shares)
    cuts.play()
    stored = [entry[1] for entry in tape.entries if entry[0] == tapes.STORED]
    return {
        "cuts": cuts.cuts,
        "points": cuts.points,
        "records": len(stored),
        "dropped": stored[-1][3] - 1,
        "kinds_missing": [kind for kind in KINDS if kind not in tape.kinds],
        "violations": cuts.violations,
        "figures": cuts.figures.told,
    }
