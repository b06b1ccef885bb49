"""Fixtures that several unit tests share."""

import os
from pathlib import Path

import pytest


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the tool's own, no settings in the environment, and no board plugged in."""
    monkeypatch.setenv("PUMPCTL_HOME", str(tmp_path))
    for name in [name for name in os.environ if name.startswith("PUMPCTL_") and name != "PUMPCTL_HOME"]:
        monkeypatch.delenv(name)
    monkeypatch.setattr("pumpctl.ports.usb_ports", lambda: [])
    return tmp_path
