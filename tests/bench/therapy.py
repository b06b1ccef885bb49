"""A virtual pump as a user has it: machine time and flash wear of its days."""

import os
import statistics
import time
from pathlib import Path

from figures import Figure
from ward import CONTINUOUS, DAY_MS, ML

from pumpctl import operations, program, virtual
from pumpctl.client import Pump
from pumpctl.virtual import VirtualPump, launcher

HEAP_BYTES = launcher.HEAP_KIB * 1024
DAY_LIMIT_S = 0.864
DAYS = 4


def infusing(folder: Path) -> tuple[VirtualPump, Pump]:
    """A virtual pump whose time stands still, infusing the example of one rate, and a client of it."""
    os.environ["PUMPCTL_HOME"] = str(folder / "home")
    plant = virtual.start("bench", speed=0)
    pump = Pump.open(str(plant.port), operator="bench")
    operations.commit(pump, operations.propose(pump, program.load(CONTINUOUS)))
    pump.begin_refill()
    plant.fill(20 * ML)
    pump.complete_refill(0, 20 * ML, 500)
    pump.resume()
    return plant, pump


def therapy_days(plant: VirtualPump) -> list[Figure]:
    """Machine time and flash wear of a day of continuous therapy."""
    plant.advance_ms(DAY_MS)
    before = plant.get()["flash"]
    took = []
    for _ in range(DAYS):
        began_s = time.perf_counter()
        plant.advance_ms(DAY_MS)
        took.append(time.perf_counter() - began_s)
    truth = plant.get()
    after = truth["flash"]
    day_s = statistics.median(took)
    blocks = 352
    erases = (after["erases"] - before["erases"]) / DAYS
    return [
        Figure("a virtual day of continuous therapy", day_s, "s", "limit", DAY_LIMIT_S),
        Figure("a virtual day of continuous therapy", day_s, "s", "real time", 86400),
        Figure("heap free while infusing", truth["heap_free"], "bytes", "heap", HEAP_BYTES),
        Figure("flash programs a day", (after["programs"] - before["programs"]) / DAYS, "", "erases a day", erases),
        Figure("flash erases a day", erases, "", "a day's share of 100,000 a block in ten years", blocks * 1e5 / 3653),
    ]
