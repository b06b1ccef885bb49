"""Builds the RP2040 emulator for this very Python, which makes it about three times as fast as its wheel.

The wheel is made for every Python from 3.11 on, and pays for that with slow access to memory. Where there is no C
compiler, or the build does not come out, the wheel stays.
"""

import importlib.metadata
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "rp2040py"
_SETTING, _OFF = "USE_LIMITED_API = (", "USE_LIMITED_API = False and ("
_PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")


def build(version: str) -> str:
    """Install it built from its source; why not, if that cannot be."""
    if not shutil.which(os.environ.get("CC", "cc")):
        return "there is no C compiler"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = ("download", "--no-deps", "--no-binary", PACKAGE, "--dest", name, f"{PACKAGE}=={version}")
        if subprocess.run([*_PIP, *source], check=False).returncode:
            return "its source cannot be had"
        [archive] = folder.glob("*.tar.gz")
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
        setup = folder / f"{PACKAGE}-{version}" / "setup.py"
        text = setup.read_text()
        if text.count(_SETTING) != 1:
            return "its setup.py is not as it was"
        setup.write_text(text.replace(_SETTING, _OFF))
        wheels = folder / "built"
        made = subprocess.run([*_PIP, "wheel", "--no-deps", "--wheel-dir", str(wheels), str(setup.parent)], check=False)
        # The package builds without its compiled part where that fails: such a one would be a hundred times slower.
        [wheel] = wheels.glob("*.whl") if made.returncode == 0 else [None]
        if wheel is None or "none-any" in wheel.name or "abi3" in wheel.name:
            return "the build failed"
        subprocess.run([*_PIP, "install", "--no-deps", "--force-reinstall", str(wheel)], check=True)
    return ""


def main() -> None:
    """Build, and say what came of it."""
    version = importlib.metadata.version(PACKAGE)
    why = build(version)
    print(f"{PACKAGE} {version}: " + (f"the wheel stays, {why}" if why else "built for this Python"))


if __name__ == "__main__":
    main()
