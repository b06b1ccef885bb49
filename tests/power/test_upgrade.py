"""A new firmware takes up the state of every one released before it; what a newer one has stored is left alone.

The firmware on the MicroPython VM over the stored images of tests/power/images.
"""

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
from storedimage import IMAGES, play, truth, world

from infuser import VERSION
from infuser.core import snapshot
from infuser.wire import alarms, codec, messages, records

FORMATS = sorted(path.stem for path in IMAGES.glob("*.xz"))
CURRENT = f"format-{snapshot.VERSION}"
OLDER = [name for name in FORMATS if name != CURRENT]
# Of a status: what a start must leave as it was. A bolus under way is over, and its lock-out goes on.
LASTING = (
    "program_digest", "patient", "drug", "concentration_ug_per_ml", "program_dose_ng_per_day", "library", "log_oldest",
    "library_version", "library_digest", "trust_digest", "keyed", "patient_bolus_nl", "patient_boluses_left",
    "step_pl", "calibrated_ms", "utc_offset_min", "low_reservoir_nl", "plan_position", "temporary_left_ms",
)  # fmt: skip
UNCERTAIN_STEPS = 10
GONE_NL = 2 * (2_000 + 210)
HOUR_MS = 3_600_000


def digest(table: object) -> str:
    return hashlib.sha256(repr(table).encode()).hexdigest()[:16]


def declared(kind: int) -> tuple[str, tuple[Any, ...]]:
    name, fields = records.RECORDS[kind]
    return name, codec.fields(fields)


def version_of(name: str) -> int:
    return int(name.removeprefix("format-"))


