"""A small part of `make campaign-faults`: random therapies with random faults, of seeds that are always the same."""

from pathlib import Path

import pytest
from faultplay import HEAP, ON_VM, Lived, on_virtual_pump
from vmworld import World

SABOTAGE = """
import sys
sys.path.extend({places!r})
from vm_fault_sabotage import play
result = play({name!r})
"""
SEEDS = (1, 2, 3)
DAY_MS = 86_400_000
# A pump is looked at once a minute, and its log read whenever somebody does something.
RECORDS_A_DAY = 40


@pytest.mark.case("EC5")
@pytest.mark.case("EC22")
@pytest.mark.case("R6.6")
@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_breaks_no_limit_is_passed_no_stop_is_silent_and_the_log_is_whole(seed: int) -> None:
    lived = on_virtual_pump(seed, 1, days=1)
    print(lived.summary(), dict(lived.counts))
    assert lived.failures == {}
    assert lived.counts["passed-ms"] > DAY_MS
    assert lived.counts["records"] > RECORDS_A_DAY
    assert any(name.startswith("fault-") for name in lived.counts)


def test_a_therapy_is_the_same_whenever_it_is_played() -> None:
    first, second = (on_virtual_pump(SEEDS[2], 1, days=1) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("spoilt", "told"),
    [
        ("uncounted", "were made and are not counted"),
        ("unrecorded", "the journal tells another state"),
        ("silent", "nothing says so"),
        ("unstopped", "while the alarm air-in-line stands"),
        ("unlimited", "microsteps in 60 min"),
        ("unmeasured", "that were not ordered"),
    ],
)
def test_a_pump_that_breaks_an_invariant_is_found(tmp_path: Path, spoilt: str, told: str) -> None:
    script = SABOTAGE.format(places=[str(place) for place in ON_VM], name=spoilt)
    assert told in World(tmp_path).run(script, heap=HEAP)


def test_what_came_of_several_therapies_is_summed_up() -> None:
    lived = Lived(2, over_pl=5, failures={1: "x"})
    lived.add(Lived(1, over_pl=7, failures={3: "y"}))
    assert (lived.therapies, lived.over_pl, lived.failures) == (3, 7, {1: "x", 3: "y"})
