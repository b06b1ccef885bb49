"""What a fluid path holds, by hand and for any catheter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpctl import quantity, tubing


@pytest.mark.parametrize(
    ("length", "lumen", "volume_nl"),
    [("60cm", "2.2ul/cm", 132_000), ("1m", "2.2ul/cm", 220_000), ("38.1cm", "2.2ul/cm", 83_820), ("1mm", "1nl/cm", 1)],
)
def test_a_catheter_holds_its_length_times_its_lumen(length: str, lumen: str, volume_nl: int) -> None:
    told = quantity.parse_length_um(length), quantity.parse_volume_per_length(lumen)
    assert tubing.catheter_nl(*told) == volume_nl
    assert tubing.path_nl(*told, 260_000) == volume_nl + 260_000


@given(st.integers(0, 2_000_000), st.integers(0, 10_000_000))
def test_no_end_of_a_catheter_stays_unfilled_and_less_than_a_nanolitre_runs_over(length_um: int, lumen: int) -> None:
    over = tubing.catheter_nl(length_um, lumen) * 1_000_000 - length_um * lumen
    assert 0 <= over < 1_000_000
