"""Bits that flip in memory and files of a running pump: a fixed part of `make bitflips`, and the faults themselves."""

from pathlib import Path

import pytest
from flipplay import play
from vmworld import World

from infuser.core import seal

HERE = Path(__file__).parent
SUPPORT = HERE.parent / "support"
FIRST_SEED = 20_000
THERAPIES = 20
_STARTED = f"""
import sys
sys.path.extend({[str(HERE), str(SUPPORT), str(HERE.parent / "campaign")]!r})
import bits, faults, flash
from vm_flips import Trial
"""


@pytest.mark.case("EC22")
@pytest.mark.case("EC5")
def test_no_flipped_bit_ends_in_over_delivery_or_in_silence(capsys: pytest.CaptureFixture[str]) -> None:
    played = play(FIRST_SEED, THERAPIES)
    with capsys.disabled():
        print(f"\n{played.summary()}\n{played.table()}")
    assert not played.failures
    assert played.flips() >= 120
    in_memory = ("meter", "windows", "minutes", "ledger", "program", "engine", "age")
    for structure in in_memory:
        assert played.outcomes[structure, "detected"] == sum(
            count for (name, _), count in played.outcomes.items() if name == structure
        )
    assert played.outcomes["checkpoint", "masked"] and played.outcomes["dose-windows", "masked"]
    assert set(dict(played.details)) >= {("journal", "detected (alarm)"), ("meter", "detected (meter)")}


def test_the_same_seed_flips_the_same_bit_and_another_seed_another(tmp_path: Path) -> None:
    told = World(tmp_path).run(
        f"""{_STARTED}
trial = Trial(1, 1)
result = []
for name in sorted(bits.STRUCTURES):
    flipped = [bits.flip_ram(name, seed) for seed in (1, 1, 2, 3)]
    # The second flips back what the first has flipped.
    first, again = [text.split(": ")[1].split(" -> ") for text in flipped[:2]]
    result.append([flipped[0].split(":")[0], flipped[1].split(":")[0], first == again[::-1], len(set(flipped))])
""",
        heap="4m",
    )
    assert len(told) == 10
    for first, again, back, different in told:
        assert first == again and back
        assert different >= 3


def test_a_bit_of_a_file_flips_where_the_flash_holds_it_however_long_the_file_is(tmp_path: Path) -> None:
    told = World(tmp_path).run(
        f"""{_STARTED}
from infuser.hw.storage import Files
files = Files("/pump")
sizes = (1, 100, 1024, 1025, 4087, 4088, 4089, 9000, 30000)
result = []
for size in sizes:
    data = bytes(at * 7 & 255 for at in range(size))
    files.write("f", data)
    for seed in range(12):
        bits.flip_flash("f", seed)
        found = files.read("f")
        changed = [at for at in range(size) if found[at] != data[at]]
        one = len(changed) == 1 and bin(found[changed[0]] ^ data[changed[0]]).count("1") == 1
        result.append([size, one, len(found) == size])
        bits.flip_flash("f", seed)
        result[-1].append(files.read("f") == data)
""",
        heap="4m",
    )
    assert len(told) == 9 * 12
    assert [row[1:] for row in told] == [[True, True, True]] * len(told), told


def test_what_does_not_exist_is_refused_with_what_there_is(tmp_path: Path) -> None:
    told = World(tmp_path).run(
        f"""{_STARTED}
result = []
def refused(name, value):
    try:
        faults.switch(name, True, value)
    except faults.Unknown as unknown:
        result.append([str(unknown.args[0]), name in faults.active])
refused("ram-bit", "meter")
trial = Trial(1, 1)
refused("ram-bit", "brain")
refused("ram-bit", "meter:x")
refused("flash-bit", "nothing")
faults.switch("ram-bit", True, "ledger:4")
result.append(["ram-bit" in faults.active])
""",
        heap="4m",
    )
    assert told[0] == ["no firmware runs", False]
    assert told[1][0].startswith("memory has no 'brain'; there are random, age, engine, guard, ledger, meter")
    assert told[2][0].startswith("ram-bit takes a name")
    assert told[3][0].startswith("flash has no file 'nothing'; there are random, c0, c1")
    assert told[4] == [False], "it happens once and is over"


@pytest.mark.case("EC5")
def test_the_part_that_failed_is_known_after_the_reset(tmp_path: Path) -> None:
    world = World(tmp_path)
    told = world.run(
        """
import main
from infuser.app import startup
from infuser.app.pump import Pump
pump = Pump(main.Hardware())
startup.take_up(pump)
pump.delivery.guard.limits[1] ^= 1 << 9
pump.fail(KeyError("what a wrong figure led to"))
result = "it went on"
""",
        heap="1m",
    )
    assert told is None and world.code == 43
    found = "from infuser.hw import chip\nresult = [chip.reset_cause(), chip.fault_code()]\n"
    assert world.run(found, reset_cause="soft") == ["fault", seal.GUARD]
