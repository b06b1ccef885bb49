"""The drug library at the serial port: signed, replaced as a whole, verified, and what it allows."""

from pathlib import Path

import libraries as samples
import pytest
from modes import send, steady
from ward import DAY_MS, HOUR_MS, MINUTE_MS, PATIENT, SECOND_MS, Ward, filled, infusing

from infuser.app.library import LIBRARY_NAMES
from infuser.wire import library as wire
from pumpctl import library, operations, signing
from pumpctl.errors import Refused

FLIPS = (1, 2, 3)
STEP_NL = 99


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("keys") / "pharmacy.key"
    signing.keygen(made)
    return made


def trust(ward: Ward, key: Path) -> None:
    ward.plant.fault("service-jumper")
    ward.do("library", "trust", "--key", key, "--yes")
    ward.plant.fault("service-jumper", on=False)


def signed(folder: Path, key: Path, version: int = 2, **settings: int) -> Path:
    """A signed file of the starting library in another version, with limits of its own."""
    file = folder / f"version{version}.lib"
    file.write_bytes(samples.signed(samples.newer(version, **settings), key))
    return file


def version(ward: Ward) -> int:
    return int(ward.do("library", "show")["library"]["version"])


def trusting(cli, bench, key: Path) -> Ward:
    ward = Ward(cli, bench())
    ward.advance(5 * SECOND_MS)
    trust(ward, key)
    return ward


def damage(ward: Ward) -> None:
    """Bits flip in the file of the library, and the power fails: what is held in RAM cannot mend it."""
    for seed in FLIPS:
        ward.plant.fault("flash-bit", value=f"{LIBRARY_NAMES[0]}:{seed}")
    ward.plant.power_cut()
    ward.advance(5 * SECOND_MS)


@pytest.mark.case("UC1")
def test_a_new_pump_holds_the_shipped_library_and_gives_it_back(cli, bench, tmp_path):
    ward = Ward(cli, bench())
    held = ward.do("library", "show")["library"]
    assert held == ward.do("library", "show", library.STARTING)["library"]
    ward.do("library", "read", "--save", tmp_path / "held.toml")
    assert library.load(tmp_path / "held.toml") == library.starting()


@pytest.mark.case("EC3", "EC16")
@pytest.mark.on_chip
def test_a_newer_signed_library_replaces_the_one_in_force_and_its_limits_hold(cli, bench, key, tmp_path):
    ward = trusting(cli, bench, key)
    file = signed(tmp_path, key, hard_high_ng_per_day=150_000, soft_high_ng_per_day=120_000)
    asked = cli("--port", ward.plant.name, "library", "send", file)
    assert asked.exit_code == 2 and "not confirmed" in asked.stderr and version(ward) == 1
    told = ward.do("library", "send", file, "--yes", "--operator", "Ada")
    assert {"name": "version", "now": "1", "new": "2", "highlighted": False} in told["changes"]
    (lower,) = [change for change in told["changes"] if change["name"] == "baclofen 500 ug/mL: hard high"]
    assert (lower["now"], lower["new"]) == ("2003 ug/d", "150 ug/d")
    assert lower["percent_permille"] == -925 and lower["highlighted"]
    assert version(ward) == 2
    assert library.load_signed(file)[1] == read_back(ward, tmp_path)
    with pytest.raises(Refused, match="150 ug/d") as caught:
        send(ward, steady(150_001))
    assert (caught.value.name, caught.value.field) == ("out-of-range", "dose_ng_per_day")
    send(ward, steady(120_000))
    noted = [record["fields"] for record in records(ward, "library")]
    assert [(fields["version"], fields["operator"]) for fields in noted] == [(1, "built-in"), (2, "Ada")]


@pytest.mark.case("EC2")
def test_a_soft_limit_of_a_new_library_wants_a_confirmation_that_is_logged(cli, bench, key, tmp_path):
    ward = trusting(cli, bench, key)
    ward.do("library", "send", signed(tmp_path, key, soft_high_ng_per_day=90_000), "--yes")
    with ward.client() as pump:
        proposal = operations.propose(pump, steady(100_000))
        assert [warning for warning in proposal.warnings if "90" in warning]
        with pytest.raises(Refused) as caught:
            operations.commit(pump, proposal)
        assert caught.value.name == "confirmation-needed"
        assert pump.status()["program_dose_ng_per_day"] == 0
        operations.commit(pump, proposal, True)
    overrides = [record["fields"] for record in records(ward, "override")]
    assert ("dose_ng_per_day", "tester") in [(fields["field"], fields["operator"]) for fields in overrides]


