"""A line that is flooded while a bolus runs: the instants of its microsteps, the alarms and the stop button."""

from pathlib import Path
from typing import Any

import pytest
from vmworld import World

from infuser.app import watch_device, watch_line
from infuser.wire import alarms, states, units

HERE = Path(__file__).parent
_FOLDERS = [str(HERE.parent / name) for name in ("support", "micropython", "campaign")]
FLOODS = (
    "control bytes",
    "0x03",
    "half frames",
    "frames longer than the limit",
    "a terminal left open",
    "zeros",
    "everything",
)
BOLUS_US = 300 * 1_000_000
DOSE_NL = 40_000  # 20 ug of 500 ug/mL
# A turn of the main loop under the flood is taken to last up to this. Only what a turn decides may be late by it; the
# steps themselves are made by the tick interrupt, which no byte on the line holds up.
TURN_US = 250_000
# The flash holds up interrupts while it is written. How long a record takes depends on what else the log holds: by one
# block erased more or fewer the bolus may begin earlier or later, or a step in it be made.
ERASE_US = 45_000 + 16 * 400
# Its ticks come at this interval. Where the bolus begins a record's time later, what basal rate and bolus have come to
# at a tick is a little less or more: a step may be due one tick earlier or later than without the flood.
TICK_US = 400_000


def bedside(folder: Path, what: str, expression: str) -> Any:
    """What the expression gives at a pump whose line `what` comes down."""
    folder.mkdir(exist_ok=True)
    world = World(folder)
    script = f"import sys\nsys.path.extend({_FOLDERS!r})\nfrom vm_steps import Bedside\nbed = Bedside({what!r})\n"
    told = world.run(f"{script}result = {expression}\n", heap="2m", within_s=150)
    assert told is not None, (world.code, world.errors)
    return told


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The same bolus at a silent line."""
    return bedside(tmp_path_factory.mktemp("silent"), "", "bed.bolus()")


@pytest.mark.case("EC18")
@pytest.mark.parametrize("what", FLOODS)
def test_every_microstep_of_a_bolus_is_made_at_the_instant_at_which_it_is_without_a_flood(tmp_path, undisturbed, what):
    instants, made, state, frames = bedside(tmp_path, what, "bed.bolus()")
    silent, silent_made, _, _ = undisturbed
    assert frames > 1000
    assert made == silent_made == DOSE_NL * 1000 // units.STEP_PL_NOMINAL
    assert state == states.INFUSING
    assert len(instants) == len(silent)
    late = [abs(at - without) for at, without in zip(instants, silent, strict=True)]
    in_bolus = [us for us, at in zip(late, silent, strict=True) if at < BOLUS_US]
    assert len(in_bolus) > made
    assert max(in_bolus) <= TICK_US
    assert sorted(in_bolus)[len(in_bolus) // 2] <= ERASE_US
    # The loop finds the bolus ended a turn later at most, and the ticks of the basal rate count from there.
    assert max(late) <= TICK_US


@pytest.mark.case("EC12")
@pytest.mark.case("EC9")
@pytest.mark.parametrize(
    "fault, alarm, looked_ms",
    [("air", alarms.AIR_IN_LINE, watch_line.LOOK_MS), ("overheat", alarms.OVERHEAT, watch_device.SLOW_MS)],
)
def test_an_alarm_comes_under_a_flood_no_later_than_a_turn_after_it_is_looked_for(tmp_path, fault, alarm, looked_ms):
    assert bedside(tmp_path, "everything", f"bed.alarm_ms({fault!r}, {alarm})") <= looked_ms + TURN_US // 1000


def test_the_stop_button_takes_the_current_away_at_once_under_a_flood(tmp_path):
    cut, told_ms = bedside(tmp_path, "everything", "bed.stop_ms()")
    assert cut
    assert told_ms <= 2 * TURN_US // 1000
