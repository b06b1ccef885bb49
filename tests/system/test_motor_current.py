"""Current of the motor: it flows around each microstep only, and not at all while the pump stands."""

import pytest
from ward import HOUR_MS, delivers, infusing

RATE = 200_000
PULSE_MS = 4.112


@pytest.mark.on_chip
def test_at_therapy_rates_the_motor_has_current_for_a_few_milliseconds_a_microstep(cli, bench):
    ward = infusing(cli, bench)
    before = ward.truth()
    running_ms = ward.lasting_ms(10 * HOUR_MS)
    ward.advance(running_ms)
    now = ward.truth()
    steps = now["steps_made"] - before["steps_made"]
    on_ms = now["driver_on_ms"] - before["driver_on_ms"]
    assert delivers(steps, RATE, running_ms) and abs(on_ms - steps * PULSE_MS) <= PULSE_MS
    assert on_ms < running_ms // 5000
    ward.do("stop")
    stopped = ward.truth()
    ward.plant.fault("runaway", value="200")
    ward.advance(ward.lasting_ms(HOUR_MS))
    now = ward.truth()
    assert not now["driver_enabled"]
    assert now["driver_on_ms"] == stopped["driver_on_ms"]
    assert now["motor_steps"] == stopped["motor_steps"]
