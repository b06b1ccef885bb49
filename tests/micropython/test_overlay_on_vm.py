"""Commands whose code is read for them: nothing of it stays, and where it cannot be had all else goes on."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from flexday import constant
from vmworld import World

from infuser.wire import alarms, errors, program, states
from pumpctl.virtual import launcher

DATA = program.encode(constant(400_000, dose_max_ng_per_day=500_000))
# The pump as main.py makes it, and `order`, which carries a command out as the link does; a refusal is its code.
_PUMP = f"""
import gc, idle, kernel, main, sys
from plant import plant
from infuser.app import commands, overlay
from infuser.wire import messages, program, states, units

class Silence:
    file = None
    def progress(self, done_ms, of_ms): pass
    def advanced(self, reason): pass

hardware = main.Hardware()
idle.control = Silence()
pump = main.Pump(hardware)
overlay.call(hardware.image, "startup", "take_up", pump)
idle.advance(1 << 58)
DATA = {DATA!r}

def order(command, **request):
    try:
        return commands.carry_out(pump, command, dict(request, operator="bench"))
    except messages.Refusal as refused:
        return refused.code

def commit():
    order(messages.PROGRAM_STAGE, total=len(DATA), offset=0, chunk=DATA)
    digest = order(messages.PROGRAM_CHECK)["digest"]
    return order(messages.PROGRAM_COMMIT, digest=digest, confirmed=True, bridge_nl=0, signature=b"")

def refill():
    order(messages.REFILL_BEGIN)
    plant.put_piston(0)
    order(messages.REFILL_COMPLETE, measured_residual_nl=0, volume_nl=20000000, concentration_ug_per_ml=500)
    return order(messages.RESUME, delay_ms=0)

def bolus():
    return order(messages.BOLUS, dose_ng=10000, duration_ms=600000, patient="P-1", confirmed=True)

def temporary(dose):
    return order(
        messages.TEMPORARY_RATE, dose_ng_per_day=dose, duration_ms=600000, patient="P-1", confirmed=True
    )

def turns(duration_ms):
    end_us = kernel.now_us + duration_ms * 1000
    while kernel.now_us < end_us:
        hardware.port.idle(100 if pump.poll() else pump.delivery.turn_ms())

def left():
    names = [name for part in overlay.PARTS.values() for name in part.split()]
    held = [name for name in names if "infuser." + name in sys.modules]
    for name in names:
        package, leaf = name.split(".")
        held += [name] if hasattr(sys.modules["infuser." + package], leaf) else []
    return held

def alarms():
    return [entry["alarm"] for entry in pump.watch.alarms.entries]
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_the_code_of_a_command_is_gone_after_it_and_comes_again_with_the_next(world: World) -> None:
    told = world.run(
        f"""{_PUMP}
result = [left()]
for turn in range(2):
    done = [commit(), refill(), temporary(300000), temporary(0), order(messages.PLAN_ORDER, patient="P-1", action=0,
            dose_ng_per_day=0), order(messages.CHALLENGE, role=messages.ROLE_CLINICIAN, host_nonce=b"n" * 16),
            order(messages.LIBRARY_COMMIT, digest=b""), order(messages.CLOCK_SET, time_ms=1800000000000,
            utc_offset_min=60), order(messages.STOP, resume_after_ms=0, remind_min=0),
            order(messages.SELF_TEST)["passed"]]
    result.append([one if isinstance(one, (int, bool)) else len(one) for one in done])
    result.append(left())
"""
    )
    again = [2, 3, 2, 2, errors.NO_PLAN, errors.NO_KEYS, errors.PROGRAM_INCOMPLETE, 2, 2, True]
    assert told == [[], again, [], again, []]


def test_nothing_is_kept_in_memory_by_a_command(world: World) -> None:
    held = world.run(
        f"""{_PUMP}
commit()
refill()
result = []
for turn in range(6):
    temporary(300000)
    temporary(0)
    order(messages.SIGN_OUT)
    order(messages.PROGRAM_CHECK)
    gc.collect()
    result.append(gc.mem_alloc())
"""
    )
    assert max(held[1:]) - min(held[1:]) < 500


def spoilt(world: World, module: str, text: str | None) -> list[str]:
    """Where the firmware is a copy in which a file is another one, or none; without a list of hashes."""
    folder = world.folder / "app"
    shutil.copytree(launcher.firmware_dirs()[0], folder)
    (folder / module).unlink()
    if text is not None:
        (folder / module).write_text(text)
    return [str(folder)]


@pytest.mark.case("EC22")
@pytest.mark.parametrize("text", [None, "def bolus(pump, request:\n", "raise KeyError('a flipped bit')\n"])
def test_a_command_whose_file_cannot_be_read_is_refused_and_told_and_delivery_goes_on(
    world: World, text: str | None
) -> None:
    told: dict[str, Any] = world.run(
        f"""{_PUMP}
commit()
result = refill()
"""
    )
    assert told["rate_nl_per_day"] == 800_000
    told = world.run(
        f"""{_PUMP}
result = {{"state": pump.controller.state}}
turns(60000)
plant.sync()
made = plant.steps_made
result["bolus"] = bolus()
turns(3600000)
plant.sync()
result["steps"] = plant.steps_made - made
result["alarms"] = alarms()
result["left"] = left()
result["check"] = order(messages.PROGRAM_CHECK)
result["stop"] = order(messages.STOP, resume_after_ms=0, remind_min=0)["state"] == states.SUSPENDED
result["enabled"] = hardware.drive.enabled
""",
        firmware_dirs=spoilt(world, "infuser/app/delivery_commands.py", text),
    )
    assert told["bolus"] == errors.INTERNAL
    assert alarms.STORAGE_FAULT in told["alarms"]
    # 0.8 mL a day are 339.5 microsteps of 98.175 nL an hour.
    assert told["steps"] in (339, 340)
    assert (told["left"], told["check"]) == ([], errors.PROGRAM_INCOMPLETE)
    assert (told["stop"], told["enabled"]) == (True, False)


@pytest.mark.case("EC22")
def test_a_command_that_does_not_fit_into_memory_is_refused_and_a_stop_is_not(world: World) -> None:
    told = world.run(
        f"""{_PUMP}
commit()
refill()
turns(60000)
room, full, size = bytearray(6000), [], 65536
while size > 256:
    try:
        full.append(bytearray(size))
    except MemoryError:
        size //= 2
room = None
gc.collect()
result = [bolus(), alarms(), order(messages.STOP, resume_after_ms=0, remind_min=0)["state"], hardware.drive.enabled]
full = None
order(messages.RESUME, delay_ms=0)
result.append(bolus()["volume_nl"])
"""
    )
    assert told == [errors.INTERNAL, [alarms.STORAGE_FAULT], states.SUSPENDED, False, 20_000]
