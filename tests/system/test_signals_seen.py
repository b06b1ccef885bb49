"""What is seen and heard of a whole pump's alarms, edge by edge at the pins."""

from itertools import pairwise

import pytest
from ward import MINUTE_MS, SECOND_MS, Ward, infusing


def changes(ward: Ward, duration_ms: int) -> list[tuple[int, str, int]]:
    """(us, pin, value) of what changes at lamps and sounder within a time."""
    began_us = ward.truth()["uptime_ms"] * 1000
    ward.advance(duration_ms)
    return [(at_us, name, value) for at_us, name, value in ward.plant.signals() if at_us > began_us]


def rises_us(seen: list[tuple[int, str, int]], pin: str) -> list[int]:
    return [at_us for at_us, name, value in seen if name == pin and value]


def test_the_lamp_shows_the_highest_priority_present_whatever_came_first(cli, bench):
    ward = infusing(cli, bench)
    seen_by_fault = {}
    for fault in ("cover-open", "battery", "encoder-dead"):
        ward.plant.fault(fault)
        ward.advance(2 * MINUTE_MS)
        seen_by_fault[fault] = {name for _, name, _ in changes(ward, 10 * SECOND_MS)}
    assert seen_by_fault["cover-open"] <= {"cyan", "sounder"}
    assert "yellow" in seen_by_fault["battery"] and not {"red", "cyan"} & seen_by_fault["battery"]
    assert "red" in seen_by_fault["encoder-dead"] and not {"yellow", "cyan"} & seen_by_fault["encoder-dead"]


@pytest.mark.case("UC6")
def test_an_audio_pause_silences_the_sounder_and_leaves_the_lamp_in_its_rhythm(cli, bench):
    ward = infusing(cli, bench)
    ward.plant.fault("overheat")
    ward.advance(2 * MINUTE_MS)
    assert rises_us(changes(ward, 13 * SECOND_MS), "sounder")
    ward.do("alarms", "pause", "5min")
    ward.advance(SECOND_MS)
    seen = changes(ward, 2 * MINUTE_MS)
    assert rises_us(seen, "sounder") == []
    lit = rises_us(seen, "yellow")
    assert len(lit) >= 55
    assert {then_us - at_us for at_us, then_us in pairwise(lit)} == {2_000_000}
    ward.advance(4 * MINUTE_MS)
    assert rises_us(changes(ward, 13 * SECOND_MS), "sounder")


@pytest.mark.on_chip
def test_lamps_of_a_pump_that_is_talked_to_keep_their_rhythm_while_it_writes_its_log(cli, bench):
    ward = infusing(cli, bench)
    ward.plant.fault("encoder-dead")
    ward.advance(MINUTE_MS)
    began_us = ward.truth()["uptime_ms"] * 1000
    for _ in range(5):
        ward.do("alarms", "pause", "1min")
        ward.advance(2 * SECOND_MS)
    lit = [at_us for at_us in rises_us(ward.plant.signals(), "red") if at_us > began_us]
    assert len(lit) >= 20
    # Late by what the flash held up, and back in step at once.
    steady = [abs(then_us - at_us - 500_000) <= 2000 for at_us, then_us in pairwise(lit)]
    assert sum(steady) >= len(steady) - 6
    assert abs((lit[-1] - lit[0]) - (len(lit) - 1) * 500_000) <= 100_000
