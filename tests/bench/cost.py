"""Cost of the firmware's parts in the VM, beside an empty function call there."""

from pathlib import Path

from figures import Figure
from vmworld import World
from ward import FLEX

from infuser.wire import program as programs
from pumpctl import program

HERE = Path(__file__).parent
SCRIPT = """
import sys
sys.path.append({here!r})
from vm_cost import measure
result = measure({program!r})
"""
NAMES = {
    "tick_ns": "a tick, with guard",
    "meter_ns": "a tick's metering alone",
    "guard_ns": "a tick's guard alone",
    "longest_ns": "the longest tick: all channels, new segments, a burst",
    "turn_ns": "a turn of the main loop with its tick and idling",
    "signed_ns": "a signed request verified, its reply signed",
}


def costs(folder: Path) -> list[Figure]:
    """One figure for each of NAMES."""
    folder.mkdir(exist_ok=True)
    script = SCRIPT.format(here=str(HERE), program=programs.encode(program.load(FLEX)).hex())
    told: dict[str, int] = World(folder).run(script)
    return [Figure(name, told[key] / 1e3, "us", "empty call", told["empty_ns"] / 1e3) for key, name in NAMES.items()]