def test_the_state_before_the_present_one_is_stored() -> None:
    assert f"format-{snapshot.OLDEST}" in FORMATS
    assert {version_of(name) for name in FORMATS} >= set(range(snapshot.OLDEST, snapshot.VERSION))
    assert all((IMAGES / f"{name}.xz").stat().st_size < 100_000 for name in FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_what_was_released_once_is_still_declared_as_it_was(name: str) -> None:
    told = truth(name)["declared"]
    assert digest(snapshot.fields_of(version_of(name))) == told["snapshot"]
    assert {kind: digest(declared(int(kind))) for kind in told["records"]} == told["records"]


def test_a_record_a_field_or_an_alarm_that_no_released_format_has_came_with_a_new_version() -> None:
    newest = max(FORMATS, key=version_of)
    told = truth(newest)["declared"]
    known = {int(kind) for kind in told["records"]}
    new = set(records.RECORDS) - known | set(alarms.ALARMS) - set(told["alarms"])
    if new or snapshot.fields_of(version_of(newest)) != codec.fields(snapshot.FIELDS):
        assert version_of(newest) < snapshot.VERSION, "snapshot.VERSION must grow"


@pytest.mark.case("R6.6")
@pytest.mark.parametrize("name", OLDER)
def test_the_state_of_a_released_format_is_taken_up_whole(tmp_path: Path, name: str) -> None:
    then = truth(name)
    now = play(
        world(tmp_path, name),
        f"import vm_upgrade\nvm_states.unmount()\nresult = vm_upgrade.taken_up({then['clinician_key']!r})\n",
    )
    before, after = then["status"], now["status"]
    assert {field: after[field] for field in LASTING} == {field: before[field] for field in LASTING}
    assert (now["told"]["state"], now["told"]["alarms"]) == ("infusing", ["power-restored"])
    assert 0 <= before["steps_total"] - after["steps_total"] <= UNCERTAIN_STEPS
    assert after["steps_total"] + after["steps_uncertain"] >= then["plant"]["steps_made"]
    assert after["reservoir_nl"] >= before["reservoir_nl"]
    for new, old in zip(after["window_list"], before["window_list"], strict=True):
        assert new["limit_nl"] == old["limit_nl"]
        # Two minutes later: what a bolus and the basal rate gave in two minutes may have left the window.
        assert new["used_nl"] >= old["used_nl"] - GONE_NL
    assert after["patient_wait_ms"] > 3 * HOUR_MS
    assert (now["without a key"], now["role"]) == ("not-signed-in", messages.ROLE_CLINICIAN)
    assert now["with it"]["acknowledged"] == 1


@pytest.mark.case("R6.6")
@pytest.mark.parametrize("name", OLDER)
def test_after_an_upgrade_the_log_goes_on_in_a_segment_of_its_own(tmp_path: Path, name: str) -> None:
    then = truth(name)
    script = f"import vm_upgrade\nvm_states.unmount()\nresult = vm_upgrade.taken_up({then['clinician_key']!r})\n"
    now = play(world(tmp_path, name), script)
    next_seq = then["status"]["log_next"]
    assert [seq for seq, _ in now["log"]] == list(range(1, now["log"][-1][0] + 1)), "every record, all chained"
    assert dict(now["log"])[next_seq] == records.SNAPSHOT and dict(now["log"])[next_seq + 1] == records.BOOT
    assert now["versions"][:-1] == [version_of(name)] * (len(now["versions"]) - 1)
    assert now["versions"][-1] == snapshot.VERSION
    for stamps in zip(*now["stamps"], strict=True):
        assert {stamp % 10 for stamp in stamps} == set(range(10)), "to the millisecond, by the clock and by the age"
    assert [file for file in now["rewritten"] if not re.fullmatch("[cw][01]", file)] == []


@pytest.mark.parametrize("name", OLDER)
def test_a_power_cut_anywhere_in_the_first_start_of_a_new_firmware_costs_nothing(tmp_path: Path, name: str) -> None:
    script = "import vm_upgrade\nvm_states.unmount()\nbase = vm_states.Flash()\n"
    script += "result = [vm_upgrade.cut_at(base, number) for number in range(1, 17)]\n"
    told = play(world(tmp_path, name), script)
    then = truth(name)["status"]
    assert [one["cut"] for one in told[:8]] == [True] * 8
    for one in told:
        assert (one["state"], one["alarms"]) == ("infusing", ["power-restored"])
        assert 0 <= then["steps_total"] - one["steps"] <= UNCERTAIN_STEPS
        assert one["next_seq"] > then["log_next"]


NEWER = """
import vm_upgrade
vm_states.unmount()
before = vm_upgrade.newer({how})
result = [before, vm_upgrade.left_alone({key!r}, {run_ms}), vm_upgrade.newer({how})]
"""


def over_newer(folder: Path, how: str, run_ms: int = 5 * 60_000) -> list[dict[str, Any]]:
    """A newer firmware, this one over its state, the newer one again."""
    key = truth("format-3")["service_key"]
    told: list[dict[str, Any]] = play(world(folder, "format-3"), NEWER.format(how=how, key=key, run_ms=run_ms))
    return told


@pytest.mark.parametrize(
    ("how", "why"),
    [
        (f"version={snapshot.VERSION + 1}", f"snapshot of version {snapshot.VERSION + 1}"),
        ("kind=vm_upgrade.NEW_KIND", "of unknown kind 200"),
    ],
)
def test_over_newer_state_the_pump_stands_says_so_and_writes_nothing(tmp_path: Path, how: str, why: str) -> None:
    before, now, again = over_newer(tmp_path, how)
    assert why in now["foreign"] and now["untouched"]
    assert (now["state"], now["alarms"], now["made"]) == ("alarm-stopped", ["newer-state"], before["made"])
    assert now["hello"]["firmware"] == VERSION
    assert now["status"]["log_next"] == before["next_seq"] and now["log_bytes"] > 30_000
    allowed = {name for name, answer in now["answers"].items() if answer != "newer-state"}
    assert allowed == {"stop", "audio-pause"}
    assert now["unsigned"] == "not-signed-in" and now["role"] == messages.ROLE_SERVICE and now["leaving"]
    # The newer one finds all as it left it, and therapy goes on.
    assert again["state"] == "infusing" and again["steps"] >= before["steps"]
    assert again["next_seq"] > before["next_seq"] and "storage-fault" not in again["alarms"]


def test_over_newer_state_whose_keys_are_damaged_the_jumper_opens_the_way_back(tmp_path: Path) -> None:
    script = "import vm_upgrade\nvm_states.unmount()\nvm_upgrade.newer(version=99)\n"
    closed, opened = play(world(tmp_path, "format-3"), script + "result = [vm_upgrade.way_back(on) for on in (0, 1)]\n")
    assert closed == "not-signed-in"
    assert opened["state"]


def test_a_power_cut_after_a_damaged_log_was_found_does_not_make_the_pump_forget_it(tmp_path: Path) -> None:
    script = "import vm_upgrade\nvm_states.unmount()\nbase = vm_states.Flash()\n"
    script += "result = [vm_upgrade.cut_at(base, number, ('j00000208',)) for number in range(5, 10)]\n"
    told = play(world(tmp_path, "format-3"), script)
    assert any(one["cut"] for one in told)
    for number, one in enumerate(told, 1):
        assert one["state"] == "alarm-stopped" and "journal-fault" in one["alarms"], number


@pytest.mark.parametrize("name", OLDER)
def test_an_upgrade_of_a_pump_whose_checkpoints_are_lost_counts_from_the_older_log(tmp_path: Path, name: str) -> None:
    script = "vm_states.unmount()\nresult = vm_states.broken(vm_states.Flash(), 'missing', ['c0', 'c1'], 1000)\n"
    told = play(world(tmp_path, name), script)
    then = truth(name)
    assert (told["state"], told["alarms"]) == ("infusing", ["power-restored", "storage-fault"])
    assert told["steps"] <= then["status"]["steps_total"] and told["reservoir_nl"] >= then["status"]["reservoir_nl"]
    # The patient's bolus that was under way is among what may have gone out.
    assert then["plant"]["steps_made"] <= told["steps"] + told["uncertain"] < then["plant"]["steps_made"] + 500


def test_a_stored_program_that_this_firmware_does_not_take_stops_the_motor_and_is_told_and_kept(tmp_path: Path) -> None:
    script = "import vm_upgrade\nvm_states.unmount()\nresult = vm_upgrade.stricter()\n"
    refused, taken = play(world(tmp_path, CURRENT), script)
    assert (refused["state"], refused["made"]) == ("alarm-stopped", 0)
    assert "internal-fault" in refused["alarms"] and refused["status"]["patient"] == ""
    (fault,) = [text for part, text, _ in refused["faults"] if part == "program"]
    assert fault.startswith("this firmware does not take the stored program: out-of-range dose_max_1h_ng")
    # The firmware before it, put back, finds it all: therapy waits for somebody who has read the alarm.
    assert taken["state"] == "alarm-stopped" and "internal-fault" in taken["alarms"]
