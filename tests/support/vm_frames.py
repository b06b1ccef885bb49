"""Runs on MicroPython and CPython: what may come down the line of a pump, sound frames and everything else.

GENERATORS is a table: a further kind of frame is one more entry. Each takes a Sender and returns bytes of the line.
"""

import struct

from vm_noise import Noise, field_bytes, fields_bytes

from infuser.app.startinglibrary import STARTING_LIBRARY
from infuser.wire import codec, frame, library, messages, program, signed

ANYBODYS = (messages.STOP, messages.AUDIO_PAUSE)
_KEPT = 24
_TYPED = (
    b"\x03",
    b"\x03\x03\x04",
    b"\x01\x02\x05",
    b"import machine\r\nmachine.reset()\r\n",
    b"AT\r\n",
    b"\x1b[A",
    b"\r\n",
)
_STAGED = ((messages.PROGRAM_STAGE, program.PROGRAM_FIELDS), (messages.LIBRARY_STAGE, library.LIBRARY_FIELDS))
_SOUND = program.new(
    patient="bench", drug="baclofen", concentration_ug_per_ml=500, mode=program.CONTINUOUS,
    step_list=[{"day_mask": 127, "start_min": 0, "dose_ng_per_day": 200000}], minimum_ng_per_day=30000,
    bolus_max_ng=50000, bolus_lockout_min=5, low_reservoir_nl=2000000, age_years=40, weight_hg=700,
    indication=program.SPINAL, screening_ng=50000, screening_response=program.POSITIVE,
)  # fmt: skip
# Kinds of payload that a sender may claim, and how it then looks; anything else is only a wrong first byte.
WRAPPERS = (
    ("request", lambda sender, payload: payload),
    ("reply", lambda sender, payload: b"\x02" + payload[1:]),
    ("signed", lambda sender, payload: signed.encode(sender.noise.below(1 << 30), sender.noise.bytes(16), payload)),
    ("no-kind", lambda sender, payload: bytes([sender.noise.of((0, 3, 4, 127, 255))]) + payload[1:]),
)


def sealed(payload):
    """A frame of any length, also of one that must not be sent."""
    return frame._framed(payload)


class Sender:
    """Somebody at the other end of the line. `left_out`: commands that no sound frame of theirs is of."""

    def __init__(self, seed, protocol, left_out=()):
        self.noise = Noise(seed)
        self.protocol = protocol
        self.left_out = left_out
        self.commands = [command for command in sorted(messages.MESSAGES) if command not in left_out]
        self.good = []  # frames sent lately
        self.last_id = 0
        self._deck = [entry for entry in GENERATORS for _ in range(entry[0])]
        self._waiting = []

    def next(self):
        """(name of the generator, bytes for the line)."""
        if self._waiting:
            return self._waiting.pop(0)
        _, name, generator = self._deck[self.noise.number(0, len(self._deck) - 1)]
        return name, generator(self)

    def later(self, name, data):
        """Send this next."""
        self._waiting.append((name, data))

    def payload(self, command, body):
        """A request with an id that is new, or the last one once more."""
        if self.noise.below(8):
            self.last_id = struct.unpack("<Q", self.noise.bytes(8))[0]
        return struct.pack("<BBQ", messages.REQUEST, command, self.last_id) + body

    def framed(self, payload):
        """The frame of a payload, kept for mutation; none that is left out."""
        if len(payload) > 1 and payload[0] == messages.REQUEST and payload[1] in self.left_out:
            payload = payload[:1] + bytes([messages.STATUS]) + payload[2:]
        data = sealed(payload[: frame.PAYLOAD_MAX])
        self.good.append(data)
        del self.good[:-_KEPT]
        return data


def blind(sender):
    return sender.noise.bytes(sender.noise.number(1, 300))


def holed(sender):
    noise = sender.noise
    data = bytearray(noise.bytes(noise.number(2, 300)))
    for _ in range(noise.below(12)):
        data[noise.number(0, len(data) - 1)] = 0
    return bytes(data)


def random_payload(sender):
    noise = sender.noise
    return sender.framed(noise.bytes(noise.of((1, 4, 9, 10, 11, 40, 200, 1023, 1024))))


def random_body(sender):
    noise = sender.noise
    command = noise.of(sender.commands) if noise.below(4) else noise.below(256)
    return sender.framed(sender.payload(command, noise.bytes(noise.of((0, 1, 3, 8, 20, 60, 300)))))


def grammar(sender):
    command = sender.noise.of(sender.commands)
    return sender.framed(sender.payload(command, fields_bytes(sender.noise, messages.MESSAGES[command][2])))


def greeting(sender):
    protocol = sender.protocol if sender.noise.below(8) else sender.noise.bytes(8)
    return sender.framed(sender.payload(messages.HELLO, struct.pack("<H", len(protocol)) + protocol + b"\3foe"))


def asking(sender):
    noise = sender.noise
    command = noise.of((messages.STATUS, messages.STATUS, messages.LOG_READ, messages.PROGRAM_READ, messages.OUTCOME))
    body = b""
    for name, kind in codec.fields(messages.MESSAGES[command][2]):
        body += struct.pack("<I", noise.number(1, 2000)) if name == "from_seq" else field_bytes(noise, name, kind)
    return sender.framed(sender.payload(command, body))


