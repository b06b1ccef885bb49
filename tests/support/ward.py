"""A virtual pump with a therapy in it: what the tests of the whole system begin with."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from infuser.wire import units
from pumpctl import operations, program, status_view
from pumpctl.client import Pump
from pumpctl.virtual import VirtualPump

EXAMPLES = Path(__file__).parents[2] / "host" / "examples"
CONTINUOUS = EXAMPLES / "start-100ug-continuous.toml"
FLEX = EXAMPLES / "flex-280ug-evening.toml"
PATIENT = "BENCH-001"

SECOND_MS = units.MS_PER_S
MINUTE_MS = units.MS_PER_MIN
HOUR_MS = units.MS_PER_H
DAY_MS = units.MS_PER_DAY
ML = units.NL_PER_ML
STEP_PL = units.STEP_PL_NOMINAL
# Volume is metered at ticks; between two of them what is due is known only this closely.
TICK_MS = 2200
# An emulated chip takes a second for a minute.
LONG_ON_A_CHIP_MS = 20 * MINUTE_MS

_THERAPY = """
[patient]
id = "{patient}"
age = "{age}"
weight = "72kg"
indication = "{indication}"
contraindications = {contraindications}
cautions = {cautions}
[screening]
dose = "{screening}"
response = "{response}"
[drug]
name = "baclofen"
concentration = "{concentration}"
[infusion]
mode = "continuous"
dose = "{dose}"
minimum = "{minimum}"
[bolus]
max = "{bolus_max}"
lockout = "{lockout}"
[reservoir]
alarm_volume = "{alarm_volume}"
[limits]
dose_max = "{dose_max}"
"""
_USUAL = {
    "patient": PATIENT, "concentration": "500ug/ml", "dose": "100ug/d", "minimum": "25ug/d", "bolus_max": "50ug",
    "lockout": "4h", "alarm_volume": "2ml", "dose_max": "250ug/d",
    "age": "47y", "indication": "spinal", "contraindications": "[]", "cautions": "[]",
    "screening": "100ug", "response": "positive",
}  # fmt: skip


def therapy(folder: Path, name: str = "therapy", **settings: str) -> Path:
    """A therapy file of one continuous rate; `settings` replace the usual ones."""
    file = folder / f"{name}.toml"
    file.write_text(_THERAPY.format(**{**_USUAL, **settings}))
    return file


def due_steps(rate_nl_per_day: int, duration_ms: int) -> int:
    """The floor rule: whole microsteps in what a rate amounts to over a time."""
    return rate_nl_per_day * units.PL_PER_NL * max(0, duration_ms) // (DAY_MS * STEP_PL)


def delivers(steps: int, rate_nl_per_day: int, duration_ms: int) -> bool:
    """Whether `steps` is what a rate gives over a time, no step more or fewer than the last tick explains."""
    return due_steps(rate_nl_per_day, duration_ms - TICK_MS) <= steps <= due_steps(rate_nl_per_day, duration_ms) + 1


class Ward:
    """One pump: `do` and `refused` are typed at the command line, `plant` is the bench behind the pins."""

    def __init__(self, cli: Callable[..., Any], plant: VirtualPump) -> None:
        self.cli = cli
        self.plant = plant

    def client(self) -> Pump:
        """The pump as Python sees it, to be closed by `with`."""
        return Pump.open(str(self.plant.port), operator="tester")

    def do(self, *words: object) -> Any:
        """The document that a command prints; it must succeed."""
        ran = self.cli("--port", self.plant.name, "--json", *words)
        assert ran.exit_code == 0, ran.stderr
        return ran.json

    def refused(self, *words: object) -> Any:
        """The error document of a command that the pump refuses."""
        ran = self.cli("--port", self.plant.name, "--json", *words)
        assert ran.exit_code == 3, ran.stdout + ran.stderr
        return ran.json["error"]

    def status(self) -> dict[str, Any]:
        """The document of `pumpctl status --json`."""
        with self.client() as pump:
            return operations.status(pump)

    @property
    def state(self) -> str:
        """Name of the pump's state."""
        return str(self.status()["state"])

    def alarms(self) -> dict[str, dict[str, Any]]:
        """The alarms present by name, in order of occurrence."""
        with self.client() as pump:
            now = pump.status()
        return {entry["id"]: entry for entry in (status_view.alarm_document(one, 0) for one in now["alarm_list"])}

    def truth(self) -> dict[str, Any]:
        """What the plant knows."""
        return self.plant.get()

    def advance(self, duration_ms: int) -> None:
        """Let virtual time pass."""
        self.plant.advance_ms(duration_ms)

    def lasting_ms(self, duration_ms: int) -> int:
        """A time in which nothing new happens: as long as asked, or as long as an emulated chip can afford."""
        return min(duration_ms, LONG_ON_A_CHIP_MS) if self.plant.emulated else duration_ms

    def steps_in(self, duration_ms: int) -> int:
        """Step pulses that the motor gets within a time."""
        before = self.truth()["steps_made"]
        self.advance(duration_ms)
        return int(self.truth()["steps_made"]) - before

    def lamps_and_tones_in(self, duration_ms: int, every_ms: int) -> tuple[list[dict[str, bool]], list[int]]:
        """Lamps and the sounder's frequency, looked at every so often."""
        lamps, tones = [], []
        for _ in range(duration_ms // every_ms):
            self.advance(every_ms)
            seen = self.truth()
            lamps.append(seen["lamps"])
            tones.append(seen["sounder_hz"])
        return lamps, tones

    def sounds(self, within_ms: int) -> bool:
        """Whether the sounder is heard within a time."""
        for _ in range(within_ms // 190):  # the shortest pulse of a medium alarm lasts 200 ms
            self.advance(190)
            if self.truth()["sounder_hz"]:
                return True
        return False


def programmed(cli: Callable[..., Any], bench: Callable[..., VirtualPump], file: Path = CONTINUOUS) -> Ward:
    """A pump with a therapy that is not started, and nothing in the reservoir."""
    ward = Ward(cli, bench())
    ward.advance(5 * SECOND_MS)  # the lamps of the power-on self-test are out
    with ward.client() as pump:
        operations.commit(pump, operations.propose(pump, program.load(file)), confirmed=True)
    return ward


def filled(
    cli: Callable[..., Any], bench: Callable[..., VirtualPump], file: Path = CONTINUOUS, fill_nl: int = 20 * ML
) -> Ward:
    """A pump with a therapy and a full reservoir, not started."""
    ward = programmed(cli, bench, file)
    with ward.client() as pump:
        pump.begin_refill()
        ward.plant.fill(fill_nl)
        pump.complete_refill(0, fill_nl, program.load(file)["concentration_ug_per_ml"])
    return ward


def infusing(
    cli: Callable[..., Any], bench: Callable[..., VirtualPump], file: Path = CONTINUOUS, fill_nl: int = 20 * ML
) -> Ward:
    """A pump that delivers its therapy since just now."""
    ward = filled(cli, bench, file, fill_nl)
    with ward.client() as pump:
        pump.resume()
    return ward


def until_alarm(ward: Ward, name: str, most_ms: int = HOUR_MS) -> dict[str, Any]:
    """Let time pass to the next alarm, which must be this one."""
    ward.plant.advance_ms(most_ms, until="alarm")
    found = ward.alarms()
    assert list(found) == [name]
    return found[name]


def stands(ward: Ward) -> bool:
    """Whether the pump is stopped by an alarm and its motor without current."""
    return ward.state == "alarm-stopped" and not ward.truth()["driver_enabled"]
