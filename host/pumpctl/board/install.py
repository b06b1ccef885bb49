"""Puts the compiled application onto the flash of an emulated board, as `pumpctl flash` would leave it."""

from pathlib import Path
from typing import Any

from pumpctl import flash_plan
from pumpctl.board import filesystem


def install(flash: Path, config: dict[str, Any]) -> None:
    """The application in /app and its launcher; on a new flash the files of config["files"] too.

    `boot`, if the configuration has one, is a program that the board runs before its launcher: a measuring probe.
    """
    fresh = not flash.exists()
    if config.get("bare"):
        with filesystem.mounted(flash):
            return
    plan = flash_plan.make_plan(flash_plan.compiler())
    with filesystem.mounted(flash) as fs:
        filesystem.put_tree(fs, "/app", {file.path: file.data for file in plan.files})
        filesystem.put_file(fs, "/main.py", plan.launcher.data)
        if config.get("boot"):
            filesystem.put_file(fs, "/boot.py", Path(config["boot"]).read_bytes())
        if fresh and config.get("files"):
            for source in Path(config["files"]).iterdir():
                filesystem.put_file(fs, f"/pump/{source.name}", source.read_bytes())
