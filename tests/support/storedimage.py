"""Flash images of released formats, and scripts played on the MicroPython VM over them."""

import json
import lzma
from pathlib import Path
from typing import Any

from vmworld import World

IMAGES = Path(__file__).parents[1] / "power" / "images"
# What the scripts import beside the firmware.
_PLACES = [str(IMAGES.parents[1] / folder) for folder in ("power", "support", "micropython")]
_HEAD = f"""
import sys
sys.path.extend({_PLACES!r})
import vm_states
"""
HEAP = "16m"


def truth(name: str) -> dict[str, Any]:
    """What pump and plant said when the image was stored."""
    told: dict[str, Any] = json.loads((IMAGES / f"{name}.json").read_text())
    return told


def flash(name: str) -> bytes:
    """The image itself."""
    return lzma.decompress((IMAGES / f"{name}.xz").read_bytes())


def world(folder: Path, name: str) -> World:
    """A switched-off pump with the image in its flash."""
    (folder / "flash.img").write_bytes(flash(name))
    return World(folder, wall_ms=truth(name)["plant"]["wall_ms"])


def play(there: World, script: str) -> Any:
    """What a script that uses `vm_states` leaves in `result`; the flash is mounted when it begins."""
    told = there.run(_HEAD + script, heap=HEAP, within_s=300)
    assert told is not None, there.errors
    return told
