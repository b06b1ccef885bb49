"""Nine days of flex therapy with a bolus a day on a virtual pump: the memory stays, the steps are exact.

`make bench` plays half a year of it.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ward import DAY_MS, FLEX, HOUR_MS, MINUTE_MS, ML, PATIENT, STEP_PL

from infuser.core.schedule import Schedule
from infuser.wire import states
from pumpctl import operations, program, virtual
from pumpctl.client import Pump
from pumpctl.virtual import VirtualPump

DAYS = 9
REFILL_DAY = 5
WALL_MS = 1_767_254_400_000  # 2026-01-01 08:00 UTC
BOLUS_NG = 50_000
BOLUS_NL = 100_000
HEAP_TOLERANCE = 4096
# Between two ticks nothing is metered: a start, a refill and the end may each cost that much.
TICK_MS = 2200
BOUNDS = 3


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VirtualPump]:
    """A virtual pump in a home of its own, its time standing still."""
    monkeypatch.setenv("PUMPCTL_HOME", str(tmp_path / "home"))
    pump = virtual.start("days", speed=0, wall_ms=WALL_MS)
    yield pump
    pump.stop()


def refill(pump: Pump, plant: VirtualPump) -> None:
    residual_nl = pump.begin_refill()["expected_residual_nl"]
    plant.fill(20 * ML)
    pump.complete_refill(residual_nl, 20 * ML, 500)
    pump.resume()


def programmed_pl(schedule: Schedule, start_ms: int, end_ms: int) -> int:
    """What the schedule amounts to between two wall times (UTC, whole minutes count with their rate)."""
    total_pl = 0
    at_ms = start_ms
    while at_ms < end_ms:
        until_ms = min(end_ms, at_ms - at_ms % MINUTE_MS + MINUTE_MS)
        rate, _ = schedule.rate_at((at_ms + 3 * DAY_MS) % (7 * DAY_MS))
        total_pl += rate * 1000 * (until_ms - at_ms)
        at_ms = until_ms
    return total_pl // DAY_MS


def test_memory_is_level_and_steps_are_exact_after_days_of_flex_therapy(plant: VirtualPump) -> None:
    therapy = program.load(FLEX)
    begun_s = time.monotonic()
    free = []
    with Pump.open(str(plant.port), operator="bench") as pump:
        operations.commit(pump, operations.propose(pump, therapy), confirmed=True)
        refill(pump, plant)
        start_ms = pump.status()["time_ms"]
        for day in range(1, DAYS + 1):
            plant.advance_ms(10 * HOUR_MS)
            pump.bolus(BOLUS_NG, 20 * MINUTE_MS, PATIENT)
            plant.advance_ms(DAY_MS - 10 * HOUR_MS)
            if day == REFILL_DAY:
                refill(pump, plant)
            free.append(plant.get()["heap_free"])
        end_ms = pump.status()["time_ms"]
        pump.stop()
        told = pump.status()
    steps = [bucket["steps"] for bucket in told["bucket_list"]]
    print(f"{DAYS} days in {time.monotonic() - begun_s:.1f} s; heap free {free[1]} to {free[-1]}; steps {steps}")
    assert told["alarm_list"] == []
    assert abs(free[-1] - free[1]) <= HEAP_TOLERANCE, free
    # A pulse that may have been made when the motor was stopped counts as made.
    assert 0 <= told["steps_total"] - plant.get()["steps_made"] <= 1
    assert told["steps_total"] == sum(steps)
    assert steps[states.CLINICIAN_BOLUS] == DAYS * BOLUS_NL * 1000 // STEP_PL
    schedule = Schedule(therapy)
    exact_pl = programmed_pl(schedule, start_ms, end_ms)
    doubt_pl = BOUNDS * max(schedule.rates()) * 1000 * TICK_MS // DAY_MS
    assert (exact_pl - doubt_pl) // STEP_PL - BOUNDS <= steps[states.BASAL] <= exact_pl // STEP_PL + BOUNDS
