"""Whatever bytes stand where a program, a library, a record or a frame should, they are refused or make sense."""

from collections.abc import Callable

import pytest
from blanks import blank
from flexday import flex_day
from vm_frames import mutate
from vm_noise import Noise, fields_bytes

from infuser.app.startinglibrary import STARTING_LIBRARY
from infuser.core import druglibrary, prescription, snapshot
from infuser.core.ledger import Ledger
from infuser.wire import codec, frame, library, messages, program, records
from infuser.wire.messages import Refusal
from infuser.wire.replies import UNDERSTOOD_FIELDS

TRIES = 4000
ONE_PLACE = (("limit_nl", "u32"),)
KNOWN = (codec.CodecError, Refusal, records.RecordError)


def of_program(data: bytes) -> None:
    schedule = prescription.check(program.decode(data))
    # What the pump would say of it must fit the replies.
    figures = blank(UNDERSTOOD_FIELDS) | schedule.figures()
    codec.encode(UNDERSTOOD_FIELDS, figures)
    for limit_nl in schedule.limits_nl(schedule.concentration):
        codec.encode(ONE_PLACE, {"limit_nl": limit_nl})
    entry = druglibrary.pick(library.entries(STARTING_LIBRARY), schedule.program)
    prescription.check_against(schedule, entry)


def of_library(data: bytes) -> None:
    druglibrary.check_parts(library.head(data), library.entries(data))


def of_record(data: bytes) -> None:
    records.decode(data[: records.size_at(data, 0)])


def of_snapshot(data: bytes) -> None:
    Ledger().restore(data)


def of_line(data: bytes) -> None:
    deframer = frame.Deframer()
    payloads = deframer.feed(data) + deframer.feed(b"\0")
    if not payloads:
        raise codec.CodecError("dropped")
    for payload in payloads:
        _, command, _ = messages.decode_head(payload)
        if command in messages.MESSAGES:
            (messages.decode_request if payload[0] == messages.REQUEST else messages.decode_reply)(payload)


def sound_record() -> bytes:
    values = {"part": "link", "detail": 3, "masked": True, "text": "noise"}
    return records.encode(records.FAULT, 1, 7, 0, 5, values, records.CHAIN_START)


SOUND: dict[str, tuple[Callable[[bytes], None], bytes, tuple]] = {
    "program": (of_program, program.encode(flex_day()), program.PROGRAM_FIELDS),
    "library": (of_library, STARTING_LIBRARY, library.LIBRARY_FIELDS),
    "record": (of_record, sound_record(), records.RECORDS[records.FAULT][1]),
    "snapshot": (of_snapshot, Ledger().snapshot(), snapshot.FIELDS),
    "line": (
        of_line,
        frame.encode(messages.encode_request(messages.STATUS, 1, {})),
        messages.MESSAGES[messages.BOLUS][2],
    ),
}


@pytest.mark.parametrize("what", sorted(SOUND))
def test_bytes_changed_or_made_up_are_refused_by_name_or_make_sense(what: str) -> None:
    decode, sound, fields = SOUND[what]
    decode(sound)
    noise, refused = Noise(9), 0
    for number in range(TRIES):
        made_up = number % 4 == 0
        data = fields_bytes(noise, fields) if made_up else mutate(noise, bytearray(sound), [sound[::-1]])
        try:
            decode(data)
        except KNOWN:
            refused += 1
    assert refused > TRIES // 8


@pytest.mark.parametrize("field", ["dose_max_1h_ng", "dose_max_4h_ng"])
def test_a_window_that_no_reply_could_tell_of_is_refused(field: str) -> None:
    with pytest.raises(Refusal) as caught:
        prescription.check(flex_day(**{field: 2**32 - 1}))
    assert caught.value.field == field
