"""What comes down the line while the chip starts does not keep the pump from starting."""

from pathlib import Path

from chiplife import SERIAL, Life, apart, installed

_CTRL_C = b"\x03"
# A computer takes longer than this to find out what has been plugged in.
_FIRST_MS = 100
_EVERY_MS = 20
_STARTS_MS = 4000  # longer than the application takes to load


def interrupted(folder: Path, uf2: Path) -> str:
    life = Life(installed(folder), uf2)
    life.run_ms(_FIRST_MS)
    for _ in range((_STARTS_MS - _FIRST_MS) // _EVERY_MS):
        life.line.write(_CTRL_C)
        life.run_ms(_EVERY_MS)
    life.line.write(b"\0")
    with life.client() as pump:
        return pump.hello.serial


def test_ctrl_c_on_the_line_does_not_end_the_pump_while_it_starts(uf2: Path, tmp_path: Path) -> None:
    assert apart(interrupted, tmp_path, uf2) == SERIAL
