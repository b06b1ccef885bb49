"""One life of the emulated chip: python -m pumpctl.board <config.json>. Keys: see pumpctl.virtual.launcher.

Standard input and output are the serial line; orders come over the control channel, as for the VM.
"""

import contextlib
import json
import os
import select
import sys
from pathlib import Path
from typing import Any

from pumpctl.board import pulsewidth, stand_ins
from pumpctl.board.emulator import Chip
from pumpctl.board.flashchip import FlashChip
from pumpctl.board.governor import Governor
from pumpctl.board.oscilloscope import Oscilloscope
from pumpctl.board.pins import Pins

_READ_MAX = 4096
_TO_CHIP_MAX = 8192
_UNSENT_MAX = 1 << 18
_SAVE_EVERY_US = 60_000_000


class Bench:
    """The chip, the world behind its pins, and the two channels to the outside."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.flash = FlashChip(Path(config["flash"]), bytes.fromhex(config["serial"]))
        self.chip = Chip(Path(config["uf2"]), self.flash)
        self.governor = Governor(self.chip)
        self.life = stand_ins.provide(self.chip, self.flash, self.governor)
        import broken  # type: ignore[import-not-found]
        import plant  # type: ignore[import-not-found]
        import saved  # type: ignore[import-not-found]
        import slaves  # type: ignore[import-not-found]
        import voltages  # type: ignore[import-not-found]
        from control import OPERATIONS, Control  # type: ignore[import-not-found]
        from fluid import fluid  # type: ignore[import-not-found]

        self._saved = saved
        slaves.clock.ppm = config["crystal_ppm"]
        saved.load(config["plant"], config["seed"], config["wall_ms"])
        self.chip.come_from(config["reset_cause"], self.life.scratch)
        self.pins = Pins(self.chip, plant.plant, fluid, voltages, slaves, broken)
        pulsewidth.work_out(self.chip.mcu, plant.plant.sound)
        self.flash.on_cut = lambda: self.life.stop(44)
        self.chip.on_reset = self.life.on_reset
        self.life.before_end = lambda off_ms: self._save(config["plant"], off_ms)
        self.chip.line.heard = self._from_chip
        OPERATIONS["measure"] = self._measure
        OPERATIONS["flash-times"] = self._flash_times
        self.oscilloscope = Oscilloscope(self.chip)
        self.governor.set_speed(config["speed"])
        self._unsent = b""
        self._control: Any = None
        if config["control_fd"] >= 0:
            file = os.fdopen(config["control_fd"], "r+b", 0)
            self._control = file
            self.governor.control = Control(_Lines(file))

    def live(self) -> int:
        """Run until the life ends; its exit code."""
        while not self.life.ended:
            self._listen(self.governor.turn())
        return self.life.end_code

    def _listen(self, wait_s: float | None) -> None:
        """Serve what has come on either channel, waiting at most `wait_s`."""
        readers = []
        if self.chip.line.waiting < _TO_CHIP_MAX:
            readers.append(0)
        if self._control is not None and self.governor.ready:
            readers.append(self._control)
        ready, writable, _ = select.select(readers, [1] if self._unsent else [], [], wait_s)
        if writable:
            self._push()
        if 0 in ready:
            with contextlib.suppress(BlockingIOError):
                self.chip.line.send(os.read(0, _READ_MAX))
                self.governor.wake()
        elif self._control in ready:
            self.governor.control.serve()
            self.pins.refresh()

    def _measure(self, _control: Any, _request: dict[str, Any]) -> dict[str, Any]:
        return self.oscilloscope.read()

    def _flash_times(self, _control: Any, request: dict[str, Any]) -> dict[str, Any]:
        """From now on flash operations take so long."""
        self.flash.erase_us, self.flash.program_us = int(request["erase_us"]), int(request["program_us"])
        return {}

    def _from_chip(self, data: bytes) -> None:
        self._unsent = (self._unsent + data)[-_UNSENT_MAX:]
        self._push()

    def _push(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._unsent:
                self._unsent = self._unsent[os.write(1, self._unsent) :]

    def _save(self, path: str, off_ms: int) -> None:
        self.life.scratch = self.chip.scratch
        self._saved.save(path, off_ms)


class _Lines:
    """The control channel as the world's modules use it: text lines."""

    def __init__(self, file: Any) -> None:
        self.file = file

    def readline(self) -> bytes:
        return bytes(self.file.readline())

    def write(self, text: str) -> None:
        self.file.write(text.encode())


def main() -> None:
    """Live as the configuration says."""
    bench = Bench(json.loads(Path(sys.argv[1]).read_text()))
    sys.exit(bench.live())


if __name__ == "__main__":
    main()
