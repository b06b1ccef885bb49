"""The checkpoint: the newest values survive whatever happens to the file being written."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infuser.core.checkpoint import NAMES, Checkpoint
from infuser.hw.storage import Files
from infuser.wire import codec, records

BLOB = "blob"
FIELDS = st.fixed_dictionaries(
    {
        name: st.binary(max_size=122) if kind == BLOB else st.integers(*codec.BOUNDS[kind])
        for name, kind in codec.fields(records.CHECKPOINT_FIELDS)
        if name != "counter"
    }
)


def values_of(number: int) -> dict[str, int | bytes]:
    declared = codec.fields(records.CHECKPOINT_FIELDS)
    return {name: bytes(2 * number) if kind == BLOB else number for name, kind in declared}


def saved(root: Path, count: int) -> None:
    checkpoint = Checkpoint(Files(str(root)))
    for number in range(count):
        checkpoint.save(values_of(number))


def test_without_files_there_is_nothing_to_load(tmp_path: Path) -> None:
    assert Checkpoint(Files(str(tmp_path))).load() is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=FIELDS)
def test_what_was_saved_comes_back(tmp_path: Path, values: dict[str, int | bytes]) -> None:
    Checkpoint(Files(str(tmp_path))).save(values)
    loaded = Checkpoint(Files(str(tmp_path))).load()
    assert loaded is not None and {name: loaded[name] for name in values} == values


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_a_file_torn_or_changed_anywhere_costs_at_most_the_newest_save(tmp_path: Path, count: int) -> None:
    saved(tmp_path, count)
    newest = tmp_path / NAMES[count & 1]
    whole = newest.read_bytes()
    spoilt = [whole[:size] for size in range(len(whole))]
    spoilt += [whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1 :] for at in range(len(whole))]
    for data in spoilt:
        newest.write_bytes(data)
        loaded = Checkpoint(Files(str(tmp_path))).load()
        assert (loaded["event_seq"] if loaded else -1) == count - 2


def test_saving_goes_on_after_a_restart_without_touching_the_newest(tmp_path: Path) -> None:
    saved(tmp_path, 3)
    newest = (tmp_path / NAMES[1]).read_bytes()
    Checkpoint(Files(str(tmp_path))).save(values_of(77))
    assert (tmp_path / NAMES[1]).read_bytes() == newest
    loaded = Checkpoint(Files(str(tmp_path))).load()
    assert loaded is not None and (loaded["event_seq"], loaded["counter"]) == (77, 4)


def test_a_save_that_fails_keeps_the_last_one_and_tries_the_same_file_again(tmp_path: Path) -> None:
    saved(tmp_path, 2)
    files = Files(str(tmp_path))
    checkpoint = Checkpoint(files)
    checkpoint.load()
    target = tmp_path / NAMES[1]
    target.unlink()
    target.mkdir()
    with pytest.raises(OSError):
        checkpoint.save(values_of(8))
    target.rmdir()
    loaded = Checkpoint(files).load()
    assert loaded is not None and loaded["event_seq"] == 1
    checkpoint.save(values_of(9))
    loaded = Checkpoint(files).load()
    assert loaded is not None and loaded["event_seq"] == 9


@pytest.mark.case("EC22")
def test_a_file_that_does_not_verify_or_is_gone_is_told_and_the_first_one_ever_needs_no_twin(tmp_path: Path) -> None:
    saved(tmp_path, 1)
    checkpoint = Checkpoint(Files(str(tmp_path)))
    assert checkpoint.load() and not checkpoint.damaged
    saved(tmp_path, 3)
    for name in NAMES:
        whole = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        assert checkpoint.load() and checkpoint.damaged
        for left in (whole[:-1], b"", None):
            (tmp_path / name).unlink() if left is None else (tmp_path / name).write_bytes(left)
            assert checkpoint.load() and checkpoint.damaged
        (tmp_path / name).write_bytes(whole)
        assert checkpoint.load() and not checkpoint.damaged


def test_a_folder_in_the_place_of_a_file_is_damage(tmp_path: Path) -> None:
    saved(tmp_path, 2)
    (tmp_path / NAMES[1]).unlink()
    (tmp_path / NAMES[1]).mkdir()
    checkpoint = Checkpoint(Files(str(tmp_path)))
    assert checkpoint.load() and checkpoint.damaged


@pytest.mark.case("EC22")
@given(bit=st.integers(0, 29))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_flipped_bit_in_the_number_of_saves_does_not_make_an_old_save_the_newest(tmp_path: Path, bit: int) -> None:
    checkpoint = Checkpoint(Files(str(tmp_path)))
    for number in range(6):
        checkpoint.save(values_of(number))
    checkpoint._counter ^= 1 << bit
    for number in range(6, 9):
        checkpoint.save(values_of(number))
        loaded = Checkpoint(Files(str(tmp_path))).load()
        assert loaded and loaded["event_seq"] == number
