"""Wiring only: builds the hardware objects, hands them to the pump, and runs it."""

import gc

import micropython

# A Ctrl-C on the line while all this is loaded would leave a pump that does nothing, and says nothing.
micropython.kbd_intr(-1)
# Collect often from the first import on: garbage left between objects that stay would split the heap
# for good, and the journal needs pieces of some KiB.
gc.threshold(16 * 1024)

from infuser.app.pump import Pump  # noqa: E402
from infuser.hw import chip  # noqa: E402
from infuser.hw.annunciator import Annunciator  # noqa: E402
from infuser.hw.bus import Bus  # noqa: E402
from infuser.hw.drive import Drive  # noqa: E402
from infuser.hw.image import Image  # noqa: E402
from infuser.hw.sensors import Sensors  # noqa: E402
from infuser.hw.serialport import SerialPort  # noqa: E402
from infuser.hw.storage import DATA_DIR, Files  # noqa: E402
from infuser.hw.ticktimer import TickTimer  # noqa: E402
from infuser.hw.timebase import Timebase  # noqa: E402
from infuser.hw.wallclock import WallClock  # noqa: E402
from infuser.hw.watchdog import Watchdog  # noqa: E402

_LEAST_BYTES = 8 * 1024


class Hardware:
    """Every edge of the pump, made once."""

    def __init__(self) -> None:
        self.bus = Bus()
        self.chip = chip
        self.timebase = Timebase()
        self.image = Image()
        self.files = Files(DATA_DIR)
        self.drive = Drive()
        self.tick_timer = TickTimer
        self.wall_clock = WallClock(self.bus)
        self.sensors = Sensors(self.bus, self.drive.cut)
        self.annunciator = Annunciator(self.sensors)
        self.port = SerialPort()
        self.watchdog = Watchdog()


def main() -> None:
    """Run the pump until a service command ends it."""
    hardware = Hardware()
    hardware.port.acquire()
    try:
        pump = Pump(hardware)
        # Everything that stays is in place: collect seldom, but before garbage stands all over what is free.
        gc.collect()
        gc.threshold(max(_LEAST_BYTES, gc.mem_free() // 2))
        pump.run()
    finally:
        hardware.drive.disable()
        hardware.port.release()


if __name__ == "__main__":
    main()
