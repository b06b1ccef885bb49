"""A program run ahead on scratch pumps: what is previewed is what another pump delivers later, to the step."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ward import DAY_MS, FLEX, HOUR_MS, MINUTE_MS, ML, PATIENT, SECOND_MS

from infuser.wire import records, states
from pumpctl import library, operations, preview, program
from pumpctl.client import Pump
from pumpctl.errors import PumpctlError
from pumpctl.logbook import verify_raw
from pumpctl.preview_order import ALL, Order
from pumpctl.preview_presses import Patient
from pumpctl.virtual import VirtualPump, launcher

# Monday 2 March 2026, 07:59 at UTC+1: a minute before the therapies here start.
ON_MS = 1_772_434_740_000
START_MS = ON_MS + MINUTE_MS
START = "2026-03-02T08:00:00+01:00"
OFFSET_MIN = 60
FLASH_MS = 2
PATIENT_BOLUS = '\n[patient_bolus]\ndose = "10ug"\nduration = "5min"\nlockout = "3h"\nper_day = 4\n'
FAST = f"""
[patient]
id = "{PATIENT}"
[drug]
name = "baclofen"
concentration = "500ug/ml"
[infusion]
mode = "continuous"
dose = "2000ug/d"
minimum = "100ug/d"
[reservoir]
alarm_volume = "0.5ml"
"""
TAPER = """
[plan]
[[plan.step]]
at = "2026-03-02T20:00"
dose = "1000ug/d"
[[plan.step]]
at = "2026-03-03T01:00"
dose = "0ug/d"
"""


@pytest.fixture(autouse=True)
def _vm() -> None:
    try:
        launcher.micropython()
    except PumpctlError as error:
        pytest.skip(f"{error.message}; {error.remedy}")


def flex_with_boluses(folder: Path) -> Path:
    file = folder / "flex.toml"
    file.write_text(FLEX.read_text(encoding="utf-8") + PATIENT_BOLUS, encoding="utf-8")
    return file


def deliveries(log: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The delivery records since therapy started."""
    return [one for one in log if one["kind"] == records.DELIVERY and one["time_ms"] >= START_MS]


def counts(log: list[dict[str, Any]]) -> list[tuple[int, ...]]:
    """Microsteps of each bucket at each of them."""
    return [tuple(one["fields"][name] for name in records.COUNTER_NAMES) for one in deliveries(log)]


class Later:
    """The pump that gets the program after the preview; its hours pass one by one. Times are UTC ms."""

    def __init__(self, plant: VirtualPump) -> None:
        self.plant = plant

    def now_ms(self) -> int:
        return ON_MS + int(self.plant.get()["now_ms"])

    def advance_to(self, until_ms: int) -> None:
        while self.now_ms() < until_ms:
            self.plant.advance_ms(min(HOUR_MS, until_ms - self.now_ms()))

    def live(self, file: Path, fill_nl: int, days: int) -> tuple[list[dict[str, Any]], list[int]]:
        """Deliver for `days` with a patient who takes every bolus: the pump's records, and the presses."""
        end_ms = START_MS + days * DAY_MS
        self.plant.advance_ms(5 * SECOND_MS)
        # A name as long as the preview's: the flash takes as long to note it, but for where the records lie.
        with Pump.open(str(self.plant.port), operator="nursing") as pump:
            operations.commit(pump, operations.propose(pump, program.load(file)), confirmed=True)
            pump.set_clock(self.now_ms(), OFFSET_MIN)
            pump.begin_refill()
            self.plant.fill(fill_nl)
            pump.complete_refill(0, fill_nl, 500)
            self.advance_to(START_MS)
            pump.resume()
            patient = Patient(self.plant, pump, end_ms, self.advance_to)
            patient.live(self.now_ms(), end_ms)
            pump.stop()
            log = verify_raw(b"".join(pump.read_log(1)))
        assert not log.findings
        return log.records, patient.presses_ms


@pytest.mark.case("UC2")
def test_a_pump_later_delivers_what_was_previewed_to_the_step_at_every_hour(
    bench: Callable[..., VirtualPump], tmp_path: Path
) -> None:
    file = flex_with_boluses(tmp_path)
    order = Order(program.load(file), START_MS, OFFSET_MIN, 15 * ML, 2)
    run = preview.run(order, ALL)[ALL]
    log, presses_ms = Later(bench("later", wall_ms=ON_MS)).live(file, 15 * ML, 2)
    # Where its records lie on a page decides how long the flash takes to note an order: no step depends on that.
    assert all(abs(one - other) <= FLASH_MS for one, other in zip(presses_ms, run.presses_ms, strict=True))
    assert len(presses_ms) == 8
    # A record an hour, two midnights, the end.
    assert len(counts(log)) == 48 + 2 + 1
    assert counts(log) == counts(run.records)
    assert counts(log)[-1][states.PATIENT_BOLUS] > 0
    for later, before in zip(deliveries(log), deliveries(run.records), strict=True):
        # Both were let pass by whole milliseconds, and not in the same portions.
        assert abs(later["time_ms"] - before["time_ms"]) < 100


