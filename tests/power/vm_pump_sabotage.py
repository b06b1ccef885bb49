"""Runs on MicroPython: one part of the firmware at a time is spoilt after the cut, to see that the judge finds it."""

from vm_pump_cuts import Cuts, record

from infuser.app import startup
from infuser.core.checkpoint import Checkpoint
from infuser.core.ledger import Ledger
from infuser.core.window import Window
from infuser.hw.timebase import Timebase
from infuser.wire import records

# Few, for a life takes 40 ms, and enough that each part of the script is cut.
_SHARE, _SHARES = 7, 61


def uncounted(load):
    """The reservation is forgotten."""

    def forgetful(checkpoint):
        saved = load(checkpoint)
        if saved:
            saved["steps_reserved"] = sum([saved[name] for name in records.COUNTER_NAMES])
        return saved

    return forgetful


def unlimited(load):
    """The dose windows lose the minutes since the hour."""
    return lambda window, stored, base, minutes: load(window, stored, base, b"")


def unended(end):
    """A bolus stays under way."""
    return lambda pump: None


def unasked(outcome):
    """Commands of before are not known."""
    return lambda ledger, request_id, role=None: None


def aged(begin):
    """A minute is added to the time without power."""
    return lambda timebase, age_ms: begin(timebase, age_ms + 60000)


def forgotten(restore):
    """Who may sign in is no longer known."""

    def forgetful(ledger, data):
        restore(ledger, data)
        ledger.keys_digest = b""

    return forgetful


SPOILT = (
    (uncounted, Checkpoint, "load"),
    (unlimited, Window, "load"),
    (unended, startup, "_end_interrupted_boluses"),
    (unasked, Ledger, "outcome"),
    (aged, Timebase, "begin"),
    (forgotten, Ledger, "restore"),
)


def play(papers):
    """The first violation found of each, by its name."""
    tape = record(papers)
    found = {}
    for spoil, owner, name in SPOILT:
        sound = getattr(owner, name)
        setattr(owner, name, spoil(sound))
        cuts = Cuts(tape, _SHARE, _SHARES, 1)
        cuts.play()
        setattr(owner, name, sound)
        found[spoil.__name__] = cuts.violations
    return found
