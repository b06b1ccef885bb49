"""The prescriber's key: who holds it signs programs, and a pump may be set to take no others (EC16)."""

from infuser.app.pair import Pair
from infuser.core import signature
from infuser.wire import errors, records
from infuser.wire import program as programs
from infuser.wire.messages import Refusal

KEY_NAMES = ("rx0", "rx1")


class Prescriber:
    """Keeps the key and judges signatures by it. `files` as hw.storage.Files; `recorder` as app.recorder.Recorder."""

    def __init__(self, files, recorder) -> None:
        self._key = Pair(files, KEY_NAMES, programs.digest)
        self._recorder = recorder

    def modulus(self) -> bytes:
        """The modulus of the prescriber's key, b"" without one, or if it cannot be read."""
        modulus = self._key.find(self._recorder.ledger.prescriber_digest)
        return modulus if signature.sound_modulus(modulus) else b""

    def take(self, modulus: bytes, required: bool, operator: str) -> bytes:
        """Judge by this key from now on, b"" for none; its digest. Refusal STORAGE leaves all as it was."""
        digest = b""
        if modulus:
            self._recorder.begin()
            self._key.put(modulus, self._recorder.ledger.prescriber_digest)
            digest = programs.digest(modulus)
        self._recorder.note(records.PRESCRIBER, digest=digest, required=required, operator=operator)
        return digest

    def check(self, data: bytes, signed: bytes) -> None:
        """Refusal unless a program may be put into force with this signature, b"" for none.

        A signature that is not right is refused where none is needed too: somebody meant it to be right.
        """
        if not signed:
            if self._recorder.ledger.signed_only:
                raise Refusal(errors.SIGNATURE_NEEDED, "signature")
            return
        modulus = self.modulus()
        if not modulus:
            raise Refusal(errors.NO_TRUST, "signature", text="the pump has no prescriber's key, or cannot read it")
        if not signature.verifies(programs.prescription_digest(data), signed, modulus):
            raise Refusal(errors.SIGNATURE_INVALID, "signature", text="not signed by this pump's prescriber")

    def note(self, data: bytes) -> None:
        """Journal that the program put into force next carries the prescriber's signature."""
        key = self._recorder.ledger.prescriber_digest
        self._recorder.note(records.PRESCRIPTION, program=programs.digest(data), key=key)
