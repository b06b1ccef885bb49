"""What is compiled for a board, numbers in place and names shared, does what the firmware's sources do."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ward import CONTINUOUS, HOUR_MS, ML, Ward

from infuser.wire import records
from pumpctl import firmware_files, flash_plan, operations, program
from pumpctl.errors import Refused

# The stand-ins for the hardware ask these two for names that the application itself has no use for.
OF_THE_WORLD = ("infuser/hw/board.py", "infuser/wire/units.py")


def compiled(folder: Path) -> None:
    """Put the compiled application where the sources of a virtual pump are."""
    plan = flash_plan.make_plan(flash_plan.compiler())
    contents = {file.path: file.data for file in plan.files if file.path != firmware_files.IMAGE_LIST}
    for path in OF_THE_WORLD:
        del contents[path.replace(".py", ".mpy")]
        contents[path] = firmware_files.application()[path].read_bytes()
    contents[firmware_files.IMAGE_LIST] = firmware_files.image_list(contents)
    shutil.rmtree(folder)
    for path, data in contents.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


def decoded(log: bytes) -> Iterator[dict[str, Any]]:
    """The records of a log, one after the other."""
    at = 0
    while at < len(log):
        size = records.size_at(log, at)
        yield records.decode(log[at : at + size])
        at += size


def lived(ward: Ward) -> dict[str, Any]:
    """Hours of therapy with a refusal, a bolus, an alarm and a self-test; what pump, log and motor tell of them."""
    ward.plant.power_cut(60_000)
    with ward.client() as pump:
        told: dict[str, Any] = {"hello": [pump.hello.firmware, pump.hello.protocol]}
        with pytest.raises(Refused) as refused:
            pump.resume()
        told["refused"] = [str(refused.value), refused.value.remedy]
        operations.commit(pump, operations.propose(pump, program.load(CONTINUOUS)))
        pump.begin_refill()
        ward.plant.fill(20 * ML)
        pump.complete_refill(0, 20 * ML, 500)
        pump.resume()
        ward.plant.advance_ms(2 * HOUR_MS)
        told["bolus"] = pump.bolus(50_000, 600_000, program.load(CONTINUOUS)["patient"], False)
        ward.plant.advance_ms(HOUR_MS)
        ward.plant.fault("occlude")
        ward.plant.advance_ms(HOUR_MS, until="alarm")
        told["status"] = pump.status()
        told["tested"] = pump.self_test()
        log = b"".join(pump.read_log(1))
    told["log"] = [{**one, "fields": {**one["fields"], "request_id": 0}, "chain": b""} for one in decoded(log)]
    told["made"] = ward.truth()["steps_made"]
    return told


def test_the_compiled_application_lives_as_its_sources_do(cli, bench):
    ward = Ward(cli, bench())
    of_sources = lived(ward)
    ward.plant.stop()
    ward.plant.remove()
    ward = Ward(cli, bench())
    compiled(ward.plant.paths.application)
    of_compiled = lived(ward)
    assert len(of_sources["log"]) > 20 and of_sources["made"] > 1000
    freed = of_compiled["status"].pop("free_bytes") - of_sources["status"].pop("free_bytes")
    assert of_compiled == of_sources
    assert freed > 40_000, "memory that is left on the VM, whose words are twice a board's"
