"""Plays a story on a virtual pump and stores what its flash holds: the image that later firmware must read.

    .venv/bin/python tests/power/images/make.py 3

Run at the release whose format it is, for the tree's own firmware plays it. Writes format-3.xz and format-3.json
beside itself: the flash at the instant at which the power was cut, and what pump and plant said then.
"""

import hashlib
import json
import lzma
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "support"))

import libraries as samples  # noqa: E402
from ward import DAY_MS, EXAMPLES, HOUR_MS, MINUTE_MS, ML, PATIENT, SECOND_MS  # noqa: E402

from infuser import VERSION  # noqa: E402
from infuser.core import snapshot  # noqa: E402
from infuser.wire import alarms, codec, records  # noqa: E402
from pumpctl import keystore, operations, prescription, program, signing, virtual  # noqa: E402
from pumpctl.client import Pump  # noqa: E402
from pumpctl.virtual import VirtualPump  # noqa: E402

WALL_MS = 1_767_254_400_000
SECOND_SEGMENT_SEQ = 500
CLOCK_SETS = 60


class Story:
    """One pump and the people around it."""

    def __init__(self, plant: VirtualPump) -> None:
        self.plant = plant
        self._prescriber = Path()

    def client(self) -> Pump:
        """Somebody at the port."""
        return Pump.open(str(self.plant.port), operator="Ada")

    def equip(self, folder: Path) -> None:
        """Keys, the keys that libraries and programs are signed with, and a library of its own."""
        key = folder / "pharmacy.key"
        self._prescriber = folder / "prescriber.key"
        signing.keygen(key)
        signing.keygen(self._prescriber)
        self.plant.fault("service-jumper")
        with self.client() as pump:
            operations.provision_keys(pump)
            pump.trust_library_key(signing.modulus(key))
            pump.trust_prescriber(signing.modulus(self._prescriber), True)
            stored = samples.signed(samples.newer(), key)
            pump.stage_library(stored)
            pump.commit_library(samples.libraries.digest(stored[: -samples.libraries.SIGNATURE_BYTES]))
        self.plant.fault("service-jumper", on=False)

    def fill(self, measured_nl: int) -> None:
        """A refill visit."""
        with self.client() as pump:
            pump.begin_refill()
            self.plant.fill(20 * ML)
            pump.complete_refill(measured_nl, 20 * ML, 500)
            pump.resume()

    def treat(self, name: str) -> None:
        """Send an example's program."""
        told = program.load(EXAMPLES / name)
        signed = prescription.sign(told, self._prescriber)
        with self.client() as pump:
            operations.commit(pump, operations.propose(pump, told, signature=signed), confirmed=True)

    def day(self, occluded: bool) -> None:
        """The patient asks twice, once too early; the clinician gives a bolus; the line may be blocked for a while."""
        for _ in range(2):
            self.plant.press("patient")
            self.plant.advance_ms(HOUR_MS)
        with self.client() as pump:
            pump.bolus(10_000, 10 * MINUTE_MS, PATIENT)
        self.plant.advance_ms(6 * HOUR_MS)
        if occluded:
            self._occlude()
        self.plant.advance_ms(DAY_MS - 9 * HOUR_MS)

    def _occlude(self) -> None:
        self.plant.fault("occlude")
        self.plant.advance_ms(HOUR_MS, until="alarm")
        self.plant.fault("occlude", on=False)
        self.plant.advance_ms(MINUTE_MS)
        with self.client() as pump:
            pump.acknowledge(alarms.OCCLUSION_DOWNSTREAM)
            pump.resume()

    def truth(self) -> dict[str, Any]:
        """What a later firmware must find."""
        with self.client() as pump:
            told = pump.status()
            log = b"".join(pump.read_log(1))
            hello = pump.hello
        keys = keystore.load(hello.serial)
        assert keys is not None and keys.clinician is not None and keys.service is not None
        return {
            "firmware": VERSION,
            "declared": declared(),
            "serial": hello.serial,
            "clinician_key": keys.clinician.hex(),
            "service_key": keys.service.hex(),
            "log_bytes": len(log),
            "status": {name: value.hex() if isinstance(value, bytes) else value for name, value in told.items()},
            "plant": {name: self.plant.get()[name] for name in ("steps_made", "wall_ms", "reservoir_nl")},
        }


def declared() -> dict[str, Any]:
    """Hashes of what is stored in this format: no later firmware may read it in another way."""
    return {
        "snapshot": digest(codec.fields(snapshot.FIELDS)),
        "alarms": sorted(alarms.ALARMS),
        "records": {str(kind): digest((name, codec.fields(told))) for kind, (name, told) in records.RECORDS.items()},
    }


def digest(table: object) -> str:
    """Hash of a declaration."""
    return hashlib.sha256(repr(table).encode()).hexdigest()[:16]


def play(story: Story, folder: Path) -> dict[str, Any]:
    """Eight days, two programs, a refill, a power cut; the truth in the midst of an infusion."""
    story.plant.advance_ms(5 * SECOND_MS)
    story.equip(folder)
    story.treat("patient-bolus-10ug.toml")
    story.fill(0)
    for day in range(8):
        story.day(occluded=day % 3 == 1)
        if day == 3:
            story.plant.power_cut(10 * MINUTE_MS)
        if day == 5:
            story.fill(17 * ML)
    with story.client() as pump:
        for _ in range(CLOCK_SETS):
            pump.set_clock(story.plant.get()["wall_ms"], 60)
    story.plant.advance_ms(3 * HOUR_MS)
    story.plant.press("patient")
    story.plant.advance_ms(4 * MINUTE_MS)
    return story.truth()


def main(name: str) -> None:
    """Make one image."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["PUMPCTL_HOME"] = home
        plant = virtual.start("stored", speed=0, wall_ms=WALL_MS)
        try:
            truth = play(Story(plant), Path(home))
            assert truth["status"]["log_next"] > SECOND_SEGMENT_SEQ
        finally:
            plant.stop()
        flash = plant.paths.flash.read_bytes()
    (HERE / f"format-{name}.xz").write_bytes(lzma.compress(flash, preset=9 | lzma.PRESET_EXTREME))
    (HERE / f"format-{name}.json").write_text(json.dumps(truth, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
