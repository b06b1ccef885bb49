"""What the interrupt calls allocates nothing on the chip, whose small integers have 31 bits and not 63."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from chiplife import Life, Prompt, installed

from infuser.wire import units
from pumpctl.board import filesystem

_SCRIPT = """
import sys, micropython
sys.path.insert(0, "/app")
from infuser.core.guard import Guard
from infuser.core.meter import Meter
class Critical:
    def __enter__(self): pass
    def __exit__(self, *told): pass
guard, meter = Guard({step}, Critical), Meter({step}, Critical)
guard.restore(0, 0, 0)
guard.set_rate_limits({rate}, {rate} + {volume})
guard.set_ceiling(1 << 29)
guard.grant({volume}, {volume})
meter.set_rate(0, {rate}, {quanta})
meter.set_volume(2, {volume}, {quanta})
count = 0
def ticks():
    count = 0
    for _ in range(300):
        meter.advance(23)
        wanted = meter.pending()
        if wanted:
            passed = guard.allow(wanted if wanted < 60 else 60, 23)
            meter.issue(passed)
            count += passed
    return count
micropython.heap_lock()
try:
    count = ticks()
finally:
    micropython.heap_unlock()
print(count, meter.corrupt, guard.corrupt)
"""


def ticking(folder: Path, uf2: Path, rate_nl_per_day: int, volume_nl: int) -> str:
    installed(folder)
    with filesystem.mounted(folder / "flash.img") as fs:
        fs.remove("/main.py")
    quanta = 24 * 36_000
    told = {"step": units.STEP_PL_NOMINAL, "rate": rate_nl_per_day, "volume": volume_nl, "quanta": quanta}
    return Prompt(Life(folder, uf2)).run(_SCRIPT.format(**told))


@pytest.mark.parametrize("rate_nl_per_day", [48_000, 1_073_742, 24_000_000])
def test_a_tick_at_any_rate_works_with_the_heap_locked(on_chip: Callable[..., Any], rate_nl_per_day: int) -> None:
    volume_nl = 18_000_000
    count, *corrupt = on_chip(ticking, rate_nl_per_day, volume_nl).split()
    due = (rate_nl_per_day + volume_nl) * 6900 // 864_000 * 1000 // units.STEP_PL_NOMINAL
    assert corrupt == ["False", "False"] and abs(int(count) - due) <= 2
