"""The library that a pump holds: two files in turn, a copy in RAM, and what damage to either comes to."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import libraries as samples
import pytest

from infuser.app.library import LIBRARY_NAMES, Library
from infuser.app.recorder import Recorder
from infuser.app.trust import Trust
from infuser.core.clock import Clock
from infuser.core.journal import Journal
from infuser.core.ledger import Ledger
from infuser.hw.storage import Files
from infuser.wire import errors, records, units
from infuser.wire import library as wire
from infuser.wire.messages import Refusal
from pumpctl import library as files

DAY_MS = units.MS_PER_DAY
PROGRAM = {"drug": "baclofen", "concentration_ug_per_ml": 500}
Store = tuple[Library, Recorder, Files]


class Age:
    """The pump's age, which passes as the test wants."""

    ms = 1000

    def age_ms(self) -> int:
        return self.ms


@pytest.fixture
def power_on(tmp_path: Path) -> Callable[[], Store]:
    """Starts over what the folder holds."""

    def start() -> Store:
        flash = Files(str(tmp_path / "pump"))
        ledger = Ledger()
        recorder = Recorder(Journal(flash, ledger.snapshot), ledger, Clock(), Age())
        snapshot, later = recorder.journal.open()
        if snapshot:
            ledger.restore(snapshot)
        for record in later:
            ledger.apply(record["kind"], record["fields"], record["time_ms"], record["age_ms"])
        return Library(flash, recorder), recorder, flash

    return start


def unsigned(told: dict[str, Any]) -> bytes:
    return files.encode(told) + bytes(wire.SIGNATURE_BYTES)


def in_force(library: Library) -> dict[str, Any]:
    """The library that a pump goes by, as it is held and as it is asked for."""
    told: dict[str, Any] = wire.decode(library.stored()[: -wire.SIGNATURE_BYTES])
    assert library.entry_for(PROGRAM) == wire.find(told, "baclofen", 500)
    return told


def damage(flash: Files, *names: str) -> None:
    for name in names:
        data = bytearray(flash.read(name) or b"")
        if data:
            data[20] ^= 4
            flash.write(name, bytes(data))


def masked(recorder: Recorder) -> int:
    """How many masked faults the log has."""
    raw = recorder.journal.read_from(1, 0, 100_000)
    count = at = 0
    while at < len(raw):
        size = records.size_at(raw, at)
        record = records.decode(raw[at : at + size])
        count += record["kind"] == records.FAULT and record["fields"]["masked"]
        at += size
    return count


def test_a_new_pump_gets_the_firmwares_own_library_and_keeps_it(power_on: Callable[[], Store]) -> None:
    library, recorder, _ = power_on()
    library.load()
    assert library.fault == library.verify() == ""
    assert in_force(library) == files.starting()
    assert recorder.ledger.library_version == files.starting()["version"]
    again, recorder, _ = power_on()
    before = recorder.journal.next_seq
    again.load()
    assert in_force(again) == files.starting()
    assert recorder.journal.next_seq == before


def test_a_new_library_stands_beside_the_old_one_until_its_record_is_written(power_on: Callable[[], Store]) -> None:
    library, _, flash = power_on()
    library.load()
    for version in (2, 3, 4):
        told = samples.newer(version)
        library.replace(unsigned(told), told, "Ada")
        held = [wire.decode((flash.read(name) or b"")[: -wire.SIGNATURE_BYTES])["version"] for name in LIBRARY_NAMES]
        assert sorted(held) == [version - 1, version]
        again = power_on()[0]
        again.load()
        assert in_force(again) == told


def test_a_file_without_its_record_is_not_in_force(power_on: Callable[[], Store]) -> None:
    library, _, flash = power_on()
    library.load()
    flash.write(LIBRARY_NAMES[1], unsigned(samples.newer(2)))  # and then the power failed
    again = power_on()[0]
    again.load()
    assert in_force(again) == files.starting()
    told = samples.newer(3)
    again.replace(unsigned(told), told, "Ada")
    assert in_force(again) == told


@pytest.mark.case("EC19")
@pytest.mark.parametrize("lost", [damage, lambda flash, *names: [flash.remove(n) for n in names if flash.size(n)]])
def test_a_library_that_is_damaged_or_gone_at_power_on_is_a_fault_until_it_is_replaced(
    power_on: Callable[[], Store], lost: Callable[..., object]
) -> None:
    library, _, flash = power_on()
    library.load()
    lost(flash, *LIBRARY_NAMES)
    again = power_on()[0]
    again.load()
    assert again.fault and again.verify()
    for ask in (again.stored, lambda: again.entry_for(PROGRAM)):
        with pytest.raises(Refusal) as caught:
            ask()
        assert caught.value.code == errors.LIBRARY_MISSING
    again.replace(unsigned(files.starting()), files.starting(), "Ada")
    assert again.verify() == ""
    assert again.entry_for(PROGRAM)["hard_high_ng_per_day"] == 2_003_000


@pytest.mark.case("EC22")
def test_every_bit_flipped_in_the_copy_in_ram_is_found_before_use_and_mended_from_flash(
    power_on: Callable[[], Store],
) -> None:
    library, recorder, _ = power_on()
    library.load()
    sound = library.stored()
    bits = range(0, 8 * (len(sound) - wire.SIGNATURE_BYTES), 13)
    for bit in bits:
        changed = bytearray(sound)
        changed[bit // 8] ^= 1 << bit % 8
        library._stored = bytes(changed)
        assert in_force(library) == files.starting()
    assert masked(recorder) == len(bits)


@pytest.mark.case("EC22")
def test_a_file_damaged_while_the_pump_runs_is_written_again_within_a_day(power_on: Callable[[], Store]) -> None:
    library, recorder, flash = power_on()
    library.load()
    damage(flash, *LIBRARY_NAMES)
    assert library.verify() == "" and masked(recorder) == 0  # read once a day
    recorder.timebase.ms += DAY_MS
    assert library.verify() == "" and masked(recorder) == 1
    again = power_on()[0]
    again.load()
    assert in_force(again) == files.starting()


@pytest.mark.case("EC19")
def test_with_file_and_ram_damaged_there_is_no_library(power_on: Callable[[], Store]) -> None:
    library, _, flash = power_on()
    library.load()
    damage(flash, *LIBRARY_NAMES)
    library._stored = b"\x00" + library._stored[1:]
    assert library.verify()
    with pytest.raises(Refusal):
        in_force(library)


def test_the_trusted_key_is_read_from_whichever_file_its_digest_names(power_on: Callable[[], Store]) -> None:
    def kept() -> Trust:
        _, recorder, flash = power_on()
        return Trust(flash, recorder)

    trust = kept()
    assert trust.trusted() == b""
    keys = [bytes([0x80, *[number] * 254, 1]) for number in range(3)]
    for key in keys:
        trust.trust(key, "Ada")
        assert trust.trusted() == kept().trusted() == key
    flash = power_on()[2]
    damage(flash, "trust0", "trust1")
    assert kept().trusted() == b""
