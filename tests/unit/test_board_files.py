"""What the board bench needs before a chip runs: a file system that MicroPython reads, an image, and clear words."""

import json
import subprocess
from pathlib import Path

import pytest

from pumpctl.board import filesystem, requirements
from pumpctl.errors import UsageProblem
from pumpctl.flash_plan import BLOCK_BYTES
from pumpctl.virtual import launcher
from pumpctl.virtual.paths import PumpPaths
from pumpctl.virtual.world.flashpart import BLOCKS

_ON_THE_VM = """
import os, sys
class Disk:
    def __init__(self, path): self.file = open(path, "r+b")
    def readblocks(self, block, buffer, offset=0):
        self.file.seek(block * 4096 + offset); self.file.readinto(buffer)
    def writeblocks(self, block, buffer, offset=0):
        self.file.seek(block * 4096 + offset); self.file.write(buffer)
    def ioctl(self, op, arg):
        return 352 if op == 4 else 4096 if op == 5 else 0
os.mount(os.VfsLfs2(Disk(sys.argv[1]), progsize=256), "/f")
print(open("/f/app/infuser/told.txt").read())
with open("/f/main.py", "w") as file: file.write("from the VM")
os.umount("/f")
"""


def test_micropython_reads_what_is_put_onto_the_flash_and_the_bench_reads_what_micropython_wrote(
    tmp_path: Path,
) -> None:
    flash, script = tmp_path / "flash.img", tmp_path / "read.py"
    script.write_text(_ON_THE_VM)
    with filesystem.mounted(flash) as fs:
        filesystem.put_tree(fs, "/app", {"old/gone.txt": b"x"})
    with filesystem.mounted(flash) as fs:
        filesystem.put_tree(fs, "/app", {"infuser/told.txt": b"from the bench", "main.mpy": bytes(9000)})
    assert flash.stat().st_size == BLOCKS * BLOCK_BYTES
    told = subprocess.run([launcher.micropython(), str(script), str(flash)], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "from the bench"
    with filesystem.mounted(flash) as fs:
        assert fs.open("/main.py", "r").read() == "from the VM"
        assert sorted(fs.listdir("/app")) == ["infuser", "main.mpy"]


def test_without_an_image_it_is_said_what_to_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PUMP_UF2", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(UsageProblem) as refused:
        requirements.image(None)
    assert "--uf2" in refused.value.remedy


def test_a_pump_keeps_to_the_bench_that_its_flash_was_made_on(tmp_path: Path) -> None:
    paths = PumpPaths("mine", tmp_path)
    paths.directory.mkdir()
    paths.config.write_text(json.dumps({"chip": launcher.VM}))
    with pytest.raises(UsageProblem) as refused:
        launcher.new_config(paths, {"chip": launcher.RP2040})
    assert (refused.value.field, refused.value.value) == ("chip", "rp2040")
    assert "--name" in refused.value.remedy
