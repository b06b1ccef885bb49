"""Puts the firmware into the wheel: it is flashed, run as the virtual pump, and declares the protocol.

An editable install reads the firmware where it lies (dev-mode-dirs) and must hold no copy of it,
which would shadow the original; static force-include makes no such distinction.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class FirmwareHook(BuildHookInterface[Any]):
    """Adds to a standard wheel what lies outside the package: `infuser`, what stands beside it, examples, licence."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it collects files; `version` is "standard" or "editable"."""
        if version != "standard":
            return
        firmware = Path(self.root).parent / "firmware"
        include = build_data["force_include"]
        include[str(firmware / "infuser")] = "infuser"
        for name in ("main.py", "launcher.py", "onboard.py"):
            include[str(firmware / name)] = f"pumpctl/firmware/{name}"
        include[str(Path(self.root) / "examples")] = "pumpctl/examples"
        include[str(Path(self.root).parent / "LICENSE")] = "pumpctl/LICENSE"
