"""The stop button at a virtual pump: the motor has no current before the press is over."""

from collections.abc import Callable
from typing import Any

import pytest
from ward import SECOND_MS, infusing

from pumpctl.virtual import VirtualPump

# Long enough for an interrupt, and much shorter than a press.
AT_ONCE_MS = 5


@pytest.mark.on_chip
def test_the_stop_button_takes_the_motors_current_away_at_once_even_in_the_midst_of_a_bolus(
    cli: Callable[..., Any], bench: Callable[..., VirtualPump]
) -> None:
    ward = infusing(cli, bench)
    ward.advance(60 * SECOND_MS)
    ward.do("--yes", "bolus", "50ug", "--over", "2min", "--patient", "BENCH-001")
    ward.advance(30 * SECOND_MS)
    ward.plant.press("stop")
    ward.advance(AT_ONCE_MS)
    pressed = ward.truth()
    assert not pressed["driver_enabled"]
    ward.advance(10 * SECOND_MS)
    now = ward.status()
    assert (now["state"], now["stop_reason"]) == ("suspended", "stop-button")
    assert now["steps_total"] == ward.truth()["steps_made"] == pressed["steps_made"]
    assert not now["alarms"]
