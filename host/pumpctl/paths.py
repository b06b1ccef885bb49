"""Where the tool keeps its files: below $PUMPCTL_HOME, or where the system puts such things."""

import hashlib
import os
import re
from pathlib import Path
from types import ModuleType


def state_dir() -> Path:
    """Things of this machine: pending commands, virtual pumps, details of the last error."""
    return _own() or _system().user_state_path("pumpctl")


def data_dir() -> Path:
    """Things worth a backup: the archive of pulled logs, reports."""
    return _own() or _system().user_data_path("pumpctl")


def cache_dir() -> Path:
    """Things that can be had again: the image of MicroPython."""
    own = _own()
    return own / "cache" if own else Path(_system().user_cache_path("pumpctl"))


def config_file() -> Path:
    """The config file, there or not: $PUMPCTL_CONFIG, else below $PUMPCTL_HOME or where the system keeps settings."""
    named = os.environ.get("PUMPCTL_CONFIG")
    if named:
        return Path(named).expanduser()
    return (_own() or _system().user_config_path("pumpctl")) / "config.toml"


def _own() -> Path | None:
    home = os.environ.get("PUMPCTL_HOME")
    return Path(home) if home else None


def _system() -> ModuleType:
    import platformdirs  # takes its time, and is not needed below $PUMPCTL_HOME

    return platformdirs


_STEM_MAX = 64
_DEVICE_NAMES = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]", re.IGNORECASE)


def stem(serial: str) -> str:
    """A file's name, without its ending, for a pump's serial number, which is not trusted to be one.

    One that had to be changed carries its digest: two pumps never share a file.
    """
    safe = re.sub(r"[^A-Za-z0-9_-]", "_", serial)[:_STEM_MAX]
    if safe == serial and safe and not _DEVICE_NAMES.fullmatch(safe):
        return safe
    return f"{safe or 'pump'}-{hashlib.sha256(serial.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
