"""Whatever is ordered, pressed, due or cut off, and whenever: the pump's microsteps are those of exact arithmetic.

The whole app of the firmware runs in virtual time against a reference of its own (tests/support/vm_reference.py).
At every look the microsteps due in each bucket are floor(programmed volume / volume of a microstep), the programmed
volume is exact to the picolitre, nothing is issued that is not due, and the plant's pulses are the pump's count.
`make campaign` plays ten thousand of these therapies, and as many on the virtual pump.
"""

import os
import random

import pytest
from exactplay import on_cpython, printed
from exactworld import World
from vm_chance import Chance
from vm_orders import Orders

from infuser.wire import program, states
from infuser.wire.units import MS_PER_DAY, STEP_PL_NOMINAL

THERAPIES = 120
SHARES = 2
FIRST_SEED = 1 if os.environ.get("CI") else random.randrange(1 << 30)
# In all shares together each of these happens often.
HAPPENED = (
    ("program-commit", "stop", "resume", "minimum-rate", "temporary-rate", "clock-set", "calibrate", "bolus-cancel")
    + ("patient-bolus", "clinician-bolus", "periodic-bolus", "held", "patient-refused")
    + ("prime", "armed", "own-start", "plan-step", "bridge", "bridge-ended", "power-cut")
)
# Each of these showed a fault once.
KEPT = {
    0: "priming went on for as long again after its last microstep",
    22: "a start put off falls into the turn after an order",
    28: "power cuts fill a dose window with what they leave uncertain",
    46: "a bridge after a taper that has ended",
    54: "therapy began by itself in the turn before a stop",
    77: "the patient presses in the turn in which therapy begins by itself",
    136: "a drain with a fraction left over from a priming before never ended",
    191: "a power cut while a periodic bolus is held",
    203: "an order to go on with a plan that was not held put off its next dose",
    215: "a bridge that is shorter than a turn of the loop",
    288: "writing the reservation at a start made every later change of the rate late",
    21667: "a power cut after midnight left a negative volume of the day, and a calibration was not taken",
    1001237: "a clock set just before a temporary rate ends, just before a step: three rates in a turn of the loop",
    1003612: "the minimum rate after a bridge was held back to that of the bridge",
    1004187: "a microstep due at the end of a bolus waited for credit that the bolus had used up",
    1004354: "a calibration leaves more than a microstep in a bucket that stands",
    1003538: "a weaker drug after a bridge",
    1003922: "the clock is set just before a step, which takes longer than it is away",
    1066: "a power cut in a bolus begun after the last save left a negative count, and the pump did not start",
}
CONCENTRATION = 1000  # ug/mL: 1 ng is 1 nL


@pytest.mark.parametrize("share", range(SHARES))
def test_microsteps_are_exact_in_any_random_therapy(share: int) -> None:
    count = THERAPIES // SHARES
    first_seed = FIRST_SEED + share * count
    played = on_cpython(first_seed, count)
    print(f"seeds from {first_seed}: {printed(played)}")
    assert played.failures == {}
    missing = [name for name in HAPPENED if not played.counts[name]]
    assert missing == [], "what was never done shows nothing"
    assert played.counts["exact"] > played.counts["looks"] * 9 // 10
    assert played.counts["looks"] > 100 * count


@pytest.mark.parametrize("seed", KEPT, ids=lambda seed: f"{seed}-{KEPT[seed].replace(' ', '-')}")
def test_a_therapy_that_once_showed_a_fault_is_exact(seed: int) -> None:
    assert on_cpython(seed, 1).failures == {}


def bench_with(dose_ng_per_day: int) -> Orders:
    """A new pump that infuses a dose, with a clinician's boluses allowed."""
    bench = Orders(World(1), Chance(1))
    bench.lazy = True
    bench.set_clock(1_767_571_200_000, 0)
    bench.refill(0, 20_000_000, CONCENTRATION)
    values = {
        "patient": "bench",
        "drug": "baclofen",
        "concentration_ug_per_ml": CONCENTRATION,
        "mode": program.CONTINUOUS,
        "step_list": [{"day_mask": 127, "start_min": 0, "dose_ng_per_day": dose_ng_per_day}],
        "minimum_ng_per_day": 48000,
        "bolus_max_ng": 1000,
        "low_reservoir_nl": 500_000,
    }
    assert bench.set_program(program.new(**values))
    assert bench.resume()
    return bench


def test_a_rate_is_resolved_to_one_nl_a_day() -> None:
    told_nl = []
    for dose in (100_000, 100_001):
        bench = bench_with(dose)
        start_ms = bench.world.timer.started_age
        bench.pass_ms(MS_PER_DAY)
        bench.pump.delivery.sync()
        quanta = (bench.age() - start_ms) // 100
        told_nl.append(bench.told_pl(states.BASAL) * 864_000 / (quanta * 1000))
    assert told_nl == pytest.approx([100_000, 100_001], abs=0.01)


def test_the_smallest_bolus_is_1_nl_and_99_of_them_are_one_microstep() -> None:
    bench = bench_with(48_000)
    for number in range(1, 100):
        assert bench.bolus(1, 10_000)
        bench.pass_ms(15_000)
        assert bench.told_pl(states.CLINICIAN_BOLUS) == number * 1000
        assert bench.pump.delivery.bucket_steps()[states.CLINICIAN_BOLUS] == number * 1000 // STEP_PL_NOMINAL
    assert bench.pump.delivery.bucket_steps()[states.CLINICIAN_BOLUS] == 1
