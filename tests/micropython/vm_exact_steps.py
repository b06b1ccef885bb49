"""Runs on MicroPython: random commands to the real pump on a virtual one, each microstep held against the reference."""

import random

from vm_bench import CONCENTRATION, STEP_PL, Bench
from vm_reference import Mismatch, Pattern

from infuser.wire import program, units

MONDAY_MS = 1767571200000  # 2026-01-05


def some_rate():
    """A therapy rate in nL a day, whole in ng at the concentration."""
    low, high = random.choice(((48000, 200000), (200000, 4000000), (4000000, 24000000)))
    return random.randint(low, high) // 20 * 20


def some_wait_ms():
    low, high = random.choice(
        ((1, 99), (1, 99), (100, 2500), (100, 2500), (2500, 12000), (2500, 12000), (12000, 90000))
    )
    return random.randint(low, high)


def some_program():
    """(encoded program, the reference's pattern of it): continuous, or up to 8 steps of a flex day."""
    flex = random.randint(0, 2)
    starts = set()
    for _ in range(random.randint(2, 8) if flex else 1):
        starts.add(random.randint(0, 1439))
    steps = []
    pattern = []
    for start in starts:
        rate = some_rate()
        mask = random.choice((127, 127, 31, 96)) if steps else 127
        steps.append({"day_mask": mask, "start_min": start, "dose_ng_per_day": rate * CONCENTRATION // 1000})
        pattern.extend((day * 1440 + start, rate) for day in range(7) if mask >> day & 1)
    minimum = random.randint(48000, min(rate for _, rate in pattern)) // 20 * 20
    values = {
        "version": program.VERSION,
        "patient": "bench",
        "drug": "baclofen",
        "concentration_ug_per_ml": CONCENTRATION,
        "mode": program.FLEX if flex else program.CONTINUOUS,
        "step_list": steps,
        "minimum_ng_per_day": max(2400, minimum * CONCENTRATION // 1000),
        "bolus_max_ng": 100000,
        "bolus_lockout_min": 0,
        "dose_max_ng_per_day": 0,
        "low_reservoir_nl": units.LOW_RESERVOIR_MIN_NL,
    }
    return program.encode(values), Pattern(pattern, values["minimum_ng_per_day"] * 1000 // CONCENTRATION)


def some_volume():
    """(nL, ms) of a bolus or priming: up to 50 mL/h, mostly short."""
    duration_ms = random.choice((random.randint(10000, 25000), random.randint(10000, 600000)))
    most_nl = min(1000000, 13 * duration_ms)
    return random.randint(2000, most_nl), duration_ms


def bolus(bench):
    volume_nl, duration_ms = some_volume()
    bench.bolus(volume_nl * CONCENTRATION // 1000, duration_ms)


def near_a_change(bench):
    """Set the clock to just before a step of the day's pattern begins."""
    offset_min = random.randint(-12, 14) * 60
    start_min = random.choice(bench.pattern.starts)[0]
    before_ms = random.randint(0, 6000)
    bench.set_clock(MONDAY_MS + start_min * 60000 - offset_min * 60000 - before_ms, offset_min)


COMMANDS = (
    (2, lambda bench: bench.halt()),
    (4, lambda bench: bench.resume()),
    (2, lambda bench: bench.set_program(*some_program())),
    (3, bolus),
    (2, lambda bench: bench.cancel()),
    (2, lambda bench: bench.set_minimum(bool(random.randint(0, 1)))),
    (1, lambda bench: bench.prime(*some_volume())),
    (1, lambda bench: bench.refill(random.randint(0, 3000))),
    (3, near_a_change),
)
DECK = [command for weight, command in COMMANDS for _ in range(weight)]


def sequence(bench, seed):
    """One sequence of commands from a stopped pump to a stopped pump."""
    random.seed(seed)
    if bench.pump.delivery.guard.room_steps() * STEP_PL < 15 * 10**9:
        bench.pass_days(25)
    bench.refill(0)
    bench.set_program(*some_program())
    bench.resume()
    for _ in range(random.randint(4, 14)):
        bench.pass_ms(some_wait_ms())
        random.choice(DECK)(bench)
    bench.pass_ms(some_wait_ms())
    bench.halt()


def play(first_seed, count):
    """Sequences `first_seed` and following; what was done, or the seed and what did not hold."""
    bench = Bench()
    for seed in range(first_seed, first_seed + count):
        try:
            sequence(bench, seed)
        except Mismatch as error:
            return {"seed": seed, "mismatch": str(error), "counts": bench.counts}
    counts = bench.counts
    counts["steps"] = bench.pump.delivery.steps_total()
    counts["vetoed"] = bench.pump.delivery.guard.vetoed
    counts["doubtful"] = bench.doubtful
    counts["forgotten_most"] = bench.forgotten_most
    return {"seed": None, "counts": counts}
