"""Whatever is ordered and whenever: the microsteps of the virtual pump's motor are those of exact arithmetic.

The therapies of tests/unit/test_exact_therapies.py on the MicroPython VM, with the virtual pump's own plant and flash.
"""

import os
import random

import pytest
from exactplay import on_virtual_pump, printed

THERAPIES = 20
SHARES = 2
FIRST_SEED = 1 if os.environ.get("CI") else random.randrange(1 << 30)


@pytest.mark.parametrize("share", range(SHARES))
def test_microsteps_are_exact_in_any_random_therapy_on_the_virtual_pump(share: int) -> None:
    count = THERAPIES // SHARES
    first_seed = FIRST_SEED + share * count
    played = on_virtual_pump(first_seed, count)
    print(f"seeds from {first_seed}: {printed(played)}")
    assert played.failures == {}
    assert played.counts["exact"] > played.counts["looks"] * 9 // 10
    assert played.counts["looks"] > 100 * count
    assert played.counts["steps"] > 100 * count
