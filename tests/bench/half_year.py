"""Half a year of flex therapy with boluses in the VM: machine time, memory, and the steps against exact arithmetic."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

from figures import Figure
from vmworld import World
from ward import DAY_MS, FLEX, MINUTE_MS

from infuser.wire import program as programs
from infuser.wire import units
from pumpctl import program

HERE = Path(__file__).parent
SPEED_GOAL = 100_000
ERASE_US, PROGRAM_US = 45000, 400
WEEK_MS = 7 * DAY_MS
SECONDS_A_DAY_MAX = 5
PLAY = """
import sys
sys.path.append({here!r})
from vm_half_year import play
result = play({program!r}, {patient!r}, {days})
"""
SLEEP = """
import sys
sys.path.append({here!r})
from vm_sleeper import play
result = play({starts}, {step_pl}, {begin_min}, {days}, {flash_us})
"""

Values = dict[str, Any]


def measure(folder: Path, days: int) -> list[Figure]:
    """Figures of `days` of the example of three rates with 50 ug a day on top."""
    folder.mkdir(exist_ok=True)
    therapy = program.load(FLEX)
    script = PLAY.format(here=str(HERE), program=programs.encode(therapy).hex(), patient=therapy["patient"], days=days)
    told: Values = World(folder).run(script, within_s=60 + SECONDS_A_DAY_MAX * days)
    if told["alarms"]:
        raise SystemExit(f"the therapy was not undisturbed: alarms {told['alarms']}")
    name = f"{days} days of flex therapy with boluses"
    machine_s, virtual_s = told["machine_us"] / 1e6, told["virtual_us"] / 1e6
    return [
        Figure(name, virtual_s / machine_s, "x real time", "goal", SPEED_GOAL),
        Figure("a day of it", machine_s * DAY_MS / 1000 / virtual_s, "s", "goal", DAY_MS / 1000 / SPEED_GOAL),
        Figure("heap free at its end", told["heap_end"], "bytes", "at its beginning", told["heap_begin"]),
        *drift(told, sleeper(folder, told, days), days),
    ]


def drift(told: Values, slept: tuple[int, int], days: int) -> list[Figure]:
    """Microsteps and volume off the exact ones, all stretches between two refills together."""
    steps_off, volume_off, boluses = 0, Fraction(0), days
    for begin, end in told["stretches"]:
        due_pl = volume_pl(told["starts"], begin["local_ms"], end["at_ms"] - begin["at_ms"])
        volume_off += abs(held_pl(end, told["step_pl"]) - held_pl(begin, told["step_pl"]) - due_pl)
        exact_steps = (held_pl(begin, told["step_pl"]) + due_pl) // told["step_pl"] - begin["issued"]
        steps_off += abs(end["issued"] - begin["issued"] - exact_steps)
    bolus_nl = units.volume_nl(50_000, 500)
    steps_off += abs(told["bolus_steps"] - boluses * bolus_nl * units.PL_PER_NL // told["step_pl"])
    made, exact = slept
    peer = "a loop that sleeps between steps"
    return [
        Figure(f"drift after {days} days", steps_off + abs(told["unmade"]), "microsteps", peer, abs(exact - made)),
        Figure("metered volume off the exact one", float(volume_off), "pL", "a microstep", told["step_pl"]),
    ]


def held_pl(instant: Values, step_pl: int) -> Fraction:
    """Volume that the meter of the basal rate holds, to the last fraction."""
    return instant["due"] * step_pl + instant["acc_pl"] + Fraction(instant["acc_rem"], units.QUANTA_PER_DAY)


def volume_pl(starts: list[list[int]], local_ms: int, duration_ms: int, grid_ms: int = units.QUANTUM_MS) -> Fraction:
    """What the pattern amounts to from a local time on; a rate begins at the quantum nearest to its time."""
    total = Fraction(0)
    at_ms = 0
    while at_ms < duration_ms:
        week_ms = (local_ms + at_ms + grid_ms // 2 + 3 * DAY_MS) % WEEK_MS
        begun = [rate for start, rate in starts if start * MINUTE_MS <= week_ms]
        rate = begun[-1] if begun else starts[-1][1]
        waits = [(start * MINUTE_MS - week_ms - 1) % WEEK_MS + 1 for start, _ in starts]
        quanta = -(-min(waits) // grid_ms)
        lasts_ms = min(quanta * grid_ms, duration_ms - at_ms)
        total += Fraction(rate * units.PL_PER_NL * lasts_ms, DAY_MS)
        at_ms += lasts_ms
    return total


def sleeper(folder: Path, told: Values, days: int) -> tuple[int, int]:
    """(steps made, steps due) by the simple loop, which is held up by as many flash operations a step."""
    steps = sum(end["issued"] - begin["issued"] for begin, end in told["stretches"]) + told["bolus_steps"]
    flash_us = (told["erases"] * ERASE_US + told["programs"] * PROGRAM_US) // steps
    begin_ms = told["stretches"][0][0]["local_ms"]
    begin_min = (begin_ms + 3 * DAY_MS) % WEEK_MS // MINUTE_MS
    made: int = World(folder).run(
        SLEEP.format(
            here=str(HERE),
            starts=json.dumps(told["starts"]),
            step_pl=told["step_pl"],
            begin_min=begin_min,
            days=days,
            flash_us=flash_us,
        ),
        within_s=60 + SECONDS_A_DAY_MAX * days,
    )
    exact_pl = volume_pl(told["starts"], begin_min * MINUTE_MS - 3 * DAY_MS, days * DAY_MS)
    return made, exact_pl // told["step_pl"]
