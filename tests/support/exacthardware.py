"""Plain stand-ins for the hardware of the pump on CPython, in the virtual time of an exactworld.World."""

from contextlib import nullcontext
from typing import Any

from vm_witness import files_of, motor_of, witness_of

from infuser.wire.units import QUANTUM_MS

NEVER = 1 << 62
_FETCH_US = 3


class Drive:
    """Two bursts: one under way, one waiting; each known by its begin, count and interval."""

    def __init__(self, world: Any) -> None:
        self._world = world
        self._on = False
        self._under_way = (0, 0, 1)
        self._waiting: tuple[int, int] | None = None

    def _follow(self) -> None:
        world = self._world
        begin, count, interval = self._under_way
        while count and begin + count * interval <= world.now_us:
            world.made += count
            free = begin + count * interval
            count, interval = self._waiting or (0, 1)
            begin = free + _FETCH_US
            self._waiting = None
            self._under_way = (begin, count, interval)

    def made(self) -> int:
        """Pulses made in all."""
        self._follow()
        begin, count, interval = self._under_way
        under_way = (self._world.now_us - begin) // interval + 1 if count and self._world.now_us >= begin else 0
        return self._world.made + min(count, under_way)

    def enable(self, forward: bool) -> None:
        self.halt()
        self._on = True

    def ready(self) -> bool:
        self._follow()
        return self._on and self._waiting is None

    def burst(self, count: int, interval_us: int) -> None:
        self._follow()
        if self._under_way[1]:
            self._waiting = (count, interval_us)
        else:
            self._under_way = (self._world.now_us + _FETCH_US, count, interval_us)

    def halt(self) -> int:
        """As infuser.hw.drive: the microsteps handed over that were not made."""
        self._on = False
        made = self.made()
        left = self._world.made + self._under_way[1] + (self._waiting[0] if self._waiting else 0) - made
        self._world.made = made
        self._under_way, self._waiting = (0, 0, 1), None
        return left


