"""What the world's modules import under the names of the virtual pump's own: here they speak of the emulated chip."""

import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pumpctl.board.emulator import Chip
from pumpctl.board.flashchip import BLOCKS, FlashChip

WORLD = Path(__file__).resolve().parent.parent / "virtual" / "world"
NEVER = 1 << 60
_EXIT_CODES = {"watchdog": 42, "soft": 43}
# What reaches into the firmware's own objects or into the processor cannot be done from outside the chip.
NOT_HERE = ("timer-dead", "ram-bit", "flash-bit", "image-bit")


class Kernel(types.ModuleType):
    """`kernel`: the time by the pump's crystal, and events that hang on it."""

    NEVER = NEVER

    def __init__(self, clock: Any) -> None:
        super().__init__("kernel")
        self._clock = clock

        class Event:
            """Something due once; it happens between two instructions of the chip."""

            def __init__(self) -> None:
                self._alarm = clock.create_alarm(self.fire)

            def schedule(self, delay_us: int) -> None:
                """Becomes due after `delay_us`."""
                self._alarm.schedule(delay_us * 1000)

            def fire(self) -> None:
                """What happens when it is due."""

        self.Event = Event

    @property
    def now_us(self) -> int:
        return int(self._clock.nanos // 1000)


class Life(types.ModuleType):
    """`chipstate` and its `chip`: how this life began, and how it ends."""

    def __init__(self, halt: Callable[[], None]) -> None:
        super().__init__("chipstate")
        self.chip = self
        self.scratch: Any = [0] * 8
        self.end_code = 0
        self.ended = False
        self.before_end: Callable[[int], None] = lambda off_ms: None
        self._halt = halt

    def stop(self, code: int, off_ms: int = 0) -> None:
        """This life is over: 0 ordered stop, 42 watchdog, 43 machine.reset(), 44 power cut for `off_ms`."""
        if not self.ended:
            self.ended = True
            self.end_code = code
            self._halt()
            self.before_end(off_ms)

    end = stop

    def on_reset(self, cause: str) -> None:
        """The chip resets itself."""
        self.stop(_EXIT_CODES[cause])

    def heap_free(self) -> int | None:
        """Only the firmware knows: see its status."""
        return None


class Hangs(dict[str, int]):
    """`broken.hangs`: operations that never end; those of the flash happen in the flash chip."""

    def __init__(self, flash: FlashChip) -> None:
        super().__init__({"bus-hang": 0, "flash-hang": 0})
        self._flash = flash

    def __setitem__(self, name: str, count: int) -> None:
        super().__setitem__(name, count)
        if name == "flash-hang":
            self._flash.hang = count


def provide(chip: Chip, flash: FlashChip, idle: Any) -> Life:
    """Make the world importable; once in a process, before its first import."""
    life = Life(chip.halt)
    life.scratch = chip.scratch
    flash_module: Any = types.ModuleType("flash")
    flash_module.image, flash_module.BLOCKS = flash, BLOCKS
    broken: Any = types.ModuleType("broken")
    broken.hangs, broken.timers_dead = Hangs(flash), False
    bits: Any = types.ModuleType("bits")
    bits.flip_ram = bits.flip_flash = None
    bits.Nothing = type("Nothing", (Exception,), {})
    installed: Any = types.ModuleType("installed")
    installed.folder = None
    modules: dict[str, Any] = {
        "kernel": Kernel(chip.clock),
        "chipstate": life,
        "flash": flash_module,
        "broken": broken,
        "bits": bits,
        "installed": installed,
        "idle": idle,
    }
    sys.modules.update(modules)
    sys.path.insert(0, str(WORLD))
    return life
