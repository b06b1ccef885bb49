"""A script of commands on the emulated chip, recorded operation by operation of its flash.

From the tape the flash and the world can be made as they were when the power failed at any of them.
"""

import contextlib
import copy
import os
import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chiplife import WALL_MS, Life, installed
from chippapers import PAIRS, Papers
from vm_pump_programs import PATIENT, PERIODIC, prescription

from infuser.core import journal
from infuser.wire import frame, library, messages, program, records, signed, states, units
from pumpctl import keystore
from pumpctl.board.flashchip import STORAGE_START, half_done
from pumpctl.errors import LinkError, UncertainOutcome

_LONG = "x" * 200  # an operator whose name fills the log
_NEAR_BYTES = journal.SEGMENT_BYTES - 1500


@dataclass
class Truth:
    """What may be found after a cut now. Where something is being changed, both the old and the new are allowed.

    `order`: the last one as it was sent; `answered`: whether its reply has come. `stored`: a record known to be kept.
    """

    part: str = "first start"
    programs: list[bytes] = field(default_factory=lambda: [b""])
    libraries: list[bytes] = field(default_factory=list)
    trusted: list[bytes] = field(default_factory=lambda: [b""])
    keys: list[int] = field(default_factory=lambda: [-1])  # numbers of a pair in PAIRS, -1 for none
    fast: bool = False
    order: bytes = b""
    answered: bool = False
    stored: int = 0


@dataclass
class Operation:
    """One of the flash: where, what it changed, the world at its begin and its end, microsteps made by then."""

    truth: Truth
    erase: bool
    at: int
    before: bytes
    after: bytes
    worlds: tuple[str, str]
    made: tuple[int, int]


@dataclass
class Tape:
    """`base`: the flash at power-on; `log`: all records of the script by number.

    `broken`: where and why the script was not played to its end.
    """

    base: bytes
    broken: str = ""
    operations: list[Operation] = field(default_factory=list)
    log: dict[int, bytes] = field(default_factory=dict)

    def flash(self, number: int, half: bool) -> bytes:
        """The flash after a cut at an operation that was left out, or done by half."""
        image = bytearray(self.base)
        for one in self.operations[:number]:
            image[one.at : one.at + len(one.after)] = one.after
        last = self.operations[number]
        if half:
            image[last.at : last.at + len(last.after)] = half_done(last.before, last.after)
        return bytes(image)

    def forget_broken(self) -> None:
        """Drop the operations of the part that broke off."""
        if self.broken:
            self.operations = [one for one in self.operations if not self.broken.startswith(one.truth.part)]

    def parts(self) -> dict[str, list[int]]:
        """Numbers of the operations by part of the script."""
        found: dict[str, list[int]] = {}
        for number, one in enumerate(self.operations):
            found.setdefault(one.truth.part, []).append(number)
        return found


def record(folder: Path, uf2: Path, only: tuple[str, ...] = ()) -> None:
    """Play the script in this process and leave tape.pickle in `folder`; with `only` just these parts and the start."""
    os.environ["PUMPCTL_HOME"] = str(folder / "home")
    installed(folder)
    script = Script(Life(folder, uf2))
    kept = folder / "tape.pickle"
    try:
        for _ in script.play(only):
            kept.write_bytes(pickle.dumps(script.tape))
    except (LinkError, UncertainOutcome) as error:
        script.tape.broken = f"{script.truth.part}: {error.message}"
    # What was begun when it broke off has no log to be held against.
    script.tape.forget_broken()
    kept.write_bytes(pickle.dumps(script.tape))


def load(folder: Path) -> Tape:
    """What `record` left."""
    tape: Tape = pickle.loads((folder / "tape.pickle").read_bytes())
    return tape


