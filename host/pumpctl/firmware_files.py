"""Where the firmware's files lie, in a source tree or an installed wheel."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import infuser
from pumpctl.errors import Internal

_PACKAGE = Path(infuser.__file__).resolve().parent
# An installed wheel keeps beside the tool what in the source tree stands beside the package.
_BESIDE = (_PACKAGE.parent, Path(__file__).resolve().parent / "firmware")

# Where the launcher looks for the application, below the root of the board's file system.
FOLDER = "app"
# Name of the list of hashes beside an installed application; infuser.hw.image reads it.
IMAGE_LIST = "image.txt"
# Name of what the application says of itself, for whoever wants to go back to it; onboard.py reads it.
ABOUT = "about.txt"


def beside(name: str) -> Path:
    """A file that stands beside the package: main.py, launcher.py or onboard.py."""
    for folder in _BESIDE:
        if folder.name == "firmware" and (folder / name).is_file():
            return folder / name
    raise Internal(f"the firmware's {name} is missing", remedy="install pumpctl again")


def image_list(contents: Mapping[str, bytes]) -> bytes:
    """What the pump holds its files against: hash and path of each, as sha256sum writes them."""
    return "".join(f"{hashlib.sha256(data).hexdigest()}  {path}\n" for path, data in contents.items()).encode()


def about(firmware: str, state: int) -> bytes:
    """What an installed application says of itself: its version, and that of the newest stored state it reads."""
    return f"firmware {firmware}\nstate {state}\n".encode()


def mip_list(sources: Mapping[str, str]) -> str:
    """package.json for `mpremote mip install --target /`: path on the board -> file, relative to the list itself."""
    return json.dumps({"version": infuser.VERSION, "urls": [list(pair) for pair in sources.items()]}, indent=2) + "\n"


def application() -> dict[str, Path]:
    """Source of every file of the application, by its path on the board."""
    package = {f"infuser/{path.relative_to(_PACKAGE).as_posix()}": path for path in sorted(_PACKAGE.rglob("*.py"))}
    return {**package, "main.py": beside("main.py")}