def read_back(ward: Ward, folder: Path) -> bytes:
    ward.do("library", "read", "--save", folder / "held.lib")
    return (folder / "held.lib").read_bytes()


def records(ward: Ward, kind: str):
    ward.do("log", "pull")
    return ward.do("log", "show", "--kind", kind)["records"]


@pytest.mark.case("EC16")
def test_without_the_trusted_keys_signature_nothing_is_replaced(cli, bench, key, tmp_path):
    ward = Ward(cli, bench())
    file = signed(tmp_path, key)
    assert ward.refused("library", "send", file, "--yes")["name"] == "no-trust"
    trust(ward, key)
    other = tmp_path / "other.key"
    signing.keygen(other)
    assert ward.refused("library", "send", signed(tmp_path, other), "--yes")["name"] == "signature-invalid"
    damaged = bytearray(samples.signed(samples.newer(2), key))
    damaged[-1] ^= 1
    file.write_bytes(damaged)
    assert ward.refused("library", "send", file, "--yes")["name"] == "signature-invalid"
    assert version(ward) == 1


def test_the_largest_library_is_taken_with_the_memory_of_a_pump(cli, bench, key, tmp_path):
    ward = trusting(cli, bench, key)
    numbers = range(1, wire.ENTRIES_MAX + 1)
    many = [samples.entry(drug="d" * 60, concentration_ug_per_ml=number) for number in numbers]
    told = samples.made(*many, name="n" * 60, source="s" * 200)
    file = tmp_path / "large.lib"
    file.write_bytes(samples.signed(told, key))
    ward.do("library", "send", file, "--yes")
    assert read_back(ward, tmp_path) == file.read_bytes()
    with pytest.raises(Refused, match="this drug"):
        send(ward, steady())
    assert ward.alarms() == {}


def test_only_a_newer_version_is_taken(cli, bench, key, tmp_path):
    ward = trusting(cli, bench, key)
    ward.do("library", "send", signed(tmp_path, key, 3), "--yes")
    for number in (3, 2):
        error = ward.refused("library", "send", signed(tmp_path, key, number), "--yes")
        assert (error["name"], error["field"], error["low"]) == ("out-of-range", "version", 4)
    assert version(ward) == 3


def test_the_pump_checks_a_signed_library_itself(cli, bench, key, tmp_path):
    ward = trusting(cli, bench, key)
    error = ward.refused("library", "send", signed(tmp_path, key, bolus_soft_ng=200_001), "--yes")
    assert (error["name"], error["field"]) == ("out-of-range", "entry_list[1].bolus_soft_ng")
    assert version(ward) == 1


def test_a_key_is_trusted_only_by_who_has_opened_a_pump_that_does_not_deliver(cli, bench, key):
    ward = infusing(cli, bench)
    assert ward.refused("library", "trust", "--key", key, "--yes")["name"] == "jumper-needed"
    ward.plant.fault("service-jumper")
    assert ward.refused("library", "trust", "--key", key, "--yes")["name"] == "wrong-state"
    ward.do("stop")
    assert len(ward.do("library", "trust", "--key", f"{key}.pub", "--yes")["trusted"]) == 64


@pytest.mark.case("EC3")
def test_a_library_that_forbids_the_therapy_in_force_is_refused_and_therapy_goes_on(cli, bench, key, tmp_path):
    ward = filled(cli, bench)
    trust(ward, key)
    ward.do("resume")
    error = ward.refused("library", "send", signed(tmp_path, key, hard_high_ng_per_day=99_999,
                                                   soft_high_ng_per_day=99_999), "--yes")  # fmt: skip
    assert error["field"] == "dose_ng_per_day" and "the program in force" in error["message"]
    assert (version(ward), ward.state) == (1, "infusing")
    ward.do(
        "library", "send", signed(tmp_path, key, hard_high_ng_per_day=250_000, soft_high_ng_per_day=250_000), "--yes"
    )
    assert (version(ward), ward.state) == (2, "infusing")


