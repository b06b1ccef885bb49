"""A bit flips in a running pump, seen from outside: the therapy goes on, and the log says what happened."""

import pytest
from access import records
from ward import FLEX, HOUR_MS, MINUTE_MS, SECOND_MS, due_steps, infusing

STRUCTURES = {
    "meter": "meter",
    "guard": "dose guard",
    "windows": "dose windows",
    "minutes": "dose windows",
    "reservation": "reservation",
    "ledger": "ledger",
    "program": "program",
}
RATE = 200_000


def faults(ward):
    return [(fields["part"], fields["masked"]) for fields in records(ward, "fault")]


@pytest.mark.case("EC22")
@pytest.mark.parametrize("structure", STRUCTURES)
def test_a_bit_that_flips_in_memory_is_logged_without_an_alarm_and_therapy_goes_on(cli, bench, structure):
    ward = infusing(cli, bench)
    ward.advance(HOUR_MS)
    before = ward.truth()["steps_made"]
    ran = cli("virtual", "fault", "ram-bit", "--value", f"{structure}:5", "--name", ward.plant.name)
    assert ran.exit_code == 0
    ward.advance(HOUR_MS)
    assert ward.state == "infusing" and not ward.alarms()
    assert faults(ward) == [(STRUCTURES[structure], True)]
    assert [fields["cause"] for fields in records(ward, "boot")][-1] == "fault"
    made = ward.truth()["steps_made"] - before
    # The start anew takes some seconds, and a fraction of a microstep may come back.
    assert due_steps(RATE, HOUR_MS - MINUTE_MS) - 1 <= made <= due_steps(RATE, HOUR_MS) + 2


@pytest.mark.case("EC5")
def test_the_third_flipped_bit_within_a_day_stops_the_pump_with_an_alarm(cli, bench):
    ward = infusing(cli, bench)
    for seed in range(3):
        assert ward.state == "infusing"
        ward.plant.fault("ram-bit", value=f"meter:{seed}")
        ward.advance(20 * MINUTE_MS)
    assert list(ward.alarms()) == ["internal-fault"]
    assert ward.state == "alarm-stopped"
    assert ward.steps_in(HOUR_MS) == 0


@pytest.mark.case("EC22")
def test_a_bit_that_flips_in_the_newer_checkpoint_is_masked_by_the_older_one(cli, bench):
    ward = infusing(cli, bench, FLEX)
    ward.advance(HOUR_MS)
    for name in ("c0", "c1"):
        ward.plant.fault("flash-bit", value=f"{name}:3")
        ward.plant.power_cut()
        ward.advance(20 * SECOND_MS)
        assert ("checkpoint", True) in faults(ward)
        assert list(ward.alarms()) == ["power-restored"]
        assert ward.state == "infusing"


@pytest.mark.case("EC5")
def test_a_bit_that_flips_in_the_journal_is_an_alarm_at_the_next_start(cli, bench):
    ward = infusing(cli, bench)
    ward.advance(HOUR_MS)
    ward.plant.fault("flash-bit", value="j00000001:5")
    ward.plant.power_cut()
    ward.advance(20 * SECOND_MS)
    assert ward.alarms()["journal-fault"]["priority"] == "high"
    assert ward.steps_in(HOUR_MS) == 0
    ward.plant.power_cut()
    ward.advance(20 * SECOND_MS)
    assert "journal-fault" in ward.alarms(), "the log that was begun after the damage is sound, and that is no excuse"
