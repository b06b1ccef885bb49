"""Every file on the pump's flash missing, empty, full of garbage, with one bit flipped: what the pump does without it.

The firmware on the MicroPython VM over a used pump's littlefs. The table is SAFETY.md's.
"""

from pathlib import Path
from typing import Any

import pytest
from storedimage import play, world

Told = dict[str, Any]
EACH = ("missing", "empty", "garbage", "bit")
TWICE = ("missing", "bit")
CHECKPOINT, WINDOWS, LIBRARY = ("c0", "c1"), ("w0", "w1"), "lib1"
RUN_MS = 10_000
SCRIPT = """
base, sound = vm_states.used_pump()
result = [sound] + [vm_states.broken(base, how, names, {run_ms}) for how, names in {cases!r}]
"""


def broken(folder: Path, *cases: tuple[str, tuple[str, ...]], run_ms: int = RUN_MS) -> tuple[Told, list[Told]]:
    """The pump before anything broke, and after each of the cases: (how, which files)."""
    sound, *told = play(world(folder, "format-3"), SCRIPT.format(run_ms=run_ms, cases=list(cases)))
    return sound, told


def each(*names: str) -> list[tuple[str, tuple[str, ...]]]:
    """All ways to break these files at once."""
    return [(how, names) for how in EACH]


def twice(*names: str) -> list[tuple[str, tuple[str, ...]]]:
    """The two that differ most, where all four were seen to be one."""
    return [(how, names) for how in TWICE]


def faults(told: Told, masked: bool) -> list[str]:
    """Parts of which a fault was logged since the start."""
    return [part for part, _, hidden in told["faults"] if hidden == masked and part != "firmware image"]


def test_what_has_a_twin_or_is_of_no_use_costs_nothing_and_raises_no_alarm(tmp_path: Path) -> None:
    cases = [*each("c0"), *twice("c1"), *twice("w0"), *twice(*WINDOWS), *twice("lib0")]
    cases += [("added", ("tmp",)), ("added", ("notes.txt",)), ("folder", ("notes",))]
    sound, told = broken(tmp_path, *cases)
    for case, one in zip(cases, told, strict=True):
        assert (one["state"], one["alarms"]) == ("infusing", ["power-restored"]), case
        assert faults(one, masked=False) == [], case
        assert one["uncertain"] <= 20 and sound["steps"] - 20 <= one["steps"] <= sound["steps"], case
        wanted = {"c": ["checkpoint"], "w": ["dose windows"]}.get(case[1][0][0], [])
        assert faults(one, masked=True) == (wanted if case[1] != ("w0",) else []), case
        assert one["reservoir_nl"] >= sound["reservoir_nl"], case


def test_without_a_checkpoint_the_log_tells_the_count_high_for_limits_low_for_the_refill(tmp_path: Path) -> None:
    sound, told = broken(tmp_path, *each(*CHECKPOINT), *twice(*CHECKPOINT, *WINDOWS))
    for one in told:
        assert (one["state"], one["alarms"]) == ("infusing", ["power-restored", "storage-fault"])
        assert "checkpoint" in faults(one, masked=False) and "dose windows" in faults(one, masked=True)
        # The log's last count is 40 microsteps old; an hour at 150 ug a day is 127 microsteps.
        assert sound["steps"] - 60 < one["steps"] <= sound["steps"] < one["steps"] + one["uncertain"]
        assert one["uncertain"] == 137
        assert all(now >= before for now, before in zip(one["used"], sound["used"], strict=True))
        assert one["reservoir_nl"] >= sound["reservoir_nl"]


def test_keys_and_trusted_key_that_are_lost_raise_an_alarm_while_therapy_goes_on(tmp_path: Path) -> None:
    sound, told = broken(tmp_path, *twice("keys"), *twice("trust0"))
    for at, one in enumerate(told):
        assert (one["state"], one["alarms"]) == ("infusing", ["power-restored", "storage-fault"])
        assert faults(one, masked=False) == [("keys", "trusted key")[at // len(TWICE)]]
        assert one["keyed"], "without its keys a pump is closed, not open"
        assert {"keys", "trust0"}.isdisjoint(one["changed"])


@pytest.mark.case("R6.6")
def test_what_the_state_cannot_be_known_without_stops_the_motor_and_is_left_as_it_is(tmp_path: Path) -> None:
    newest, whole = [*each("newest"), ("cut", ("newest",))], ("newest", "middle", "oldest")
    cases = [*newest, ("missing", ("newest", "middle")), ("garbage", whole), *each(LIBRARY)]
    sound, told = broken(tmp_path, *cases)
    for case, one in zip(cases, told, strict=True):
        cause = "library-fault" if case[1] == (LIBRARY,) else "journal-fault"
        assert cause in one["alarms"], case
        assert one["state"] in ("alarm-stopped", "idle"), case
        assert faults(one, masked=False), case
        assert one["next_seq"] > sound["next_seq"], "no number is given twice"
        assert sound["steps"] - 20 <= one["steps"], "the count does not go back"
        assert [name for name in one["changed"] if name[0] not in "cw" and case in newest[:4]] == [], case
        assert LIBRARY not in one["changed"], case


def test_a_flash_that_lost_log_and_checkpoint_is_not_taken_for_a_new_pump(tmp_path: Path) -> None:
    whole = ("newest", "middle", "oldest", *CHECKPOINT)
    _, (lost, emptied) = broken(tmp_path, ("missing", whole), ("empty", whole))
    for one in (lost, emptied):
        assert (one["state"], one["alarms"]) == ("idle", ["journal-fault", "library-fault"])
        assert "lib1" not in one["changed"] and one["keyed"]
    _, (formatted,) = broken(tmp_path, ("missing", (*whole, *WINDOWS, "lib0", "lib1", "keys", "trust0")))
    assert (formatted["state"], formatted["alarms"], formatted["steps"]) == ("idle", [], 0)
    assert not formatted["keyed"] and formatted["reservoir_nl"] == 0


@pytest.mark.case("R6.6")
def test_a_torn_tail_is_cut_off_and_the_boot_record_tells_its_size(tmp_path: Path) -> None:
    sound, (torn,) = broken(tmp_path, ("torn", ("newest",)))
    assert torn["torn"] == [50]
    assert (torn["state"], torn["alarms"]) == ("infusing", ["power-restored"])
    assert torn["next_seq"] > sound["next_seq"]


@pytest.mark.case("R6.6")
def test_damage_in_the_log_that_is_closed_is_found_within_hours_and_changes_nothing(tmp_path: Path) -> None:
    _, (one,) = broken(tmp_path, ("bit", ("oldest",)), run_ms=6 * 3_600_000 + 120_000)
    assert (one["state"], one["alarms"]) == ("infusing", ["power-restored", "storage-fault"])
    assert faults(one, masked=False) == ["log"]
    assert "j00000001" not in one["changed"]