def wrapped(sender):
    """A sound body under another kind of payload."""
    command = sender.noise.of(sender.commands)
    payload = sender.payload(command, fields_bytes(sender.noise, messages.MESSAGES[command][2]))
    return sender.framed(sender.noise.of(WRAPPERS)[1](sender, payload))


def staged(sender):
    """A program or library of random fields in chunks, and then the order to check it or put it into force."""
    noise = sender.noise
    command, fields = noise.of(_STAGED)
    data = (fields_bytes(noise, fields) if noise.below(4) else noise.bytes(200))[:2400]
    return in_chunks(sender, "staged", command, data)


def near_sound(sender):
    """A program that is sound but for one field, or the pump's own library with some of its bits changed."""
    noise = sender.noise
    if noise.below(4) == 0:
        data = mutate(noise, bytearray(STARTING_LIBRARY), ()) + bytes(library.SIGNATURE_BYTES)
        return in_chunks(sender, "near-sound", messages.LIBRARY_STAGE, data)
    declared = codec.fields(program.PROGRAM_FIELDS)
    other = noise.below(len(declared) + 4)  # now and then all of it is sound
    data = b""
    for index, (name, kind) in enumerate(declared):
        data += field_bytes(noise, name, kind) if index == other else codec.encode(((name, kind),), _SOUND)
    return in_chunks(sender, "near-sound", messages.PROGRAM_STAGE, data)


def in_chunks(sender, generator, command, data):
    """Stage some bytes, and then have them checked or put into force."""
    noise = sender.noise
    total = len(data) if noise.below(6) else noise.number(0, 65535)
    sent = []
    for at in range(0, len(data), messages.CHUNK_MAX):
        chunk = data[at : at + messages.CHUNK_MAX]
        head = struct.pack("<HHH", total, at, len(chunk))
        sent.append(sender.framed(sender.payload(command, head + chunk)))
    told = program.digest(data)
    if command == messages.LIBRARY_STAGE:
        last = sender.payload(messages.LIBRARY_COMMIT, struct.pack("<H", len(told)) + told + b"\5bench")
    elif noise.below(2):
        last = sender.payload(messages.PROGRAM_CHECK, b"")
    else:
        last = sender.payload(messages.PROGRAM_COMMIT, struct.pack("<H", len(told)) + told + b"\1\0\0\0\0\5bench")
    for data in sent[1:] + [sender.framed(last)]:
        sender.later(generator, data)
    return sent[0]


def guessing(sender):
    """A challenge asked for, and a proof that is guessed."""
    noise = sender.noise
    challenge = bytes([noise.of((1, 2))]) + b"\x10\0" + noise.bytes(16)
    guess = b"\x20\0" + noise.bytes(32) + b"\3eve"
    sender.later("guessing", sender.framed(sender.payload(messages.SIGN_IN, guess)))
    return sender.framed(sender.payload(messages.CHALLENGE, challenge))


def mutated(sender):
    """A frame sent before with some of its bytes on the line changed."""
    return mutate(sender.noise, bytearray(sender.noise.of(sender.good or [b"\0"])), sender.good)


def mutated_payload(sender):
    """A frame sent before with its payload changed and sealed anew."""
    noise = sender.noise
    payload = frame.decode(noise.of(sender.good)[1:-1]) if sender.good else b"\1"
    return sender.framed(mutate(noise, bytearray(payload), ()) or b"\1")


def mutate(noise, data, others):
    """Bits flipped, cut short, doubled, spliced with another, two parts swapped."""
    how = noise.below(6)
    at = noise.number(0, max(0, len(data) - 1))
    if how == 0:
        for _ in range(1 + noise.below(4)):
            data[noise.number(0, len(data) - 1)] ^= 1 << noise.below(8)
    elif how == 1:
        data = data[:at]
    elif how == 2:
        data = data[:at] + data[at // 2 :]
    elif how == 3:
        other = noise.of(others) if others else noise.bytes(12)
        data = data[:at] + other[len(other) // 2 :]
    elif how == 4:
        data = data[at:] + data[:at]
    else:
        data[at : at + 1] = noise.bytes(noise.below(4))
    return bytes(data)


def at_the_limit(sender):
    """Payloads, and pieces that are no frames, just below, at and above the longest."""
    noise = sender.noise
    beside = noise.of((-2, -1, 0, 1, 2, 300))
    if noise.below(2):
        return b"\0" + b"\xff" * (frame.CODED_MAX + beside) + b"\0"
    payload = sender.payload(messages.STATUS, noise.bytes(frame.PAYLOAD_MAX + beside - 10))
    return sealed(payload)


def half(sender):
    data = sender.noise.of(sender.good or [b"\0\5"])
    return data[: 1 + len(data) // 2]


def zeros(sender):
    return bytes(sender.noise.number(1, 512))


def typed(sender):
    return sender.noise.of(_TYPED)


# (weight, name, generator)
GENERATORS = (
    (5, "blind", blind),
    (5, "holed", holed),
    (5, "random-payload", random_payload),
    (10, "random-body", random_body),
    (20, "grammar", grammar),
    (4, "greeting", greeting),
    (5, "asking", asking),
    (5, "wrapped", wrapped),
    (2, "staged", staged),
    (2, "near-sound", near_sound),
    (2, "guessing", guessing),
    (15, "mutated", mutated),
    (15, "mutated-payload", mutated_payload),
    (2, "at-the-limit", at_the_limit),
    (2, "half", half),
    (1, "zeros", zeros),
    (1, "typed", typed),
)
