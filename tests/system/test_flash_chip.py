"""`pumpctl flash` at an emulated chip: by mpremote, onto a bare one, and over a pump whose update breaks off."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pumpctl.board import requirements
from pumpctl.virtual import VirtualPump

pytestmark = pytest.mark.on_chip

# An emulated chip is several times slower than a real one, and 160 KB go through its file system.
FLASHED_S = 1500
BROKEN_OFF_AT = b" 40 %"


@pytest.fixture
def bare(bench: Callable[..., VirtualPump], request: pytest.FixtureRequest) -> VirtualPump:
    if request.config.getoption("--chip") == "vm":
        pytest.skip("the unix port has no flash to install anything on: --chip rp2040 plays it")
    if b"infuser" in requirements.image(None).read_bytes():
        pytest.skip("the image has the firmware in it: it is never bare")
    return bench(speed=1, bare=True)


def broken_off(pump: VirtualPump) -> None:
    """Flash, and pull the cable and the power in the midst of it."""
    command = [str(Path(sys.executable).parent / "pumpctl"), "--port", pump.name, "--yes", "flash"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as flashing:
        told = b""
        assert flashing.stderr
        while BROKEN_OFF_AT not in told:
            piece = flashing.stderr.read1(4096)
            assert piece, told.decode()
            told += piece
        flashing.kill()
    pump.power_cut()


def test_a_bare_chip_becomes_a_pump_and_an_update_that_breaks_off_leaves_it_one(
    cli: Callable[..., Any], bare: VirtualPump
) -> None:
    flashed = cli("--port", bare.name, "--yes", "--json", "flash", timeout_s=FLASHED_S)
    assert flashed.exit_code == 0, flashed.stderr
    told = flashed.json
    assert told["installed"] and told["board"]["machine"] == "Raspberry Pi Pico with RP2040"
    serial = cli("--port", bare.name, "--json", "status").json["serial"]
    assert serial == told["pump"]["serial"]
    broken_off(bare)
    after = cli("--port", bare.name, "--json", "status")
    assert after.exit_code == 0, after.stderr
    assert after.json["serial"] == serial and after.json["boot_count"] > 1
