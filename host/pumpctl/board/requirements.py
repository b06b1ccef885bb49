"""What the board bench needs that may be missing: the emulator, and an image of MicroPython for it to run."""

from pathlib import Path

from pumpctl import uf2
from pumpctl.errors import UsageProblem


def image(named: Path | None) -> Path:
    """The image to run: see uf2.find_image. UsageProblem: there is none, or no emulator. FileProblem: it is none."""
    try:
        import rp2040py  # noqa: F401
    except ImportError:
        raise UsageProblem(
            "the RP2040 emulator is not installed", field="chip", value="rp2040",
            remedy="install it: pip install 'pumpctl[board]'",
        ) from None  # fmt: skip
    return uf2.find_image(named).path.absolute()
