"""What the world's modules import under the names of the virtual pump's own: here they speak of the emulated chip."""

import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pumpctl.board.emulator import Chip
from pumpctl.board.flashchip import FlashChip
from pumpctl.virtual.launcher import RESET_CAUSES

WORLD = Path(__file__).resolve().parent.parent / "virtual" / "world"
NEVER = 1 << 60
_FROM_OUTSIDE = "an emulated chip is broken from outside, which does not "
_EXIT_CODES = {cause: code for code, cause in RESET_CAUSES.items()}


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


class Broken(types.ModuleType):
    """`broken`: what fails inside the chip. Nobody stops its timers from outside."""

    def __init__(self, flash: FlashChip) -> None:
        super().__init__("broken")
        self.hangs = flash.hangs

    @property
    def timers_dead(self) -> bool:
        return False

    @timers_dead.setter
    def timers_dead(self, dead: bool) -> None:
        if dead:
            from faults import Unknown  # type: ignore[import-not-found]

            raise Unknown(f"{_FROM_OUTSIDE}stop its timers", "fault", "timer-dead")


class Bits(types.ModuleType):
    """`bits`: nobody knows where in the chip's memory the firmware has what."""

    class Nothing(Exception):
        """There is nothing to flip a bit in."""

    def flip_ram(self, _name: str, _seed: int | None = None) -> str:
        raise self.Nothing(f"{_FROM_OUTSIDE}find the firmware's counters in its memory")

    def flip_flash(self, _name: str, _seed: int | None = None) -> str:
        raise self.Nothing(f"{_FROM_OUTSIDE}find a file's bytes on its flash")


def provide(chip: Chip, flash: FlashChip, idle: Any) -> Life:
    """Make the world importable; once in a process, before its first import."""
    life = Life(chip.halt)
    life.scratch = chip.scratch
    flash_module: Any = types.ModuleType("flash")
    flash_module.image = flash
    installed: Any = types.ModuleType("installed")
    installed.folder = None
    modules: dict[str, Any] = {
        "kernel": Kernel(chip.clock),
        "chipstate": life,
        "flash": flash_module,
        "broken": Broken(flash),
        "bits": Bits("bits"),
        "installed": installed,
        "idle": idle,
    }
    sys.modules.update(modules)
    sys.path.insert(0, str(WORLD))
    return life
