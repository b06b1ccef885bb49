"""Lamps and sounder of a scenario, judged by their edges."""

import pytest

from pumpctl.scenario.signals import Trace, flashing, lit, notes, plays, tones


def trace(name: str, period_ms: int, on_ms: int, count: int, value: int = 1) -> Trace:
    """A signal that is on for `on_ms` in each period from 0 on."""
    told = Trace()
    for at in range(count):
        told.add([(at * period_ms, name, value), (at * period_ms + on_ms, name, 0)])
    return told


def test_frequency_and_duty_are_those_of_whole_periods() -> None:
    hz, duty = flashing(lit(trace("red", 500, 200, 20), "red", 1100, 9100), 1100, 9100)
    assert (round(hz, 3), round(duty)) == (2.0, 400)


def test_a_steady_lamp_does_not_flash() -> None:
    told = Trace()
    told.add([(10, "cyan", 1)])
    assert flashing(lit(told, "cyan", 1000, 9000), 1000, 9000) == (0.0, 1000.0)


def test_a_lamp_that_is_tested_is_not_lit_and_one_that_lost_its_power_is_dark() -> None:
    told = trace("yellow", 1000, 30, 3)
    assert lit(told, "yellow", 0, 5000) == []
    told.add([(6000, "yellow", 1)])
    told.dark(7000)
    assert lit(told, "yellow", 0, 9000) == [(6000, 7000, 1)]


def test_tones_are_told_in_order_without_the_test_chirp() -> None:
    told = Trace()
    told.add([(0, "sounder", 1000), (30, "sounder", 0), (500, "sounder", 523), (700, "sounder", 294)])
    told.add([(900, "sounder", 0)])
    assert tones(told, 0, 2000) == [523, 294]


@pytest.mark.parametrize(
    ("heard", "melody", "met"),
    [
        ("C d g", "C d g", True),
        ("d g C d g C", "C d g", True),
        ("C d", "C d g", False),
        ("g C d", "C d g", False),
        ("C g d", "C d g", False),
        ("C d g C d C d g C d", "C d g - C d", True),
        ("c d g", "C d g", False),
    ],
)
def test_a_melody_is_heard_whole_and_in_its_order(heard: str, melody: str, met: bool) -> None:
    assert plays(notes(heard), notes(melody)) is met
