"""Wiring only: builds the hardware objects, hands them to the pump, and runs it."""

from infuser.app.pump import Pump
from infuser.hw import chip
from infuser.hw.annunciator import Annunciator
from infuser.hw.bus import make_i2c
from infuser.hw.drive import Drive
from infuser.hw.sensors import Sensors
from infuser.hw.serialport import SerialPort
from infuser.hw.storage import DATA_DIR, Files
from infuser.hw.ticktimer import TickTimer
from infuser.hw.timebase import Timebase
from infuser.hw.wallclock import WallClock
from infuser.hw.watchdog import Watchdog


class Hardware:
    """Every edge of the pump, made once."""

    def __init__(self) -> None:
        i2c = make_i2c()
        self.chip = chip
        self.timebase = Timebase()
        self.files = Files(DATA_DIR)
        self.drive = Drive()
        self.tick_timer = TickTimer
        self.wall_clock = WallClock(i2c)
        self.sensors = Sensors(i2c)
        self.annunciator = Annunciator(self.sensors)
        self.port = SerialPort()
        self.watchdog = Watchdog()


def main() -> None:
    """Run the pump until a service command ends it."""
    hardware = Hardware()
    hardware.port.acquire()
    try:
        Pump(hardware).run()
    finally:
        hardware.drive.disable()
        hardware.port.release()


if __name__ == "__main__":
    main()
