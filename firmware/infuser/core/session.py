"""Who may change what: the greeting, the role that is signed in, and how long both last.

A pump without keys is open: whoever has greeted it may change everything. On one with keys a role is proved by
an HMAC over the nonces of both sides; a challenge serves for one attempt. From then on whatever needs the role comes
in frames with a counter and a MAC, under a key that both sides derive for this session alone. Times are the pump's age
in ms.
"""

import binascii
import hashlib
import struct

from infuser.core.mac import Channel, Hmac, same
from infuser.wire import codec, errors, messages, units
from infuser.wire import signed as signed_payload

KEYS_FILE = "keys"
KEY_BYTES = 32
NONCE_BYTES = 16
PROOF_BYTES = 32
SESSION_IDLE_MS = 10 * units.MS_PER_MIN
# After a failed attempt the next one has to wait: 1, 2, 4, 8 s, and from the fifth on this long.
FAILURES_TO_LOCK = 5
LOCK_MS = 10 * units.MS_PER_MIN
FAILURES_MAX = 0xFFFF

_PROVED = "role:u8 serial:text host_nonce:blob pump_nonce:blob"
_NEEDS_ROLE = messages.CLINICIAN | messages.SERVICE


class Session:
    """What the one at the other end of the line may do. `serial` is the pump's serial number."""

    def __init__(self, serial: str) -> None:
        self.serial = serial
        self.keyed = False
        self.agreed = False  # host and pump were found to have the same declarations
        self.mismatched = False
        self.open = False
        self.role = messages.NOBODY
        self.channel: Channel | None = None  # of the session that is signed in
        self._counter = 0  # of the last signed frame that was admitted
        self._keys: tuple = ()
        self._until_ms = 0
        self._challenge: tuple = ()

    # Beginning and end

    def greet(self, age_ms: int) -> None:
        """A host of the same declarations said hello: a new session, in which nobody is signed in."""
        self.lose()
        self.agreed = self.open = True
        self.touch(age_ms)

    def lose(self, mismatched: bool = False) -> None:
        """The host is gone, or was found to have other declarations: all must begin anew."""
        self.agreed = False
        self.mismatched = mismatched
        self.close()

    def close(self) -> None:
        """End the session; what was agreed stays so."""
        self.open = False
        self.sign_out()

    def sign_out(self) -> None:
        """Nobody is signed in any more; a challenge under way is void."""
        self.role = messages.NOBODY
        self.channel = None
        self._counter = 0
        self._challenge = ()

    def touch(self, age_ms: int) -> None:
        """Somebody was here: the idle time begins anew."""
        self._until_ms = age_ms + SESSION_IDLE_MS

    def expire(self, age_ms: int) -> None:
        """Close the session if it has been left idle."""
        if age_ms >= self._until_ms and (self.open or self.role):
            self.close()

    def left_ms(self, age_ms: int) -> int:
        """Time until the session is closed, 0 if none is open."""
        return max(0, self._until_ms - age_ms) if self.open else 0

    # Permission

    def closed(self, flags: int, age_ms: int) -> int:
        """Why a command with these flags must wait for a greeting; errors.OK if it need not.

        What anybody may do at any time, such as to stop, needs only that the two understand each other.
        """
        self.expire(age_ms)
        if not self.agreed:
            return errors.PROTOCOL_MISMATCH if self.mismatched else errors.SESSION_CLOSED
        return errors.SESSION_CLOSED if flags & _NEEDS_ROLE and not self.open else errors.OK

    def unsigned(self, flags: int, signed: bool, age_ms: int) -> int:
        """errors.NOT_SIGNED_IN if a command with these flags needs another role or a signed frame; else errors.OK."""
        self.expire(age_ms)
        needed = role_needed(flags)
        if not self.keyed or not needed:
            return errors.OK
        return errors.OK if signed and self.role >= needed else errors.NOT_SIGNED_IN

    def admit(self, frame: bytes, age_ms: int) -> tuple[int, int, bytes]:
        """(errors.OK or why a signed frame is refused, its counter, the request inside); no counter serves twice.

        codec.CodecError if it is no signed frame at all.
        """
        self.expire(age_ms)
        counter, _, request = signed_payload.decode(frame)
        if self.channel is None:
            return errors.SESSION_CLOSED, counter, request
        try:
            self.channel.verify(frame)
        except codec.CodecError:
            return errors.FRAME_FORGED, counter, request
        if request[0] != messages.REQUEST:
            return errors.FRAME_FORGED, counter, request  # the pump's own reply, sent back to it
        if counter <= self._counter:
            return errors.FRAME_REPLAYED, counter, request
        self._counter = counter
        return errors.OK, counter, request

    # Keys and proofs

    def take_keys(self, keys: tuple, keyed: bool) -> None:
        """Use (clinician's key, service key), () if they cannot be read; a pump that lost its keys stays `keyed`."""
        self._keys = keys
        self.keyed = keyed
        self.sign_out()

    def has_keys(self) -> bool:
        """Whether anybody can sign in at all."""
        return bool(self._keys)

    def challenge(self, role: int, host_nonce: bytes, pump_nonce: bytes) -> None:
        """Begin an attempt; one begun before is void."""
        self._challenge = (role, host_nonce, pump_nonce)

    def reflects(self, host_nonce: bytes) -> bool:
        """Whether this is the pump's own nonce of the challenge under way, sent back as if it were a host's."""
        return bool(self._challenge) and host_nonce == self._challenge[2]

    def prove(self, given: bytes, age_ms: int) -> tuple[int, bool]:
        """(role asked for, whether the proof of it is right); the challenge is used up either way."""
        asked = self._challenge
        self.sign_out()
        if not asked or not self._keys:
            return messages.NOBODY, False
        role = asked[0]
        told = (self._keys[role - 1], role, self.serial, asked[1], asked[2])
        if not same(given, proof(*told)):
            return role, False
        self.role = role
        self.channel = Channel(session_key(*told))
        self.touch(age_ms)
        return role, True


