"""A pump that lies: whatever the protocol can carry, drawn from a seed; every text of it is meant to do harm."""

import random
import re
from typing import Any

from logpeer import with_log
from wirepeer import Handler

from infuser.wire import codec, errors, frame, messages, records
from infuser.wire import library as libraries
from infuser.wire import program as programs

TEXTS = (
    "\x1b[2J\x1b]0;owned\x07", "\u202egnol ylerus", "\x9b31m\x90", "a\nstate  infusing\nb", "\r\b\x7f", "\x00", "",
    "=cmd|' /C calc'!A0", "\ufeff\u2066\u2028", "\u00e9" * 127, "<script>alert(1)</script>", "[/red][bold]",
    "\\'\"; --", "%s%n{0}", "\U000e0041", "../../x",
)  # fmt: skip
# Characters that would act on a terminal, or on the order in which a text is read.
ACTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\U000e0041]")
_REPLY_MAX = frame.PAYLOAD_MAX - 12
_NOW_MS = 1_772_434_800_000
_REFUSED_FIELDS = (
    *(name for name, _ in codec.fields(programs.PROGRAM_FIELDS)),
    "state", "step_list[7].start_min", "plan_list[\u0663].at_min",
)  # fmt: skip
_SMALL = ("old", "new", "reason", "priority", "bucket", "role", "purpose", "alarm", "mode", "state")


class Liar:
    """Draws replies, programs, libraries and logs."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def values(self, fields: str | tuple[Any, ...]) -> dict[str, Any]:
        """Values that `fields` can carry, most of them absurd."""
        return {name: self._value(name, kind) for name, kind in codec.fields(fields)}

    def handlers(self) -> dict[int, Handler]:
        """A round of lies: a program, a library and a log that decode, and any answer to every other command."""
        told = {command: self._answer(command) for command in messages.MESSAGES if command != messages.HELLO}
        told[messages.PROGRAM_READ] = _in_parts(self.program(), programs.digest)
        stored = self.library()
        told[messages.LIBRARY_READ] = _in_parts(
            stored, lambda data: libraries.digest(data[: -libraries.SIGNATURE_BYTES])
        )
        told[messages.LOG_READ] = with_log(self.log())[messages.LOG_READ]
        return told

    def program(self) -> bytes:
        """A program that decodes."""
        told = {**self.values(programs.PROGRAM_FIELDS), "version": programs.VERSION}
        if self._chance.random() < 0.7:
            told["mode"] = self._chance.choice((programs.CONTINUOUS, programs.FLEX))
            told["indication"] = told["screening_response"] = 1
        return programs.encode(told)

    def library(self) -> bytes:
        """A drug library that decodes, with a signature that nobody made."""
        return libraries.encode(self.values(libraries.LIBRARY_FIELDS)) + bytes(libraries.SIGNATURE_BYTES)

    def log(self) -> list[bytes]:
        """Up to 30 records with right checksums and a chain that holds; some numbers jump, some times are absurd."""
        stored: list[bytes] = []
        chain, seq, since_ms = records.CHAIN_START, 1, 0
        for at in range(self._chance.randint(1, 30)):
            kind = self._chance.choice(list(records.RECORDS))
            told = self.values(records.RECORDS[kind][1])
            if kind == records.PROGRAM:
                told["program"] = self._chance.choice((self.program(), b"", b"x"))
            since_ms += self._chance.choice((0, 1000, 3_600_000, 10**9))
            time_ms, age_ms = (
                self._chance.choice((honest, honest, honest, 0, self._value("", "u64")))
                for honest in (_NOW_MS + since_ms, since_ms)
            )
            stored.append(records.encode(kind, 1 + at // 10, seq, time_ms, age_ms, told, chain))
            chain = records.chain_of(stored[-1])
            seq = min(seq + (1 if self._chance.random() < 0.97 else self._chance.choice((2, 100, 2**31))), 2**32 - 40)
        return stored

    def _answer(self, command: int) -> Handler:
        def answer(request: dict[str, Any]) -> dict[str, Any]:
            if self._chance.random() < 0.15:
                code = self._chance.choice((*errors.codes(), 999))
                told = self.values(messages.REFUSAL_FIELDS)
                field = self._chance.choice((told["field"], *_REFUSED_FIELDS))
                raise messages.Refusal(code, **{**told, "field": field})
            fields = messages.MESSAGES[command][3]
            told = self.values(fields)
            while len(codec.encode(fields, told)) > _REPLY_MAX:
                told = self.values(fields)
            return told

        return answer

    def _value(self, name: str, kind: Any) -> Any:
        draw = self._chance
        if isinstance(kind, tuple):
            return [self.values(kind) for _ in range(draw.choice((0, 1, 2, 3)))]
        if kind == "bool":
            return draw.random() < 0.5
        if kind == "text":
            return draw.choice(TEXTS)
        if kind == "blob":
            return draw.randbytes(draw.choice((0, 1, 8, 32, 100)))
        low, high = codec.BOUNDS[kind]
        if name in _SMALL and draw.random() < 0.6:
            return draw.choice((0, 1, 2, 3))
        if name.endswith("_ms") and kind == "u64" and draw.random() < 0.6:
            return draw.choice((0, _NOW_MS, _NOW_MS + 10**9))
        return draw.choice(
            (low, high, 0, 1, min(high, 255), draw.randint(low, high), draw.randint(0, min(high, 10**7)))
        )


def _in_parts(data: bytes, digest: Any) -> Handler:
    def answer(request: dict[str, Any]) -> dict[str, Any]:
        chunk = data[request["offset"] :][: messages.CHUNK_MAX]
        return {"total": len(data), "digest": digest(data), "chunk": chunk}

    return answer
