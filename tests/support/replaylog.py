"""Logs of virtual pumps that have lived through everything that a replay must do again."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from infuser.wire import records, units
from pumpctl import bench_library, keystore, library, operations, program
from pumpctl.client import Pump
from pumpctl.errors import Refused
from pumpctl.logchain import Record
from pumpctl.scratch import private_home
from pumpctl.virtual import VirtualPump, start

SECOND_MS, MINUTE_MS, HOUR_MS = units.MS_PER_S, units.MS_PER_MIN, units.MS_PER_H
# Monday 2 March 2026, 07:59 at UTC+1, and some ms into the second.
ON_MS = 1_772_434_740_123
PATIENT = "BENCH-001"
OPERATOR = "Ada"
_HEAD = f"""
[patient]
id = "{PATIENT}"
[screening]
dose = "50ug"
response = "positive"
[drug]
name = "baclofen"
concentration = "500ug/ml"
"""
CONTINUOUS = f"""{_HEAD}
[infusion]
mode = "continuous"
dose = "240ug/d"
minimum = "50ug/d"
"""
FLEX = f"""{_HEAD}
[infusion]
mode = "flex"
minimum = "50ug/d"
[[infusion.step]]
from = "00:00"
to = "08:00"
rate = "16ul/h"
[[infusion.step]]
from = "08:00"
to = "14:00"
rate = "22ul/h"
[[infusion.step]]
from = "14:00"
to = "24:00"
rate = "30ul/h"
[bolus]
max = "50ug"
lockout = "4h"
[patient_bolus]
dose = "10ug"
duration = "5min"
lockout = "3h"
per_day = 4
[periodic_bolus]
dose = "10ug"
duration = "5min"
every = "5h"
"""


class Life:
    """A virtual pump, the client that talks to it, and what people do to it."""

    def __init__(self, bench: VirtualPump, pump: Pump) -> None:
        self.bench = bench
        self.pump = pump

    def wait(self, ms: int, until: str | None = None) -> None:
        """Let virtual time pass."""
        self.bench.advance_ms(ms, until)

    def fill(self, volume_nl: int) -> None:
        """A refill of what the reservoir holds."""
        self.pump.begin_refill()
        residual_nl = self.bench.drain()["drained_nl"]
        self.bench.fill(volume_nl)
        self.pump.complete_refill(residual_nl if self.pump.status()["steps_total"] else 0, volume_nl, 500)

    def send(self, therapy: str) -> None:
        """Put a therapy into force, whatever the pump wants confirmed."""
        with TemporaryDirectory() as folder:
            file = Path(folder) / "therapy.toml"
            file.write_text(therapy)
            proposal = operations.propose(self.pump, program.load(file))
        operations.commit(self.pump, proposal, bool(proposal.warnings))

    def stopped_by(self, fault: str, *, value: object = None, within_ms: int = 5 * HOUR_MS) -> None:
        """A fault stops the motor; five minutes later somebody has mended it, acknowledges and resumes."""
        self.bench.fault(fault, value=value)
        self.wait(within_ms, until="alarm")
        self.wait(5 * MINUTE_MS)
        self.bench.fault(fault, False)
        self.wait(70 * SECOND_MS)
        self.pump.acknowledge(0)
        self.pump.resume()


def raw_log(lived: Callable[[Life], None], *, crystal_ppm: int = 0, operator: str = OPERATOR) -> bytes:
    """The log of a new pump that has lived through something, as `log pull --raw` writes it."""
    with private_home():
        bench = start("life", speed=0, wall_ms=ON_MS, crystal_ppm=crystal_ppm)
        try:
            with Pump.open(str(bench.port), operator=operator) as pump:
                life = Life(bench, pump)
                pump.set_clock(ON_MS + bench.get()["now_ms"], 60)
                life.fill(15 * units.NL_PER_ML)
                lived(life)
                return b"".join(pump.read_log(1))
        finally:
            bench.stop()


def everything(life: Life) -> None:
    """Two days with every kind of delivery, and everything that interrupts or changes one."""
    pump = life.pump
    pump.prime(300_000, 10 * MINUTE_MS)
    life.wait(12 * MINUTE_MS)
    life.send(CONTINUOUS)
    pump.resume()
    life.wait(2 * HOUR_MS + 1234)
    life.send(FLEX)
    life.wait(HOUR_MS)
    pump.bolus(25_000, 10 * MINUTE_MS, PATIENT, confirmed=True)
    life.wait(2 * MINUTE_MS)
    life.bench.press("patient")
    life.wait(HOUR_MS)
    life.bench.press("patient")  # refused: the lock-out
    life.wait(2 * HOUR_MS)
    pump.temporary_rate(200_000, 90 * MINUTE_MS, PATIENT, confirmed=True)
    life.wait(2 * HOUR_MS)
    try:
        pump.bolus(25_000, 10 * MINUTE_MS, "somebody else")
    except Refused:
        pump.stop(resume_after_ms=25 * MINUTE_MS)
    life.wait(HOUR_MS)
    pump.minimum_rate(True)
    life.wait(40 * MINUTE_MS)
    pump.minimum_rate(False)
    life.stopped_by("occlude")
    life.wait(HOUR_MS)
    life.bench.power_cut(47 * MINUTE_MS)
    life.wait(2 * HOUR_MS)
    pump.set_clock(pump.status()["time_ms"] + 90 * MINUTE_MS, 120)
    life.wait(3 * HOUR_MS)
    life.fill(20 * units.NL_PER_ML)
    pump.resume()
    life.wait(3 * HOUR_MS)
    life.bench.press("stop")
    life.wait(10 * MINUTE_MS)
    pump.calibrate(98_500, 1000, 3)
    pump.resume()
    life.wait(2 * HOUR_MS)


def mishaps(life: Life) -> None:
    """A day of alarms that stop the motor, most of which a scratch pump cannot be brought to at a given instant."""
    life.send(FLEX)
    life.pump.resume()
    life.wait(HOUR_MS)
    life.stopped_by("air")
    life.wait(10 * MINUTE_MS)
    life.stopped_by("overheat")
    life.wait(10 * MINUTE_MS)
    life.stopped_by("runaway")
    life.wait(10 * MINUTE_MS)
    life.bench.drain()
    life.wait(5 * MINUTE_MS)
    life.fill(10 * units.NL_PER_ML)
    life.pump.acknowledge(0)
    life.pump.resume()
    life.wait(10 * MINUTE_MS)
    life.bench.power_cut(MINUTE_MS)
    life.bench.fault("clock-lost")
    life.wait(2 * HOUR_MS)


def drifting(life: Life) -> None:
    """Half a day and a power cut; the clock chip and the crystal do not agree."""
    life.send(FLEX)
    life.pump.resume()
    life.wait(6 * HOUR_MS)
    life.bench.power_cut(20 * MINUTE_MS)
    life.wait(3 * HOUR_MS)


def keyed(life: Life) -> None:
    """A pump with keys and a library of its own, whose log is so long that it goes on in a second segment."""
    bench_library.put(life.bench, life.pump, {**library.starting(), "version": 7})
    life.bench.fault("service-jumper")
    operations.provision_keys(life.pump)
    life.bench.fault("service-jumper", False)
    life.send(FLEX)
    for _ in range(100):
        life.pump.set_clock(life.pump.status()["time_ms"], 60)
    life.pump.resume()
    life.wait(2 * HOUR_MS)
    life.pump.bolus(25_000, 10 * MINUTE_MS, PATIENT, confirmed=True)
    life.wait(2 * HOUR_MS)
    life.pump.stop()
    life.wait(10 * MINUTE_MS)
    life.pump.resume()
    life.wait(2 * HOUR_MS)
    keystore.forget(life.pump.hello.serial)


def changed(raw: bytes, change: Callable[[Record], None]) -> bytes:
    """The log with its records changed by somebody who knows how checksums and chain are made."""
    chain, told, at = records.CHAIN_START, b"", 0
    while at < len(raw):
        size = records.size_at(raw, at)
        record = records.decode(raw[at : at + size])
        change(record)
        head = (record["kind"], record["boot"], record["seq"], record["time_ms"], record["age_ms"])
        stored = records.encode(*head, record["fields"], chain)
        chain, told, at = records.chain_of(stored), told + stored, at + size
    return told