def _timer_class(world: Any) -> type:
    class TickTimer:
        """As infuser.hw.ticktimer."""

        def __init__(self, handler: Any) -> None:
            self._handler = handler
            self._running = False
            self._last_ms = 0
            self.rest_ms = 0
            self.count = 0
            self.failed = False
            world.tick = self._tick

        def start(self, period_ms: int) -> None:
            if not self._running:
                self._last_ms = world.now_ms()
                self.rest_ms = 0
                self._running = True
            world.tick_period_us = period_ms * 1000
            world.tick_due_us = world.now_us + period_ms * 1000

        def stop(self) -> None:
            world.tick_due_us = NEVER
            self._running = False

        def since_ms(self) -> int:
            return 0

        def sync(self) -> None:
            if self._running:
                self._advance()

        def catch_up(self) -> None:
            pass

        def _tick(self) -> None:
            self.count += 1
            self._advance()

        def _advance(self) -> None:
            now_ms = world.now_ms()
            passed_ms = now_ms - self._last_ms + self.rest_ms
            self._last_ms = now_ms
            self.rest_ms = passed_ms % QUANTUM_MS
            if passed_ms >= QUANTUM_MS:
                self._handler(passed_ms // QUANTUM_MS)

    return TickTimer


class Timebase:
    """As infuser.hw.timebase."""

    def __init__(self, world: Any) -> None:
        self._world = world
        self._start_ms = world.now_ms()
        self._age_ms = 0

    def begin(self, age_ms: int) -> None:
        self._age_ms = age_ms

    def age_ms(self) -> int:
        return self._age_ms + self._world.now_ms() - self._start_ms

    def uptime_ms(self) -> int:
        return self._world.now_ms() - self._start_ms


class Files:
    """As infuser.hw.storage, in memory; each operation holds the processor up for a moment, now and then for longer."""

    def __init__(self, world: Any) -> None:
        self._world = world

    def _stall(self) -> None:
        chance = self._world.chance
        erases = chance.once_in(12)
        self._world.stall(chance.number(20_000, 400_000) if erases else chance.number(200, 3000))

    def names(self) -> list[str]:
        return sorted(self._world.stored)

    def size(self, name: str) -> int | None:
        return len(self._world.stored[name]) if name in self._world.stored else None

    def read(self, name: str) -> bytes | None:
        return bytes(self._world.stored[name]) if name in self._world.stored else None

    def read_at(self, name: str, offset: int, count: int) -> bytes:
        return bytes(self._world.stored[name][offset : offset + count])

    def append(self, name: str, data: bytes) -> None:
        self._world.stored.setdefault(name, bytearray()).extend(data)
        self._stall()

    def write(self, name: str, data: bytes) -> None:
        self._world.stored[name] = bytearray(data)
        self._stall()

    overwrite = write

    def truncate_to(self, name: str, size: int) -> None:
        del self._world.stored[name][size:]

    def remove(self, name: str) -> None:
        del self._world.stored[name]

    def free_bytes(self) -> int:
        return 1 << 20

    def close(self) -> None:
        """Nothing is open."""


class WallClock:
    """A clock chip of whole seconds; 0 while it is lost."""

    def __init__(self, world: Any) -> None:
        self._world = world

    def read_ms(self) -> int:
        return 0 if self._world.clock_lost else self._world.wall_clock_ms() // 1000 * 1000

    def set_ms(self, time_ms: int) -> None:
        self._world.clock_lost = False
        self._world.wall_offset_ms = time_ms - self._world.now_ms()


class Sensors:
    """A sound pump's; the encoder tells what the motor made."""

    def __init__(self, world: Any) -> None:
        self._world = world

    def encoder_counts(self) -> int:
        return self._world.steps_made() * 4096 // 3200 & 0xFFF

    def patient_pressed(self) -> bool:
        pressed, self._world.pressed = self._world.pressed, False
        return pressed

    def outlet_pa(self) -> int:
        return 2000  # an open line, whatever the rate

    def inlet_pa(self) -> int:
        return 0

    patient_held_ms = stop_held_ms = inlet_pa

    def battery_mv(self) -> int:
        return 4100

    def temperature_mc(self) -> int:
        return 32000

    def supply_present(self) -> bool:
        return True

    def no(self) -> bool:
        return False

    def at_empty(self) -> bool:
        return self._world.at_empty()

    air = at_full = cover_open = service_jumper = patient_button = stop_button = no


class Port:
    """Nobody says anything, but now and then somebody is heard."""

    def __init__(self) -> None:
        self.heard = b""

    def read(self) -> bytes:
        heard, self.heard = self.heard, b""
        return heard

    def flush(self) -> None:
        """Nothing waits."""

    def connected(self) -> bool:
        return True


class Chip:
    """What the firmware asks of the chip itself."""

    @staticmethod
    def critical() -> Any:
        return nullcontext()

    @staticmethod
    def serial() -> str:
        return "e66100000000c0de"

    @staticmethod
    def reset_cause() -> str:
        return "power-on"

    @staticmethod
    def fault_code() -> int:
        return 0

    @staticmethod
    def suspect(fault: int) -> None:
        """No reset comes that would tell it."""


class Annunciator:
    """Signals nothing; its test takes the time that it takes."""

    def __init__(self, world: Any) -> None:
        self._world = world

    def show(self, priority: int, sounding: bool) -> None:
        """Nobody looks."""

    sounder_failed = False
    dark = 0

    def self_test(self) -> bool:
        self._world.idle(30)
        return True

    def blink_test(self) -> None:
        """Nobody sees it."""

    def dark_lamps(self) -> list[str]:
        return []


class Image:
    """As of an application that was installed without a list of hashes."""

    listed = False

    def check(self, progress: Any) -> str:
        return ""

    def check_next(self) -> str:
        return ""

    def check_these(self, modules: list[str]) -> str:
        return ""


class Watchdog:
    """Never bites."""

    def start(self) -> None:
        """It stays off."""

    def feed(self) -> None:
        """Nothing to feed."""


class Hardware:
    """The edges of one life of the firmware."""

    def __init__(self, world: Any) -> None:
        self.chip = Chip
        self.timebase = Timebase(world)
        self.files = files_of(Files, world)(world)
        self.drive = motor_of(Drive, world)(world)
        self.tick_timer = witness_of(_timer_class(world), world)
        self.wall_clock = WallClock(world)
        self.sensors = Sensors(world)
        self.annunciator = Annunciator(world)
        self.port = Port()
        self.watchdog = Watchdog()
        self.image = Image()