@pytest.mark.case("EC13")
def test_the_windows_of_a_new_library_bind_the_infusion_under_way(cli, bench, key, tmp_path):
    ward = filled(cli, bench)
    trust(ward, key)
    ward.do("resume")
    ward.do("library", "send", signed(tmp_path, key, window_1h_ng=40_000), "--yes")
    with ward.client() as pump:
        windows = {entry["span_min"]: entry["limit_nl"] for entry in pump.status()["window_list"]}
    assert 80_000 - STEP_NL < windows[60] <= 80_000
    bolus = ("bolus", "50ug", "--over", "10min", "--patient", PATIENT, "--yes")
    assert ward.refused(*bolus)["name"] == "dose-limit"


@pytest.mark.case("EC16")
def test_a_concentration_that_the_library_does_not_have_is_refused_by_the_pump(cli, bench):
    ward = Ward(cli, bench())
    with pytest.raises(Refused, match="50, 500, 1000, 2000 ug/mL") as caught:
        send(ward, steady(concentration_ug_per_ml=750, minimum_ng_per_day=50_000))
    assert caught.value.name == "not-in-library"
    with pytest.raises(Refused) as caught:
        send(ward, steady(drug="morphine"))
    assert (caught.value.name, caught.value.field) == ("not-in-library", "drug")


def test_a_power_cut_at_any_flash_operation_leaves_the_old_library_or_the_new_one(cli, bench, key, tmp_path):
    ward = trusting(cli, bench, key)
    stored = samples.signed(samples.newer(2), key)
    outcomes = []
    for operation in range(1, 200, 2):  # `make campaign-power` cuts at every one
        with ward.client() as pump:
            pump.stage_library(stored)
            ward.plant.fault("power-cut-at-flash-op", value=operation)
            try:
                pump.commit_library(library.digest(stored))
            except Exception:
                outcomes.append(None)
        ward.plant.fault("power-cut-at-flash-op", on=False)
        ward.advance(MINUTE_MS)
        held = version(ward)
        assert held in (1, 2)
        assert ward.alarms() == {}, operation
        if outcomes[-1:] != [None] or held == 2:
            break
        outcomes[-1] = held
    print(f"cut at {len(outcomes)} operations")
    assert version(ward) == 2
    assert len(outcomes) > 3


@pytest.mark.case("EC19")
def test_a_damaged_library_stops_therapy_until_it_is_sent_again(cli, bench, key, tmp_path):
    ward = filled(cli, bench)
    trust(ward, key)
    ward.do("resume")
    damage(ward)
    alarm = ward.alarms()["library-fault"]
    assert (alarm["priority"], ward.state) == ("high", "alarm-stopped")
    assert ward.steps_in(HOUR_MS) == 0
    assert ward.refused("resume")["name"] == "library-missing"
    assert ward.refused("library", "show")["name"] == "library-missing"
    assert ward.refused("library", "send", signed(tmp_path, key, 1, age_min_years=5), "--yes")["field"] == "version"
    told = ward.do("library", "send", signed(tmp_path, key, 1), "--yes")
    assert told["verified"]
    ward.do("alarms", "ack", "all")
    ward.advance(2 * MINUTE_MS)
    ward.do("resume")
    assert ward.state == "infusing" and ward.alarms() == {}


@pytest.mark.case("EC22")
def test_a_library_damaged_on_flash_while_the_pump_runs_is_mended_and_logged(cli, bench):
    ward = infusing(cli, bench)
    for seed in FLIPS:
        ward.plant.fault("flash-bit", value=f"{LIBRARY_NAMES[0]}:{seed}")
    ward.advance(DAY_MS + HOUR_MS)
    assert ward.state == "infusing" and ward.alarms() == {}
    (fault,) = [record["fields"] for record in records(ward, "fault") if record["fields"]["part"] == "drug library"]
    assert fault["masked"]
    ward.plant.power_cut()
    assert ward.state == "infusing"
