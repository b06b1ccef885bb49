"""Cuts the whole pump's power at the flash operations of a script, on the VM, and sums up what came of it."""

import json
import tempfile
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import libraries
from vm_pump_programs import signed_one
from vmworld import World

from infuser.wire import program
from pumpctl import signing

HERE = Path(__file__).parent
ON_VM = (HERE, HERE.parent / "power", HERE.parent / "support", HERE.parent / "micropython")
HEAP = "256m"
# All that a share leaves out is for the others.
SHARES = 15
BOLUS_SOFT_NG = 30_000
_SCRIPT = """
import sys
sys.path.extend({places!r})
import json
from binascii import unhexlify
papers = json.load(open({papers!r}))
from {module} import play
modulus, libraries, signature = papers
result = play((unhexlify(modulus), [unhexlify(one) for one in libraries], unhexlify(signature)), {how})
"""


@dataclass
class Cuts:
    """Cut points played, of how many there are; the script's records; figures; and by share what did not hold."""

    cuts: int = 0
    points: int = 0
    records: int = 0
    dropped: int = 0
    kinds_missing: list[int] = field(default_factory=list)
    figures: dict[str, int] = field(default_factory=dict)
    failures: dict[int, str] = field(default_factory=dict)

    def add(self, other: "Cuts") -> None:
        """Take in another share."""
        self.cuts += other.cuts
        self.points, self.records, self.dropped = other.points, other.records, other.dropped
        self.kinds_missing = other.kinds_missing
        for name, value in other.figures.items():
            mine = self.figures.get(name, 0)
            self.figures[name] = max(mine, value) if name.endswith(("-slow", "-fast", "-ms")) else mine + value
        self.failures.update(other.failures)

    def summary(self) -> str:
        """One line."""
        told = self.figures.get
        return (
            f"{self.cuts} of {self.points} cut points, {self.points // 2} flash operations, {self.records} records, "
            f"at most {told('uncertain-nl-slow', 0)} nL uncertain at therapy rates, "
            f"{told('repeated', 0)} commands repeated, {len(self.failures)} violations"
        )


@lru_cache
def papers() -> str:
    """A key's modulus, two libraries and a program's signature by it, as JSON of hexadecimal."""
    with tempfile.TemporaryDirectory() as folder:
        key = Path(folder) / "pharmacy.key"
        signing.keygen(key)
        entries = [libraries.entry(concentration_ug_per_ml=one, bolus_soft_ng=BOLUS_SOFT_NG) for one in (500, 1000)]
        signed = [libraries.signed(libraries.made(*entries, version=version), key).hex() for version in (2, 3)]
        digest = program.prescription_digest(program.encode(signed_one()))
        return json.dumps([signing.modulus(key).hex(), signed, signing.sign(digest, key).hex()])


def on_vm(module: str, how: str, within_s: float = 3600) -> dict[str, Any]:
    """What `play` of a VM-side module returns when called with the papers and `how`."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "papers.json"
        file.write_text(papers())
        script = _SCRIPT.format(places=[str(place) for place in ON_VM], papers=str(file), module=module, how=how)
        world = World(Path(folder))
        told = world.run(script, heap=HEAP, within_s=within_s)
    assert told is not None, world.errors
    result: dict[str, Any] = told
    return result


def share(first: int, count: int, shares: int = SHARES) -> Cuts:
    """The cut points of `count` shares from `first` on."""
    total = Cuts()
    for number in range(first, first + count):
        told = on_vm("vm_pump_cuts", f"{number}, {shares}")
        failures = {number: "; ".join(told["violations"])} if told["violations"] else {}
        del told["violations"]
        total.add(Cuts(**told, failures=failures))
    return total
