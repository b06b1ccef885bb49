"""Replacing and reading the drug library; the keys that libraries and programs are signed with."""

from infuser.app.checks import within, wrong_state
from infuser.app.prescriber import Prescriber
from infuser.app.trust import Trust
from infuser.core import druglibrary, libraryentry, signature
from infuser.wire import codec, errors, library, states
from infuser.wire.messages import Refusal


def commit(pump, request: dict) -> dict:
    """Put the staged library into force if its digest is the one confirmed and its signature is trusted."""
    staging = pump.library.staging
    stored = staging.whole()
    within("total", len(stored), library.SIGNATURE_BYTES + 1, library.ENCODED_MAX + library.SIGNATURE_BYTES)
    data = stored[: -library.SIGNATURE_BYTES]
    digest = library.digest(data)
    if digest != request["digest"]:
        raise Refusal(errors.DIGEST_MISMATCH, "digest")
    _check_signature(pump, digest, stored[-library.SIGNATURE_BYTES :])
    offered = _checked(data)
    _check_newer(pump, offered["version"], digest)
    _check_program(pump, data)
    pump.library.replace(stored, offered, request["operator"])
    staging.clear()
    # Its windows bind the infusion under way from now on.
    if pump.controller.schedule:
        pump.controller.basal.adopt()
    pump.watch.hurry()
    return {"library": offered["name"], "version": offered["version"]}


def _check_signature(pump, digest: bytes, signed: bytes) -> None:
    modulus = _trust(pump).trusted()
    if not modulus:
        raise Refusal(errors.NO_TRUST)
    if not signature.verifies(digest, signed, modulus):
        raise Refusal(errors.SIGNATURE_INVALID, "signature")


def _checked(data: bytes) -> dict:
    """The library's own fields, with every entry checked; one entry at a time, for the heap is small."""
    # The format stands first: a library of another one is to be named as such, not as garbage.
    within("format", data[0], library.FORMAT, library.FORMAT)
    try:
        head = library.head(data)
        druglibrary.check_parts(head, library.entries(data))
    except codec.CodecError as error:
        raise Refusal(errors.LIBRARY_INVALID, "library", text=str(error))
    return head


def _check_newer(pump, version: int, digest: bytes) -> None:
    """Only a newer one; where the one in force is damaged, that very one again too."""
    ledger = pump.controller.ledger
    again = bool(pump.library.fault) and digest == ledger.library_digest
    within("version", version, ledger.library_version + (0 if again else 1), 0xFFFFFFFF)


def _check_program(pump, data: bytes) -> None:
    """The therapy in force must stay within the new limits: no library leaves a pump with a forbidden one."""
    schedule = pump.controller.schedule
    if not schedule:
        return
    try:
        entry = libraryentry.pick(library.entries(data), schedule.program)
        druglibrary.check(entry, schedule.program, schedule)
        druglibrary.check_rate(entry, pump.controller.ledger.temporary_ng_per_day)
    except Refusal as refused:
        refused.text = "the program in force does not fit the new library" + (
            ": " + refused.text if refused.text else ""
        )
        raise


def trust(pump, request: dict) -> dict:
    """Install the key that libraries must be signed with: by who has opened the pump, while nothing is delivered."""
    _refuse_unless_opened(pump)
    _check_modulus(request["modulus"])
    return {"digest": _trust(pump).trust(request["modulus"], request["operator"])}


def prescriber(pump, request: dict) -> dict:
    """Install the key that programs are signed with, or take it away; who may do it as with trust()."""
    _refuse_unless_opened(pump)
    modulus, required = request["modulus"], request["required"]
    if modulus or required:
        _check_modulus(modulus)
    return {
        "digest": Prescriber(pump.hardware.files, pump.recorder).take(modulus, required, request["operator"]),
        "required": required,
    }


def _trust(pump) -> Trust:
    return Trust(pump.hardware.files, pump.recorder)


def _refuse_unless_opened(pump) -> None:
    if not pump.hardware.sensors.service_jumper():
        raise Refusal(errors.JUMPER_NEEDED)
    controller = pump.controller
    if controller.delivering() or controller.state == states.PRIMING:
        raise wrong_state(controller.state)


def _check_modulus(modulus: bytes) -> None:
    if not signature.sound_modulus(modulus):
        text = "not the modulus of an RSA key of 2048 bits"
        raise Refusal(errors.OUT_OF_RANGE, "modulus", len(modulus), signature.BYTES, signature.BYTES, text)
