"""The drug library in force: two files in turn on flash, one verified copy in RAM.

Its digest stands in the ledger. A new library is written beside the old one, and the record of its digest
puts it into force: after a power cut the digest says which of the two files holds, and both are whole.
"""

from infuser.app.pair import Pair
from infuser.app.staging import Staging
from infuser.core import libraryentry
from infuser.wire import codec, errors, records, units
from infuser.wire import library as libraries
from infuser.wire.messages import Refusal

LIBRARY_NAMES = ("lib0", "lib1")
TRUST_NAMES = ("trust0", "trust1")
BUILT_IN = "built-in"  # the operator of the first record: the firmware brought the library along
FLASH_CHECK_MS = units.MS_PER_DAY
STORED_MAX = libraries.ENCODED_MAX + libraries.SIGNATURE_BYTES


class Library:
    """Loads, verifies and replaces the library. `files` as hw.storage.Files; `recorder` as app.recorder.Recorder.

    `fault` says what is wrong with the library in force, "" if nothing; `staging` holds one on its way.
    """

    def __init__(self, files, recorder) -> None:
        self._pair = Pair(files, LIBRARY_NAMES, lambda stored: libraries.digest(_unsigned(stored)))
        self._recorder = recorder
        self._stored = b""  # with its signature, as it was sent
        self._flash_due_ms = 0
        self.staging = Staging(STORED_MAX)
        self.fault = ""

    def load(self) -> None:
        """Take the library in force from flash; a pump that never had one gets the firmware's own."""
        if not self._recorder.ledger.library_digest:
            self._install_built_in()
        self._reload()

    def verify(self) -> str:
        """What is wrong with the library, "" if nothing: the copy in RAM each time, the file once a day.

        One of the two copies that is damaged is restored from the other, and logged as a masked fault.
        """
        if self.fault:
            self._reload()
        elif not self._sound():
            self._reload()
            if not self.fault:
                self._note_masked("the copy in RAM was damaged; taken from flash again")
        elif self._recorder.timebase.age_ms() >= self._flash_due_ms:
            self._check_flash()
        return self.fault

    def entry_for(self, program: dict) -> dict:
        """The entry of a program's drug and concentration; Refusal LIBRARY_MISSING or NOT_IN_LIBRARY."""
        return libraryentry.pick(libraries.entries(_unsigned(self.stored())), program)

    def stored(self) -> bytes:
        """The library in force with its signature, as it was sent, verified just now; Refusal LIBRARY_MISSING."""
        if self.fault or not self._sound():
            self.verify()
        if self.fault:
            raise Refusal(errors.LIBRARY_MISSING, "library", text=self.fault)
        return self._stored

    def replace(self, stored: bytes, head: dict, operator: str) -> None:
        """Put a checked and signed library into force, `head` its own fields; Refusal STORAGE changes nothing."""
        self._recorder.begin()
        self._pair.put(stored, self._recorder.ledger.library_digest)
        digest = libraries.digest(_unsigned(stored))
        name, version = head["name"], head["version"]
        self._recorder.note(records.LIBRARY, library=name, version=version, digest=digest, operator=operator)
        self._take(stored)

    # Flash and RAM

    def _install_built_in(self) -> None:
        from infuser.app.startinglibrary import STARTING_LIBRARY

        # No key signed it: the firmware that holds it is what is trusted here.
        unsigned = STARTING_LIBRARY + bytes(libraries.SIGNATURE_BYTES)
        if self._pair.holds_other(unsigned):
            return  # another one was in force once, and the log no longer tells: it must not be written over
        try:
            self.replace(unsigned, libraries.head(STARTING_LIBRARY), BUILT_IN)
        except Refusal:
            pass  # reported as a library that is missing

    def _reload(self) -> None:
        found = self._pair.find(self._recorder.ledger.library_digest)
        if found:
            self._take(found)
        else:
            self.fault = "no file holds the library in force"

    def _take(self, stored: bytes) -> None:
        try:
            for _ in libraries.entries(_unsigned(stored)):
                pass
        except codec.CodecError as error:  # a library of another firmware
            self.fault = "does not decode: {}".format(error)
            return
        self._stored = stored
        self.fault = ""
        self._flash_due_ms = self._recorder.timebase.age_ms() + FLASH_CHECK_MS

    def _sound(self) -> bool:
        digest = self._recorder.ledger.library_digest
        return bool(digest) and libraries.digest(_unsigned(self._stored)) == digest

    def _check_flash(self) -> None:
        self._flash_due_ms = self._recorder.timebase.age_ms() + FLASH_CHECK_MS
        digest = self._recorder.ledger.library_digest
        if self._pair.find(digest):
            return
        # The copy in RAM is proven: therapy need not halt for a file that can be written again.
        try:
            self._pair.put(self._stored, digest)
        except Refusal as refused:
            self.fault = "the file is damaged and cannot be written: {}".format(refused.text)
            return
        self._note_masked("the file was damaged; written again from RAM")

    def _note_masked(self, text: str) -> None:
        self._recorder.note(records.FAULT, part="drug library", detail=0, masked=True, text=text)


def _unsigned(stored: bytes) -> bytes:
    return stored[: -libraries.SIGNATURE_BYTES]
