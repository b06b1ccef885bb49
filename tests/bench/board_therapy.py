"""What therapy costs the board: memory, sleep, flash space, and whether hours of it are exact."""

from collections.abc import Callable
from dataclasses import dataclass

import board_edges
from board_pump import BoardPump
from figures import Figure
from ward import STEP_PL, due_steps

from infuser.app.delivery import TICK_MAX_MS
from infuser.wire import units
from pumpctl import flash_plan
from pumpctl.board import filesystem
from pumpctl.flash_board import SPARE_BYTES
from pumpctl.virtual.world.flashpart import BLOCK_BYTES, BLOCKS

HEAP_GOAL_BYTES = 100 * 1024
ASLEEP_GOAL = 98
PIECES_AN_HOUR = 12  # a longer advance may outlast a caller's patience on a busy machine
READY_GOAL_S = 8  # the watchdog's patience


@dataclass(frozen=True)
class Played:
    """Hours of the example of one rate: `interval_ns` between its steps, when each was made, and what was off."""

    figures: list[Figure]
    rises_ns: list[int]
    interval_ns: float


def at_start(pump: BoardPump) -> list[Figure]:
    """Before anything is delivered."""
    return [
        Figure("power-on to ready, journal full", pump.ready_ms / 1000, "s", "watchdog, fed meanwhile", READY_GOAL_S),
        Figure("heap free after start", pump.free_bytes(), "bytes", "goal", HEAP_GOAL_BYTES),
    ]


def play(pump: BoardPump, hours: int, tell: Callable[[str], None]) -> Played:
    """So many hours of it, undisturbed."""
    pump.client.resume()
    before, seen_before = pump.status(), pump.plant.measure()
    made_before = pump.plant.get()["steps_made"]
    rises: list[int] = []
    busy_ns = passed_ns = 0
    for hour in range(hours):
        tell(f"therapy, hour {hour + 1} of {hours}")
        for _ in range(PIECES_AN_HOUR):
            pump.plant.advance_ms(units.MS_PER_H // PIECES_AN_HOUR)
        seen = pump.plant.measure()
        rises += board_edges.rises(seen["edges"]["step"])
        busy_ns, passed_ns = (seen[key] - seen_before[key] for key in ("busy_ns", "now_ns"))
    after = pump.status()
    made = pump.plant.get()["steps_made"] - made_before
    counted = after["steps_total"] - before["steps_total"]
    rate, passed_ms = after["rate_nl_per_day"], after["age_ms"] - before["age_ms"]
    # It began a status earlier than was asked, and up to a tick of it is not handed on yet.
    least, most = due_steps(rate, passed_ms - TICK_MAX_MS), due_steps(rate, passed_ms + TICK_MAX_MS)
    off = max(abs(made - counted), least - made, made - most)
    return Played(
        [
            Figure(f"steps off, {hours} h at 0.2 mL/d", off, "", "due", most),
            Figure(f"time asleep, {hours} h at 0.2 mL/d", 100 * (1 - busy_ns / passed_ns), "%", "goal", ASLEEP_GOAL),
            Figure(f"heap free after {hours} h", pump.free_bytes(), "bytes", "goal", HEAP_GOAL_BYTES),
        ],
        rises,
        STEP_PL * units.MS_PER_DAY * 1e6 / (rate * units.PL_PER_NL),
    )


def space(pump: BoardPump) -> list[Figure]:
    """Of the board's file system, with a journal that is full."""
    plan = flash_plan.make_plan(flash_plan.compiler())
    used = sum(len(file.data) for file in plan.files)
    with filesystem.mounted(pump.plant.paths.flash) as fs:
        free = (BLOCKS - fs.used_block_count) * BLOCK_BYTES
    return [
        Figure("flash: the application's files", used, "bytes", "file system", BLOCKS * BLOCK_BYTES),
        Figure("flash: free beside a full journal", free, "bytes", "an update needs", plan.room + SPARE_BYTES),
    ]
