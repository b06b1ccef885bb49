"""Drug libraries in virtual pumps that are thrown away afterwards: for previews, and for what is no therapy."""

import tempfile
from pathlib import Path

from infuser.wire import library as libraries
from pumpctl import library, library_send, signing
from pumpctl.client import Pump
from pumpctl.virtual import VirtualPump

_KINDS = {"text": "", "bool": False}


def without_limits(drug: str, concentration_ug_per_ml: int) -> library.DrugLibrary:
    """A library of one entry that has no limits; the pump's own hard limits stay what they are."""
    entry = {name: _KINDS.get(kind, 0) for name, kind in libraries.entry_fields()}
    entry |= {"drug": drug, "concentration_ug_per_ml": concentration_ug_per_ml}
    return {"format": libraries.FORMAT, "name": "measurement", "version": 1, "issued_min": 0,
            "source": "no patient", "entry_list": [entry]}  # fmt: skip


def put(bench: VirtualPump, pump: Pump, wanted: library.DrugLibrary) -> None:
    """Put a library into force on a virtual pump, as newer than its own and signed with a key that nobody keeps."""
    newer = {**wanted, "version": max(wanted["version"], pump.status()["library_version"] + 1)}
    with tempfile.TemporaryDirectory(prefix="pumpctl-key-") as folder:
        key = Path(folder) / "key"
        signing.keygen(key)
        stored = library.sign(newer, key)
        bench.fault("service-jumper")
        pump.trust_library_key(signing.modulus(key))
        bench.fault("service-jumper", False)
    library_send.stage(pump, stored)
    library_send.commit(pump, stored)
