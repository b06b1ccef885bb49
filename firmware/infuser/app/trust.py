"""The key that a pump trusts: drug libraries must be signed with it."""

from infuser.app.library import TRUST_NAMES
from infuser.app.pair import Pair
from infuser.core import signature
from infuser.wire import library as libraries
from infuser.wire import records


class Trust:
    """Keeps the key in two files in turn. `files` as hw.storage.Files; `recorder` as app.recorder.Recorder."""

    def __init__(self, files, recorder) -> None:
        self._key = Pair(files, TRUST_NAMES, libraries.digest)
        self._recorder = recorder

    def trusted(self) -> bytes:
        """The modulus of the key that signs libraries, b"" without one."""
        modulus = self._key.find(self._recorder.ledger.trust_digest)
        return modulus if signature.sound_modulus(modulus) else b""

    def trust(self, modulus: bytes, operator: str) -> bytes:
        """Trust the key of a sound modulus from now on; returns its digest. Refusal STORAGE leaves the old one."""
        self._recorder.begin()
        self._key.put(modulus, self._recorder.ledger.trust_digest)
        digest = libraries.digest(modulus)
        self._recorder.note(records.TRUST, digest=digest, operator=operator)
        return digest
