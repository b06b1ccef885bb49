"""The journal and the checkpoint on the real VM and the real littlefs, with the power cut at every flash operation."""

import json
from pathlib import Path

import pytest
from vm import run_vm

HERE = Path(__file__).parent
FIRMWARE = HERE.parents[1] / "firmware"
SHARES = 2


def run_cuts(mode: str, first: int, stride: int) -> dict[str, int]:
    """What `vm_cuts.py` reports; the VM's own traceback if something did not hold."""
    told: dict[str, int] = json.loads(run_vm(HERE / "vm_cuts.py", mode, first, stride, FIRMWARE, HERE, timeout_s=300))
    print(f"{mode}: {told}")
    return told


@pytest.mark.case("R6.6")
@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("mode", ["drop", "torn"])
def test_after_a_power_cut_at_any_flash_operation_nothing_that_was_stored_is_missing(mode: str, share: int) -> None:
    told = run_cuts(mode, 1 + share, SHARES)
    assert told["cuts"] == (told["operations"] + SHARES - 1 - share) // SHARES
    assert told["operations"] > 3 * told["appends"]


@pytest.mark.case("R6.6")
@pytest.mark.parametrize("share", range(SHARES))
def test_a_flash_operation_that_fails_once_loses_only_records_that_were_refused(share: int) -> None:
    assert run_cuts("once", 1 + share, SHARES)["cuts"] > 300


@pytest.mark.case("R6.6")
def test_a_power_cut_while_a_torn_tail_is_mended_leaves_the_journal_whole() -> None:
    told = run_cuts("tail", 1, 1)
    assert told["cuts"] == told["operations"] > 5


def test_a_journal_of_full_size_is_written_replayed_read_and_damaged_in_the_heap_of_a_pico(tmp_path: Path) -> None:
    told = json.loads(run_vm(HERE / "vm_full.py", tmp_path / "pump", FIRMWARE, HERE, heap="384k"))
    assert told["read"] > 3000 and told["kept_bytes"] < 16000
