"""Priming that does not finish."""

import pytest
from ward import MINUTE_MS, filled


@pytest.mark.case("EC6")
def test_a_priming_that_an_alarm_stops_has_failed_and_infusion_stays_off(cli, bench):
    ward = filled(cli, bench)
    ward.do("prime", "0.5ml", "--yes")
    ward.plant.fault("stall")
    ward.plant.advance_ms(10 * MINUTE_MS, until="alarm")
    ward.plant.fault("stall", on=False)
    assert set(ward.alarms()) == {"stall", "priming-failed"}
    assert ward.state == "alarm-stopped"
    assert ward.steps_in(MINUTE_MS) == 0
    assert ward.refused("resume")["kind"] == "refused"
