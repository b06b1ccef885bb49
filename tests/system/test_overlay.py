"""Code that is read for one command is held against its hash first: a flipped bit in it is never run."""

import pytest
from ward import MINUTE_MS, Ward, delivers, infusing

MODULE = "infuser/core/druglibrary.py"
BOLUS = ("--yes", "bolus", "10ug", "--over", "10min", "--patient", "BENCH-001")


def flip(ward: Ward) -> None:
    """Flip one bit in the middle of a file of the pump's own firmware, or flip it back."""
    file = ward.plant.paths.application / MODULE
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


@pytest.mark.case("EC22")
def test_a_bolus_whose_code_has_a_flipped_bit_is_refused_and_therapy_goes_on_to_the_step(cli, bench):
    ward = infusing(cli, bench)
    rate = ward.status()["rate_nl_per_day"]
    flip(ward)
    refusal = ward.refused(*BOLUS)
    assert (refusal["name"], MODULE in refusal["message"]) == ("internal", True)
    assert list(ward.alarms()) == ["storage-fault"]
    # Not longer: every quarter of an hour another file is tested, and one that is damaged stops the motor then.
    assert delivers(ward.steps_in(10 * MINUTE_MS), rate, 10 * MINUTE_MS)
    assert ward.state == "infusing"
    flip(ward)
    assert ward.do(*BOLUS)["volume_nl"] == 20_000
    ward.do("stop")
    assert not ward.truth()["driver_enabled"]
