"""Without the modules that only POSIX has, the tool imports whole, and what serves a real pump runs.

A stand-in for Windows as far as a POSIX system can show it. pyserial, mpremote, click and platformdirs choose by the
system what they load, and are loaded before; the tool itself and whatever else it loads must do without.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pumpctl import program

_BLOCKED = ("termios", "pty", "fcntl", "pwd", "grp", "resource", "tty")
_BEFORE = """
import importlib, json, os, pkgutil, sys
import serial.tools.list_ports, click._termui_impl, platformdirs, mpremote.transport_serial
blocked = {blocked!r}
for name in blocked:
    sys.modules.pop(name, None)

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name in blocked:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
for name in ("getuid", "geteuid", "getgid", "fork", "killpg", "getpgid", "setsid", "mkfifo", "fchmod", "chown"):
    if hasattr(os, name):
        delattr(os, name)
"""


def without_posix(text: str, home: Path) -> Any:
    """What a program prints as JSON on a Python without those modules."""
    told = subprocess.run(
        [sys.executable, "-c", _BEFORE.format(blocked=_BLOCKED) + text], capture_output=True, text=True, check=False,
        env={"PUMPCTL_HOME": str(home), "PATH": "", "SYSTEMROOT": ""}, timeout=60,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


def test_every_module_imports(tmp_path: Path) -> None:
    told = without_posix(
        "import pumpctl\n"
        "names = [m.name for m in pkgutil.walk_packages(pumpctl.__path__, 'pumpctl.')]\n"
        "names = [n for n in names if not n.startswith(('pumpctl.virtual.', 'pumpctl.firmware'))]\n"
        "failed = {}\n"
        "for name in names:\n"
        "    try: importlib.import_module(name)\n"
        "    except ImportError as error: failed[name] = str(error)\n"
        "print(json.dumps([len(names), failed]))\n",
        tmp_path,
    )
    assert told[0] > 150 and told[1] == {}


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["ports", "--json"],
        ["config", "show", "--json"],
        ["config", "template", "--write", "--json"],
        ["program", "check", str(program.example()), "--json"],
        ["completion", "bash", "--json"],
        ["virtual", "list", "--json"],
        ["log", "show", "--pump", "x"],
    ],
    ids=" ".join,
)
def test_what_serves_a_real_pump_runs(tmp_path: Path, words: list[str]) -> None:
    [code, told] = without_posix(
        "import io\nfrom pumpctl.cli.main import run\n"
        "sys.stdout, shown = io.StringIO(), sys.stdout\nsys.stderr = sys.stdout\n"
        f"code = run({words!r})\nsys.stdout, text = shown, sys.stdout.getvalue()\n"
        "print(json.dumps([code, text]))\n",
        tmp_path,
    )
    assert code == (2 if "log" in words else 0), told
    assert "internal error:" not in told and "Traceback" not in told


def test_a_virtual_pump_is_refused_in_words_where_there_is_no_posix(tmp_path: Path) -> None:
    [code, told] = without_posix(
        "import io\nfrom pumpctl.cli.main import run\nsys.stderr, kept = io.StringIO(), sys.stderr\n"
        "code = run(['virtual', 'start'])\n"
        "print(json.dumps([code, sys.stderr.getvalue()]))\n",
        tmp_path,
    )
    assert code == 2 and "virtual pumps need Linux or macOS" in told
