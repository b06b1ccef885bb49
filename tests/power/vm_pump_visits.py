"""Runs on MicroPython: people at the pump's serial line, for the script and for those who come after a power cut."""

import faults
from plant import END, plant
from vm_pump_programs import PATIENT

from infuser.core import session
from infuser.wire import library, messages, program, units

KEYS = ((b"C" * 32, b"S" * 32), (b"c" * 32, b"s" * 32))  # clinician's and service's; the second pair replaces the first
_HOST_NONCE = b"host nonce 16 by"
MIN_MS = 60000


class Visit:
    """Orders over the line: generators that yield what vm_fault_world.World wants."""

    def __init__(self, world):
        self.world = world
        self.refusal = None

    @property
    def pump(self):
        return self.world.pump

    @property
    def ledger(self):
        return self.world.pump.controller.ledger

    def order(self, command, **values):
        """The reply, or None where it was refused or the pump went down meanwhile."""
        values["operator"] = PATIENT
        reply = yield command, values
        self.refusal = reply if isinstance(reply, messages.Refusal) else None
        return None if self.refusal else reply

    def must(self, command, **values):
        """As order(); a refusal is a mistake of the script."""
        reply = yield from self.order(command, **values)
        if reply is None:
            refused = self.refusal
            name = messages.MESSAGES[command][0]
            told = refused and (refused.code, refused.field, refused.value, refused.low, refused.high, refused.text)
            raise ValueError("{} is refused in state {}: {}".format(name, self.pump.controller.state, told))
        return reply

    def keys(self):
        """The pair that the pump holds."""
        for pair in KEYS:
            if session.keys_digest(pair) == self.ledger.keys_digest:
                return pair
        return None

    def greet(self, proof=None):
        """Say hello, and on a pump with keys sign in as service; with `proof` try that instead. The reply or None."""
        self.world.sign_with(None)
        yield from self.must(messages.HELLO, protocol=messages.protocol_hash())
        pair = self.keys()
        if not pair:
            return True
        role = messages.ROLE_SERVICE
        told = yield from self.must(messages.CHALLENGE, role=role, host_nonce=_HOST_NONCE)
        attempt = (pair[1], role, self.pump.serial, _HOST_NONCE, told["pump_nonce"])
        reply = yield from self.order(messages.SIGN_IN, proof=proof or session.proof(*attempt))
        if reply:
            self.world.sign_with(session.session_key(*attempt))
        return reply

    def prescribe(self, values, bridge_nl=0, signature=b""):
        """Stage a program and put it into force."""
        encoded = program.encode(values)
        yield from self.must(messages.PROGRAM_STAGE, total=len(encoded), offset=0, chunk=encoded)
        digest = program.digest(encoded)
        more = {"bridge_nl": bridge_nl, "signature": signature}
        yield from self.must(messages.PROGRAM_COMMIT, digest=digest, confirmed=True, **more)

    def send_library(self, signed):
        """Stage a signed library and put it into force."""
        for at in range(0, len(signed), messages.CHUNK_MAX):
            chunk = signed[at : at + messages.CHUNK_MAX]
            yield from self.must(messages.LIBRARY_STAGE, total=len(signed), offset=at, chunk=chunk)
        digest = library.digest(signed[: -library.SIGNATURE_BYTES])
        yield from self.must(messages.LIBRARY_COMMIT, digest=digest)

    def refill(self, volume_nl, concentration):
        """Drawn out and filled anew."""
        begun = yield from self.must(messages.REFILL_BEGIN)
        yield MIN_MS
        plant.put_piston(END - volume_nl * units.PL_PER_NL // units.STEP_PL_NOMINAL)
        told = {"measured_residual_nl": begun["expected_residual_nl"], "volume_nl": volume_nl}
        yield from self.must(messages.REFILL_COMPLETE, concentration_ug_per_ml=concentration, **told)

    def bolus(self, dose_ng, duration_ms):
        yield from self.must(messages.BOLUS, dose_ng=dose_ng, duration_ms=duration_ms, patient=PATIENT, confirmed=True)

    def prime(self, purpose, volume_nl, duration_ms):
        yield from self.must(messages.PRIME, purpose=purpose, volume_nl=volume_nl, duration_ms=duration_ms)

    def stop(self, resume_after_ms=0, remind_min=0):
        yield from self.must(messages.STOP, resume_after_ms=resume_after_ms, remind_min=remind_min)

    def resume(self, delay_ms=0):
        yield from self.must(messages.RESUME, delay_ms=delay_ms)

    def acknowledge(self):
        yield from self.must(messages.ALARM_ACK, alarm=0)

    def press(self, button="patient"):
        """A button is pressed for a moment."""
        faults.press(button, True)
        yield 200
        faults.press(button, False)
