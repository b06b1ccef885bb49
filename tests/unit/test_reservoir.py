"""The reservoir by the count of microsteps."""

from hypothesis import given
from hypothesis import strategies as st

from infuser.core import reservoir
from infuser.wire import units


@given(st.integers(0, 20_000_000), st.integers(0, 300_000))
def test_the_reservoir_never_reads_below_nothing(filled_nl, steps):
    left = reservoir.volume_nl(filled_nl, steps, units.STEP_PL_NOMINAL)
    assert 0 <= left <= filled_nl
