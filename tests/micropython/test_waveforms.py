"""Lamps and sounder as an oscilloscope at the pins sees them, against the table of IEC 60601-1-8."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from vmworld import World

from infuser.wire.alarms import HIGH, LOW, MEDIUM

LAMPS = {HIGH: "red", MEDIUM: "yellow", LOW: "cyan"}
NOTES = {523: "C", 294: "d", 392: "g", 330: "e", 262: "c"}
MS = 1000
S = 1_000_000
Edge = tuple[int, str, int]

# `show` as the main loop calls it; `run` lets time pass in turns of a loop that has other things to do.
_BENCH = """
import kernel, machine, time, traces
from infuser.hw.annunciator import Annunciator
from infuser.hw.sensors import Sensors
annunciator = Annunciator(Sensors(machine.I2C(0)))
traces._count = 0
late_ms = 0
def run(duration_ms, turn_ms=7):
    global late_ms
    for _ in range(duration_ms // turn_ms):
        began = time.ticks_ms()
        time.sleep_ms(turn_ms)
        late_ms = max(late_ms, time.ticks_diff(time.ticks_ms(), began) - turn_ms)
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def traced(world: World, script: str) -> list[Edge]:
    """The changes at the pins while the script runs, in us since the first one."""
    told: list[Any] = world.run(_BENCH + script + "\nresult = traces.seen()\nassert late_ms == 0\n")
    return [(at_us - told[0][0], name, value) for at_us, name, value in told]


def stretches(edges: list[Edge], name: str) -> list[tuple[int, int, int]]:
    """(from us, value, lasting us) of one pin between its changes; what has no end is left out."""
    mine = [(at_us, value) for at_us, one, value in edges if one == name]
    return [(at_us, value, then_us - at_us) for (at_us, value), (then_us, _) in pairwise(mine)]


@pytest.mark.parametrize(("priority", "low_hz", "high_hz"), [(HIGH, 1.4, 2.8), (MEDIUM, 0.4, 0.8)])
def test_the_lamp_flashes_at_its_rate_and_duty(world: World, priority: int, low_hz: float, high_hz: float) -> None:
    edges = traced(world, f"annunciator.show({priority}, False)\nrun(20000)")
    assert {name for _, name, _ in edges} == {LAMPS[priority]}
    flashes = stretches(edges, LAMPS[priority])
    assert len(flashes) >= 18
    for (_, lit, on_us), (_, dark, off_us) in pairwise(flashes):
        if lit:
            assert not dark
            assert low_hz <= S / (on_us + off_us) <= high_hz
            assert 0.2 <= on_us / (on_us + off_us) <= 0.6


def test_the_lamp_of_a_low_alarm_is_steady(world: World) -> None:
    edges = traced(world, f"annunciator.show({LOW}, True)\nrun(130000)")
    assert [edge for edge in edges if edge[1] != "sounder"] == [(edges[0][0], "cyan", 1)]


@pytest.mark.parametrize(
    ("priority", "notes", "pulse_ms", "rest_s"),
    [
        (HIGH, "CdgCdCdgCd", (75, 200), (2.5, 15)),
        (MEDIUM, "Cdg", (125, 250), (2.5, 30)),
        (LOW, "ec", (125, 250), (15, 60)),
    ],
)
def test_the_sounder_plays_the_burst_of_the_priority_and_rests(world, priority, notes, pulse_ms, rest_s):
    edges = traced(world, f"annunciator.show({priority}, True)\nrun(130000 if {priority} != {HIGH} else 30000)")
    parts = stretches(edges, "sounder")
    assert parts[0][1] and all(bool(value) != bool(then) for (_, value, _), (_, then, _) in pairwise(parts))
    bursts = [""]
    for _, hz, lasting_us in parts:
        if hz:
            bursts[-1] += NOTES[hz]
            assert pulse_ms[0] * MS <= lasting_us <= pulse_ms[1] * MS
        elif lasting_us > 2 * S:
            assert rest_s[0] * S <= lasting_us <= rest_s[1] * S
            bursts.append("")
    assert len(bursts) >= 3
    assert set(bursts[:-1]) == {notes}


def test_the_ten_pulses_of_a_high_burst_are_grouped_three_two_three_two(world: World) -> None:
    edges = traced(world, f"annunciator.show({HIGH}, True)\nrun(8100)")
    gaps_ms = [lasting_us // MS for _, hz, lasting_us in stretches(edges, "sounder") if not hz][:9]
    assert gaps_ms == [100, 100, 350, 100, 500, 100, 100, 350, 100]


@pytest.mark.case("UC6")
def test_the_lamp_goes_on_in_its_rhythm_while_the_sound_is_paused(world: World) -> None:
    script = f"annunciator.show({MEDIUM}, True)\nrun(5000)\nannunciator.show({MEDIUM}, False)\nrun(20000)"
    edges = traced(world, script)
    quiet_us = max(at_us for at_us, name, _ in edges if name == "sounder")
    assert edges[-1][0] - quiet_us > 15 * S
    lit = [at_us for at_us, name, value in edges if name == "yellow" and value]
    assert {then_us - at_us for at_us, then_us in pairwise(lit)} == {2 * S}


@pytest.mark.parametrize("first", [LOW, MEDIUM])
def test_a_higher_alarm_takes_over_at_once(world: World, first: int) -> None:
    script = f"annunciator.show({first}, True)\nrun(3003)\nat_us = kernel.now_us\nannunciator.show({HIGH}, True)\n"
    edges = traced(world, script + "run(4000)\nannunciator.show(0, False)\nrun(2000)")
    lit = next(at_us for at_us, name, value in edges if name == "red" and value)
    after = [edge for edge in edges if edge[0] > lit]
    assert {name for _, name, _ in after} == {"red", "sounder"}
    assert (lit, "sounder", 523) in edges
    assert {value for _, name, value in edges if name == LAMPS[first] and _ == lit} == ({0} if first == LOW else set())
    assert after[-1][2] == 0


@pytest.mark.parametrize("priority", [HIGH, MEDIUM])
@pytest.mark.parametrize("at_ms", [90, 199, 250, 1130])
def test_a_stalled_flash_delays_what_falls_into_it_and_nothing_after(world: World, priority: int, at_ms: int) -> None:
    script = "annunciator.show({}, True)\nrun({}, 1)\n{}\nrun(6000, 1)"
    sound = traced(world, script.format(priority, at_ms, "pass"))
    stalled = traced(world, script.format(priority, at_ms, "kernel.block(400000)"))
    end_us = (at_ms + 401) * MS
    until_us = min(sound[-1][0], stalled[-1][0])
    assert [edge for edge in stalled if end_us < edge[0] <= until_us] == [
        edge for edge in sound if end_us < edge[0] <= until_us
    ]
    assert [edge for edge in sound if edge[0] <= end_us - 401 * MS] == [
        edge for edge in stalled if edge[0] <= end_us - 401 * MS
    ]


@pytest.mark.case("EC17")
def test_a_sounder_that_dies_and_comes_back_is_told_at_the_end_of_a_tone(world: World) -> None:
    told = world.run(
        _BENCH
        + f"""
import faults
annunciator.show({MEDIUM}, True)
run(1400)
result = [annunciator.sounder_failed]
faults.switch("sounder-dead", True)
run(11200)
result.append(annunciator.sounder_failed)
faults.switch("sounder-dead", False)
run(12600)
result.append(annunciator.sounder_failed)
"""
    )
    assert told == [False, True, False]


@pytest.mark.case("EC22")
@pytest.mark.parametrize("colour", ["red", "yellow", "cyan"])
def test_a_lamp_that_stays_dark_is_found_and_seen_by_nobody_while_it_is_looked_for(world: World, colour: str) -> None:
    told = world.run(
        _BENCH
        + f"""
import faults
faults.switch("lamp-dead", True, {colour!r})
annunciator.show({LOW}, False)
annunciator.blink_test()
result = [annunciator.dark_lamps(), [bool(kernel.now_us)]]
faults.switch("lamp-dead", False)
before_us = kernel.now_us
annunciator.blink_test()
result += [annunciator.dark_lamps(), kernel.now_us - before_us, [pin.value() for pin in annunciator._lamps.values()]]
"""
    )
    found, _, mended, took_us, lit = told
    assert (found, mended, took_us) == ([colour], [], 0)
    assert sum(lit) == (0 if colour == "cyan" else 1)
