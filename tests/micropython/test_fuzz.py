"""Frames malformed, mutated and random at pumps that infuse: a fixed part of `make fuzz`."""

import pytest
from fuzzplay import MODES, play
from vm_frames import GENERATORS

FIRST_SEED = 40_000
PUMPS = 8
FRAMES = 6_250


@pytest.mark.case("EC18")
@pytest.mark.case("EC14")
def test_no_frame_stops_changes_or_slows_a_pump_that_infuses(capsys: pytest.CaptureFixture[str]) -> None:
    flooded = play(FIRST_SEED, PUMPS, FRAMES)
    with capsys.disabled():
        print(f"\n{flooded.summary()}\n{flooded.table()}")
    assert not flooded.failures
    assert flooded.frames == PUMPS * FRAMES == 50_000
    assert set(flooded.modes) == set(MODES)
    assert set(flooded.generators) == {name for _, name, _ in GENERATORS}
    assert flooded.answers > flooded.frames // 4, "most of what is sent must get past the checksum to be worth it"