def role_needed(flags: int) -> int:
    """The least role that may give a command with these flags on a pump with keys."""
    if flags & messages.SERVICE:
        return messages.ROLE_SERVICE
    return messages.ROLE_CLINICIAN if flags & messages.CLINICIAN else messages.NOBODY


def wait_ms(failures: int, failed_age_ms: int, age_ms: int) -> int:
    """Time until the next attempt is heard, after so many failures in a row."""
    if not failures:
        return 0
    delay_ms = LOCK_MS if failures >= FAILURES_TO_LOCK else units.MS_PER_S << (failures - 1)
    return max(0, failed_age_ms + delay_ms - age_ms)


def proof(key: bytes, role: int, serial: str, host_nonce: bytes, pump_nonce: bytes) -> bytes:
    """What shows that the host holds the key of a role, for this pump and this one attempt."""
    return _derived(b"sign-in", key, role, serial, host_nonce, pump_nonce)


def session_key(key: bytes, role: int, serial: str, host_nonce: bytes, pump_nonce: bytes) -> bytes:
    """The key of the frames that follow the proof; whoever hears all of the sign-in does not know it."""
    return _derived(b"session", key, role, serial, host_nonce, pump_nonce)


def _derived(purpose: bytes, key: bytes, role: int, serial: str, host_nonce: bytes, pump_nonce: bytes) -> bytes:
    told = {"role": role, "serial": serial, "host_nonce": host_nonce, "pump_nonce": pump_nonce}
    return Hmac(key).of(purpose, codec.encode(_PROVED, told))


def nonce(*told: bytes) -> bytes:
    """NONCE_BYTES that no earlier challenge had, if any of what is told was never told before."""
    mixed = hashlib.sha256()
    for part in told:
        mixed.update(part)
    return mixed.digest()[:NONCE_BYTES]


def pack_keys(clinician_key: bytes, service_key: bytes) -> bytes:
    """Both keys as they are stored."""
    body = clinician_key + service_key
    return body + struct.pack("<I", binascii.crc32(body))


def unpack_keys(stored: bytes | None) -> tuple:
    """(clinician's key, service key); () if there are none or they do not verify."""
    if not stored or len(stored) != 2 * KEY_BYTES + 4:
        return ()
    body = stored[:-4]
    if struct.unpack("<I", stored[-4:])[0] != binascii.crc32(body):
        return ()
    return (body[:KEY_BYTES], body[KEY_BYTES:])


def keys_digest(keys: tuple) -> bytes:
    """SHA-256 by which two pairs of keys are told apart."""
    return hashlib.sha256(keys[0] + keys[1]).digest()
