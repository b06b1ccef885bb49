"""What the board bench needs that may be missing: the emulator, and an image of MicroPython for it to run."""

import os
from pathlib import Path

from pumpctl.errors import UsageProblem


def image(named: str | None) -> Path:
    """The UF2 to run: `named`, else PUMP_UF2. UsageProblem: there is none, or no emulator."""
    try:
        import rp2040py  # noqa: F401
    except ImportError:
        raise UsageProblem(
            "the RP2040 emulator is not installed", field="chip", value="rp2040",
            remedy="install it: pip install 'pumpctl[board]'",
        ) from None  # fmt: skip
    wanted = named or os.environ.get("PUMP_UF2")
    if not wanted:
        raise UsageProblem("no image", field="uf2", remedy="name one with --uf2")
    return Path(wanted).absolute()