def test_both_runs_are_told_and_nothing_of_the_users_is_touched(cli, pump_home: Path, tmp_path: Path) -> None:
    figures, page = tmp_path / "preview.svg", tmp_path / "preview.html"
    file = flex_with_boluses(tmp_path)
    ran = cli("program", "preview", file, "--start", START, "--days", "1", "--svg", figures, "--html", page, "--json")
    assert ran.exit_code == 0, ran.stderr
    assert "1 d ahead: 100 %" in ran.stderr
    none, every = (ran.json["runs"][kind] for kind in ("none", "all"))
    assert none["presses"] == [] and none["total"]["steps"]["patient-bolus"] == 0
    assert [one["reason"] for one in every["boluses"]] == ["done"] * 4
    assert every["total"]["steps"]["basal"] == none["total"]["steps"]["basal"]
    assert every["total"]["steps"]["patient-bolus"] == sum(one["steps"] for one in every["boluses"])
    assert ran.json["refill"]["all"]["due"] < ran.json["refill"]["none"]["due"]
    assert every["largest"][0]["limit_ng"] == 450_000
    for run in (none, every):
        assert sum(day["steps"]["basal"] for day in run["days"]) == run["total"]["steps"]["basal"]
        assert run["deliveries"][-1]["steps"] == run["total"]["steps"]
    assert figures.read_text(encoding="utf-8").count('class="plot"') == 3
    assert page.read_text(encoding="utf-8").count('class="plot"') == 3
    assert not pump_home.exists() or not list(pump_home.iterdir())


@pytest.mark.case("EC20")
@pytest.mark.case("EC21")
def test_a_preview_ends_with_the_reservoir_and_tells_the_alarms_on_the_way(cli, tmp_path: Path) -> None:
    file = tmp_path / "fast.toml"
    file.write_text(FAST, encoding="utf-8")
    ran = cli("program", "preview", file, "--start", START, "--days", "1", "--reservoir", "1ml", "--json")
    run = ran.json["runs"]["none"]
    assert run["ended"] == "reservoir-empty"
    assert [one["alarm"] for one in run["alarms"]] == ["reservoir-low", "reservoir-empty"]
    # 0.5 mL and 1 mL at 4 mL a day.
    assert "2026-03-02T10:59" < run["alarms"][0]["at"] < "2026-03-02T11:01"
    assert "2026-03-02T13:58" < run["ended_at"] < "2026-03-02T14:01"
    assert ran.json["refill"]["none"] == {"due": run["alarms"][0]["at"], "reached": True}
    told = cli("program", "preview", file, "--start", START, "--days", "1", "--fill", "1ml")
    assert "a refill is not played" in told.stdout


def test_a_taper_is_previewed_to_its_end(cli, tmp_path: Path) -> None:
    file = tmp_path / "taper.toml"
    file.write_text(FAST + TAPER, encoding="utf-8")
    ran = cli("program", "preview", file, "--start", START, "--days", "2", "--json")
    assert ran.exit_code == 0, ran.stderr
    run = ran.json["runs"]["none"]
    assert run["ended"] == "therapy-ended"
    assert [(one["at"][:16], one["dose_ng_per_day"]) for one in run["plan"]] == [
        ("2026-03-02T20:00", 1_000_000),
        ("2026-03-03T01:00", 0),
    ]
    assert [one["alarm"] for one in run["alarms"]] == ["therapy-ended"]
    # 12 h at 2000 ug a day, 5 h at 1000; the pump looks at its plan several times a minute.
    dose_ng = 12 * 2_000_000 // 24 + 5 * 1_000_000 // 24
    assert dose_ng - 100 <= run["total"]["dose_ng"] <= dose_ng + 2_000_000 // 1440


def test_reservoir_and_clock_are_taken_from_a_pump_that_is_left_alone(
    cli, bench: Callable[..., VirtualPump], tmp_path: Path
) -> None:
    plant = bench("ward1", wall_ms=ON_MS)
    plant.advance_ms(5 * SECOND_MS)
    with Pump.open(str(plant.port), operator="tester") as pump:
        pump.set_clock(START_MS, OFFSET_MIN)
        pump.begin_refill()
        plant.fill(5 * ML)
        pump.complete_refill(0, 5 * ML, 500)
        before = pump.status()
    ran = cli(
        "program", "preview", flex_with_boluses(tmp_path), "--as", "ward1", "--days", "1", "--boluses", "none", "--json"
    )
    assert ran.exit_code == 0, ran.stderr
    assert ran.json["reservoir_nl"] == 5 * ML
    assert ran.json["start"] == START
    with Pump.open(str(plant.port), operator="tester") as pump:
        after = pump.status()
    assert (after["state"], after["steps_total"], after["log_next"]) == (
        before["state"],
        before["steps_total"],
        before["log_next"],
    )


def test_ctrl_c_ends_both_runs_and_leaves_nothing_behind(pump_home: Path, tmp_path: Path) -> None:
    words = [
        str(Path(sys.executable).parent / "pumpctl"),
        "program",
        "preview",
        str(flex_with_boluses(tmp_path)),
        "--days",
        "366",
    ]
    # Not below tmp_path: a Unix socket's path must stay short.
    with tempfile.TemporaryDirectory() as scratch:
        # Tests that run in the background inherit that SIGINT is ignored.
        listen = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
        env = {**os.environ, "TMPDIR": scratch}
        with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=env, preexec_fn=listen) as ran:
            assert ran.stderr is not None
            ran.stderr.readline()
            ran.send_signal(signal.SIGINT)
            assert ran.wait(30) == 130
        assert os.listdir(scratch) == []


@pytest.mark.case("EC16")
def test_a_concentration_of_the_pumps_own_library_is_previewed_with_that_library(cli, tmp_path):
    file = tmp_path / "therapy.toml"
    file.write_text(FAST.replace("500ug/ml", "750ug/ml"), encoding="utf-8")
    own = tmp_path / "own.toml"
    own.write_text(library.STARTING.read_text(encoding="utf-8").replace("500ug/ml", "750ug/ml"), encoding="utf-8")
    words = ("--json", "program", "preview", file, "--days", "1", "--start", START)
    without = cli(*words)
    assert (without.exit_code, without.json["error"]["name"]) == (3, "not-in-library")
    told = cli(*words, "--library", own)
    assert told.exit_code == 0, told.stderr
    assert told.json["warnings"]