class Script:
    """Somebody with pumpctl's client, who notes what may be found after a power cut."""

    def __init__(self, life: Life) -> None:
        self.life = life
        self.truth = Truth()
        self.tape = Tape((life.folder / "flash.img").read_bytes())
        self.papers = Papers(life.folder)
        self._deframer = frame.Deframer()
        self._settle = life.chip.flash._settle
        life.chip.flash._settle = self._on_operation  # type: ignore[method-assign]
        life.line.sent = self._on_sent

    def play(self, only: tuple[str, ...] = ()) -> Iterator[None]:
        """All parts, or those named; hands over after each."""
        self.truth.libraries = [library.digest(self.papers.starting)]
        self.pump = self.life.client()
        self.life.run_ms(4000)
        self.note()
        parts: tuple[tuple[str, Callable[[], None]], ...] = (
            ("provision", self.provision),
            ("library", lambda: self.send_library(0)),
            ("keys", lambda: self.send_keys(0)),
            ("refill", lambda: self.refill(18_000_000, 1000)),
            ("program", lambda: self.prescribe(prescription(900_000))),
            ("priming", self.prime),
            ("checkpoints", lambda: self.life.run_ms(100_000)),
            ("bolus", self.boluses),
            ("another program", lambda: self.prescribe(prescription(1_000_000, **PERIODIC))),
            ("another library", lambda: self.send_library(1)),
            ("other keys", lambda: self.send_keys(1)),
            ("another refill", lambda: self.refill(15_000_000, 1000)),
            ("orders", self.orders),
            ("journal growth", self.grow),
        )
        for name, part in parts:
            if not only or name in only:
                self.truth.part = name
                part()
                self.note()
                self.pull(max(self.tape.log, default=1))
                yield

    # What is noted

    def _on_operation(self, start: int, before: bytes, erase: bool) -> None:
        truth = copy.deepcopy(self.truth)
        flash, at = self.life.chip.flash, start - STORAGE_START
        world, made = self._world()
        self._settle(start, before, erase)
        flash_file = (self.life.folder / "flash.img").open("rb")
        with flash_file:
            flash_file.seek(at)
            after = flash_file.read(len(before))
        assert flash.cut_at == 0
        later, made_later = self._world()
        self.tape.operations.append(Operation(truth, erase, at, before, after, (world, later), (made, made_later)))

    def _world(self) -> tuple[str, int]:
        path = self.life.folder / "world.json"
        self.life.bench._save(str(path), 0)
        return path.read_text(), self.life.plant.steps_made

    def _on_sent(self, data: bytes) -> None:
        for payload in self._deframer.feed(data):
            inner = signed.decode(payload)[2] if payload[0] == signed.SIGNED else payload
            command = inner[1]
            if messages.MESSAGES[command][1] & messages.MUTATES and command != messages.SIGN_IN:
                self.truth.order, self.truth.answered = inner, False

    def note(self) -> Any:
        """An order was answered: it is kept, and so is the log up to now. The status."""
        self.truth.answered = True
        told = self.pump.status()
        self.truth.stored = told["log_next"] - 1
        return told

    @contextlib.contextmanager
    def changing(self, what: str, new: Any) -> Iterator[None]:
        """Something is neither the old nor the new for certain until the order is answered."""
        allowed = getattr(self.truth, what)
        allowed.append(new)
        yield
        setattr(self.truth, what, [new])
        self.note()

    def pull(self, from_seq: int) -> int:
        """Read the log from a record on; the bytes of the segment under way, as far as read."""
        size = 0
        data = b"".join(self.pump.read_log(from_seq))
        at = 0
        while at < len(data):
            length = records.size_at(data, at)
            stored = data[at : at + length]
            _, kind, _, seq = records.peek(stored)
            self.tape.log[seq] = stored
            size = length if kind == records.SNAPSHOT else size + length
            at += length
        return size

    # Parts of the script

    def provision(self) -> None:
        self.pump.set_clock(WALL_MS, 60)
        self.note()
        self.life.fault("service-jumper")
        with self.changing("trusted", self.papers.trust_digest):
            self.pump.trust_library_key(self.papers.modulus)
        self.pump.trust_prescriber(self.papers.modulus, required=False)
        self.note()
        self.life.fault("service-jumper", False)

    def send_keys(self, number: int) -> None:
        self._pause()
        self.life.fault("service-jumper")
        clinician, service = PAIRS[number]
        with self.changing("keys", number):
            self.pump.send_keys(clinician, service)
            keystore.save(keystore.Keys(self.pump.hello.serial, clinician, service))
        self.life.fault("service-jumper", False)
        self._go_on()

    def send_library(self, number: int) -> None:
        stored = self.papers.libraries[number]
        digest = library.digest(stored[: -library.SIGNATURE_BYTES])
        self.pump.stage_library(stored)
        with self.changing("libraries", digest):
            self.pump.commit_library(digest)

    def refill(self, volume_nl: int, concentration: int) -> None:
        begun = self.pump.begin_refill()
        self.note()
        self.life.run_ms(3000)
        self.life.plant.put_piston(units.RESERVOIR_CAPACITY_NL * 1000 // units.STEP_PL_NOMINAL
                                   - volume_nl * 1000 // units.STEP_PL_NOMINAL)  # fmt: skip
        self.life.bench.pins.refresh()
        self.pump.complete_refill(begun["expected_residual_nl"], volume_nl, concentration)
        self.note()
        self._go_on()

    def prescribe(self, values: dict[str, Any]) -> None:
        encoded = program.encode(values)
        self.pump.stage_program(encoded)
        with self.changing("programs", encoded):
            self.pump.commit_program(program.digest(encoded), confirmed=True)

    def prime(self) -> None:
        self.truth.fast = True
        self.pump.prime(120_000, 20_000, states.FLUSHING)
        self.note()
        self.life.run_ms(24_000)
        self.pump.resume()
        self.note()
        self.life.run_ms(10_000)
        self.truth.fast = False

    def boluses(self) -> None:
        """The clinician's and the patient's."""
        self.truth.fast = True
        self.pump.bolus(20_000, 20_000, PATIENT, confirmed=True)
        self.note()
        self.life.run_ms(62_000)
        self.life.faults.press("patient", True)
        self.life.run_ms(200)
        self.life.faults.press("patient", False)
        self.life.run_ms(70_000)
        self.truth.fast = False

    def orders(self) -> None:
        for order in (
            lambda: self.pump.temporary_rate(950_000, 600_000, PATIENT, confirmed=True),
            lambda: self.pump.minimum_rate(True),
            lambda: self.pump.minimum_rate(False),
            lambda: self.pump.stop(),
            lambda: self.pump.self_test(),
            lambda: self.pump.resume(5000),
        ):
            order()
            self.note()
            self.life.run_ms(4000)
        self.life.run_ms(5000)

    def grow(self) -> None:
        """Orders until the log has begun another segment."""
        self.pump.close()
        self.pump = self.life.client(_LONG)
        size = self.pull(1)
        lowest = False
        while True:
            if size > _NEAR_BYTES:
                self.truth.part = "segment change"
            known = max(self.tape.log)
            # A clinician's order: what anybody may ask for is not taken without end.
            lowest = not lowest
            self.pump.minimum_rate(lowest)
            self.note()
            grown = self.pull(known)
            if any(records.peek(self.tape.log[seq])[1] == records.SNAPSHOT for seq in self.tape.log if seq > known):
                return
            size += grown - len(self.tape.log[known])

    def _pause(self) -> None:
        if self.pump.status()["state"] in states.DELIVERING:
            self.pump.stop()
            self.note()

    def _go_on(self) -> None:
        told = self.pump.status()
        if told["state"] == states.SUSPENDED and told["program_digest"] and told["reservoir_nl"]:
            self.pump.resume()
            self.note()
