"""The Python examples run as they stand, and mypy in its strict mode has nothing to say about them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tree import HOST

import pumpctl
from pumpctl import Pump, virtual

EXAMPLE = HOST / "examples" / "python" / "day_of_therapy.py"
BLOCKS = re.findall(r"```python\n(.*?)```", (HOST / "README.md").read_text(encoding="utf-8"), re.DOTALL)


def test_the_python_examples_are_clean_under_strict_mypy(tmp_path: Path) -> None:
    files = [EXAMPLE]
    for at, block in enumerate(BLOCKS):
        files.append(tmp_path / f"block{at}.py")
        files[-1].write_text(block, encoding="utf-8")
    assert len(files) > 1
    words = ["--strict", "--follow-imports=silent", f"--cache-dir={tmp_path / 'cache'}", *map(str, files)]
    told = subprocess.run([sys.executable, "-m", "mypy", *words], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr


def run(file: Path) -> str:
    told = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, check=False, timeout=120)
    assert told.returncode == 0, told.stderr
    return told.stdout


def test_the_example_of_a_day_delivers_what_was_asked_for(bench) -> None:
    shown = run(EXAMPLE)
    # Eight hours of 0.2 mL a day and a bolus of 50 uL, in whole microsteps.
    delivered = re.search(r"infusing: (\d+) nL delivered", shown)
    assert delivered is not None and 116_400 <= int(delivered[1]) <= 116_667
    assert "refused: the pump refused bolus" in shown and "alarms: []" in shown
    assert virtual.all_names() == []


def test_without_a_name_the_only_pump_is_opened_and_with_several_one_must_be_named(bench) -> None:
    bench("left")
    with Pump.open(operator="Ada") as pump:
        left = pump.hello.serial
        assert pump.status().state_name == "idle"
    bench("right")
    with pytest.raises(pumpctl.PortError, match="2 pumps are present: left, right"):
        Pump.open()
    with Pump.open("right") as pump:
        assert pump.hello.serial != left
    (Path(os.environ["PUMPCTL_HOME"]) / "config.toml").write_text(
        f'port = "a"\n[pump.a]\nport = "left"\nserial = "{left}"'
    )
    with Pump.open() as pump:
        assert pump.hello.serial == left
    (Path(os.environ["PUMPCTL_HOME"]) / "config.toml").write_text(f'[pump.a]\nport = "right"\nserial = "{left}"')
    with pytest.raises(pumpctl.PortError, match="not a, which has"):
        Pump.open("a")
