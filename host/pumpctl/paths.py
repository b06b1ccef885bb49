"""Where the tool keeps its files: below $PUMPCTL_HOME, or where the system puts such things."""

import os
from pathlib import Path

import platformdirs


def state_dir() -> Path:
    """Things of this machine: pending commands, virtual pumps, details of the last error."""
    home = os.environ.get("PUMPCTL_HOME")
    return Path(home) if home else platformdirs.user_state_path("pumpctl")


def data_dir() -> Path:
    """Things worth a backup: the archive of pulled logs, reports."""
    home = os.environ.get("PUMPCTL_HOME")
    return Path(home) if home else platformdirs.user_data_path("pumpctl")
