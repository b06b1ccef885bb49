"""Alarm signals keep to IEC 60601-1-8: rates, duty, pulses and melodies by priority."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infuser.core import signals
from infuser.wire.alarms import HIGH, LOW, MEDIUM

PRIORITIES = (0, LOW, MEDIUM, HIGH)


def stretches(pattern, priority: int, until_ms: int) -> list[tuple[int, int]]:
    """(value, ms) of a pattern from its beginning on."""
    told, at_ms = [], 0
    while at_ms < until_ms:
        value, next_ms = pattern(priority, at_ms)
        assert next_ms > 0
        told.append((value, next_ms))
        at_ms += next_ms
    return told


@pytest.mark.parametrize(("priority", "low_hz", "high_hz"), [(HIGH, 1.4, 2.8), (MEDIUM, 0.4, 0.8)])
def test_a_flashing_lamp_keeps_rate_and_duty(priority: int, low_hz: float, high_hz: float) -> None:
    lit, on_ms = signals.lamp(priority, 0)
    still_lit, off_ms = signals.lamp(priority, on_ms)
    assert lit and not still_lit
    assert low_hz <= 1000 / (on_ms + off_ms) <= high_hz
    assert 0.2 <= on_ms / (on_ms + off_ms) <= 0.6


def test_the_low_lamp_is_steady_and_no_alarm_is_dark() -> None:
    assert signals.lamp(LOW, 123) == (True, signals.NEVER_MS)
    assert signals.lamp(0, 123) == (False, signals.NEVER_MS)


@pytest.mark.parametrize(
    ("priority", "notes", "every_ms"),
    [(HIGH, "CdgCdCdgCd", (2500, 15000)), (MEDIUM, "Cdg", (2500, 30000)), (LOW, "ec", (15000, 60000))],
)
def test_each_priority_plays_its_own_burst_and_rests(priority: int, notes: str, every_ms: tuple[int, int]) -> None:
    names = {523: "C", 294: "d", 392: "g", 330: "e", 262: "c"}
    period_ms = next(
        at_ms
        for at_ms in range(1000, signals.CYCLE_MS, 1000)
        if all(signals.tone(priority, x) == signals.tone(priority, x + at_ms) for x in range(0, at_ms, 50))
    )
    parts = stretches(signals.tone, priority, period_ms)
    assert "".join(names[hz] for hz, _ in parts if hz) == notes
    pulses_ms = [length_ms for hz, length_ms in parts if hz]
    assert len(set(pulses_ms)) == 1
    low_ms, high_ms = (75, 200) if priority == HIGH else (125, 250)
    assert low_ms <= pulses_ms[0] <= high_ms
    assert every_ms[0] <= parts[-1][1] <= every_ms[1]


def test_silence_never_changes() -> None:
    assert signals.tone(0, 5000) == (0, signals.NEVER_MS)


@given(st.sampled_from(PRIORITIES), st.integers(0, 3 * signals.CYCLE_MS))
def test_a_phase_may_be_kept_modulo_the_cycle(priority: int, phase_ms: int) -> None:
    for pattern in (signals.lamp, signals.tone):
        assert pattern(priority, phase_ms) == pattern(priority, phase_ms % signals.CYCLE_MS)


@given(st.sampled_from((MEDIUM, HIGH)), st.integers(0, signals.CYCLE_MS))
def test_nothing_changes_before_the_change_that_is_announced(priority: int, phase_ms: int) -> None:
    for pattern in (signals.lamp, signals.tone):
        value, next_ms = pattern(priority, phase_ms)
        assert pattern(priority, phase_ms + next_ms - 1)[0] == value
        assert pattern(priority, phase_ms + next_ms)[0] != value
