"""Sessions: no path leads to a role without the proof, and none stays open for ever."""

import hmac
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from infuser.core import mac
from infuser.core import session as sessions
from infuser.core.session import SESSION_IDLE_MS, Session
from infuser.wire import codec, errors, messages

SERIAL = "e66100000000c0de"
KEYS = (bytes(range(32)), bytes(range(32, 64)))
CLINICIAN, SERVICE = messages.ROLE_CLINICIAN, messages.ROLE_SERVICE
HOST, PUMP = b"h" * 16, b"p" * 16
GRANTING = messages.MUTATES | messages.CLINICIAN
FLAGS = {number: told[1] for number, told in messages.MESSAGES.items()}


def proved(role: int, host_nonce: bytes = HOST, pump_nonce: bytes = PUMP, serial: str = SERIAL) -> bytes:
    return sessions.proof(KEYS[role - 1], role, serial, host_nonce, pump_nonce)


def keyed() -> Session:
    session = Session(SERIAL)
    session.take_keys(KEYS, True)
    session.greet(0)
    return session


def signed_in(role: int = CLINICIAN) -> Session:
    session = keyed()
    session.challenge(role, HOST, PUMP)
    assert session.prove(proved(role), 0) == (role, True)
    return session


@given(st.binary(max_size=64), st.binary(max_size=300))
def test_the_keyed_hash_is_that_of_rfc_2104(key: bytes, data: bytes) -> None:
    assert mac.Hmac(key).of(data) == hmac.digest(key, data, "sha256")


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_two_proofs_are_the_same_only_if_all_their_bytes_are(one: bytes, other: bytes) -> None:
    assert mac.same(one, other) == (one == other)
    assert mac.same(one, bytes(one))


@pytest.mark.case("EC14")
@pytest.mark.parametrize("role", [CLINICIAN, SERVICE])
def test_the_right_proof_gives_the_role_and_each_role_the_commands_below_it(role: int) -> None:
    session = signed_in(role)
    for command, flags in FLAGS.items():
        allowed = sessions.role_needed(flags) <= role
        assert (session.unsigned(flags, True, 0) == errors.OK) == allowed, messages.MESSAGES[command][0]


@pytest.mark.case("EC14")
def test_a_proof_serves_once() -> None:
    session = signed_in()
    session.sign_out()
    assert session.prove(proved(CLINICIAN), 0) == (messages.NOBODY, False)
    session.challenge(CLINICIAN, HOST, b"q" * 16)
    assert session.prove(proved(CLINICIAN), 0) == (CLINICIAN, False)
    assert session.role == messages.NOBODY


@pytest.mark.case("EC14")
def test_a_challenge_serves_for_one_attempt() -> None:
    session = keyed()
    session.challenge(CLINICIAN, HOST, PUMP)
    assert session.prove(bytes(32), 0) == (CLINICIAN, False)
    assert session.prove(proved(CLINICIAN), 0) == (messages.NOBODY, False)


@pytest.mark.case("EC14")
def test_the_pumps_own_nonce_sent_back_is_known_as_such() -> None:
    session = keyed()
    session.challenge(CLINICIAN, HOST, PUMP)
    assert session.reflects(PUMP) and not session.reflects(HOST)


WRONG = {
    "the other role's key": sessions.proof(KEYS[1], CLINICIAN, SERIAL, HOST, PUMP),
    "the other role": sessions.proof(KEYS[0], SERVICE, SERIAL, HOST, PUMP),
    "another pump": proved(CLINICIAN, serial="e66100000000c0df"),
    "the nonces exchanged": proved(CLINICIAN, PUMP, HOST),
    "the pump's nonce twice": proved(CLINICIAN, PUMP, PUMP),
    "the nonces split elsewhere": proved(CLINICIAN, HOST + PUMP[:1], PUMP[1:]),
    "a part of it": proved(CLINICIAN)[:-1],
    "more than it": proved(CLINICIAN) + b"\0",
    "nothing": b"",
}


@pytest.mark.case("EC14")
@pytest.mark.parametrize("name", WRONG)
def test_a_proof_made_for_anything_else_is_refused_and_ends_the_role_before(name: str) -> None:
    session = signed_in()
    session.challenge(CLINICIAN, HOST, PUMP)
    assert session.prove(WRONG[name], 0) == (CLINICIAN, False)
    assert session.unsigned(GRANTING, True, 0) == errors.NOT_SIGNED_IN


def test_a_pump_without_keys_is_open_once_it_was_greeted() -> None:
    session = Session(SERIAL)
    for flags in FLAGS.values():
        assert session.closed(flags, 0) == errors.SESSION_CLOSED
    session.greet(0)
    for flags in FLAGS.values():
        assert session.closed(flags, 0) == session.unsigned(flags, True, 0) == errors.OK


@pytest.mark.case("EC14")
def test_a_pump_that_lost_its_keys_is_open_to_nobody() -> None:
    session = keyed()
    session.take_keys((), True)
    session.challenge(CLINICIAN, HOST, PUMP)
    assert session.prove(proved(CLINICIAN), 0) == (messages.NOBODY, False)
    assert session.unsigned(GRANTING, True, 0) == errors.NOT_SIGNED_IN


@pytest.mark.case("EC24")
def test_a_session_left_idle_is_closed_and_stopping_stays_possible() -> None:
    session = signed_in()
    session.touch(5000)
    almost = 5000 + SESSION_IDLE_MS - 1
    assert session.closed(GRANTING, almost) == session.unsigned(GRANTING, True, almost) == errors.OK
    assert session.left_ms(almost) == 1
    assert session.closed(GRANTING, almost + 1) == errors.SESSION_CLOSED
    assert session.unsigned(GRANTING, True, almost + 1) == errors.NOT_SIGNED_IN
    assert session.left_ms(almost + 1) == 0
    for command in (messages.STOP, messages.AUDIO_PAUSE):
        assert (
            session.closed(FLAGS[command], almost + 1)
            == session.unsigned(FLAGS[command], True, almost + 1)
            == errors.OK
        )


@pytest.mark.case("EC24")
def test_being_touched_does_not_open_a_session_again() -> None:
    session = signed_in()
    session.expire(SESSION_IDLE_MS)
    session.touch(SESSION_IDLE_MS)
    assert session.closed(GRANTING, SESSION_IDLE_MS) == errors.SESSION_CLOSED
    session.greet(SESSION_IDLE_MS)
    assert session.closed(GRANTING, SESSION_IDLE_MS) == errors.OK
    assert session.unsigned(GRANTING, True, SESSION_IDLE_MS) == errors.NOT_SIGNED_IN


@pytest.mark.case("EC18")
def test_when_the_host_is_gone_nothing_is_agreed_any_more() -> None:
    session = signed_in()
    session.lose()
    for command in (messages.STOP, messages.BOLUS):
        assert session.closed(FLAGS[command], 0) == errors.SESSION_CLOSED


def test_a_host_of_other_declarations_is_told_so() -> None:
    session = signed_in()
    session.lose(mismatched=True)
    assert session.closed(FLAGS[messages.STOP], 0) == errors.PROTOCOL_MISMATCH


@pytest.mark.case("EC14")
def test_the_wait_after_failures_grows_to_the_lock_out_and_ends() -> None:
    waits = [sessions.wait_ms(failures, 1000, 1000) for failures in range(9)]
    assert waits == [0, 1000, 2000, 4000, 8000, *[10 * 60_000] * 4]
    assert all(later >= earlier for earlier, later in pairwise(waits))
    assert sessions.wait_ms(1, 1000, 1999) == 1
    assert sessions.wait_ms(1, 1000, 2000) == 0
    assert sessions.wait_ms(65535, 1000, 1000 + sessions.LOCK_MS) == 0


@given(st.integers(0, 67), st.integers(1, 255))
def test_stored_keys_are_read_whole_or_not_at_all(at: int, flipped: int) -> None:
    stored = sessions.pack_keys(*KEYS)
    assert sessions.unpack_keys(stored) == KEYS
    damaged = bytearray(stored)
    damaged[at] ^= flipped
    for wrong in (bytes(damaged), stored[:at], stored + b"\0", b"", None):
        assert sessions.unpack_keys(wrong) == ()


@given(st.integers(1, 0xFFFFFFFF), st.binary(min_size=1, max_size=300), st.data())
def test_a_frame_of_which_any_bit_was_changed_is_not_the_sessions(
    counter: int, payload: bytes, data: st.DataObject
) -> None:
    channel = mac.Channel(bytes(range(32)))
    frame = channel.sign(counter, payload)
    assert channel.verify(frame) == (counter, payload)
    bit = data.draw(st.integers(0, 8 * len(frame) - 1))
    altered = bytearray(frame)
    altered[bit // 8] ^= 1 << bit % 8
    cut = frame[: data.draw(st.integers(0, len(frame) - 1))]
    for wrong in (bytes(altered), cut, frame + b"\0"):
        with pytest.raises(codec.CodecError):
            channel.verify(wrong)
    with pytest.raises(codec.CodecError):
        mac.Channel(bytes(32)).verify(frame)


def request(command: int = messages.SELF_TEST, request_id: int = 7) -> bytes:
    return messages.encode_request(command, request_id, {"operator": ""})


def session_channel(role: int = CLINICIAN, host_nonce: bytes = HOST, pump_nonce: bytes = PUMP) -> mac.Channel:
    """The host's end of a signed-in session."""
    return mac.Channel(sessions.session_key(KEYS[role - 1], role, SERIAL, host_nonce, pump_nonce))


@pytest.mark.case("EC14")
def test_a_role_is_of_no_use_without_a_signature() -> None:
    session = signed_in(SERVICE)
    for flags in FLAGS.values():
        allowed = errors.NOT_SIGNED_IN if sessions.role_needed(flags) else errors.OK
        assert session.unsigned(flags, False, 0) == allowed
        assert session.unsigned(flags, True, 0) == errors.OK


@pytest.mark.case("EC14")
def test_a_counter_serves_once_and_only_rises() -> None:
    session, channel = signed_in(), session_channel()
    frames = {counter: channel.sign(counter, request()) for counter in (1, 2, 5, 0xFFFFFFFF)}
    assert session.admit(frames[2], 0) == (errors.OK, 2, request())
    for old in (2, 1):
        assert session.admit(frames[old], 0)[0] == errors.FRAME_REPLAYED
    assert session.admit(frames[5], 0)[0] == errors.OK
    assert session.admit(frames[5], 0)[0] == errors.FRAME_REPLAYED
    assert session.admit(frames[0xFFFFFFFF], 0)[0] == errors.OK


@pytest.mark.case("EC14")
def test_the_pumps_own_reply_sent_back_to_it_is_no_request() -> None:
    session = signed_in()
    reply = messages.encode_reply(messages.SIGN_OUT, 7, {"role": 0})
    assert session.channel is not None
    assert session.admit(session.channel.sign(1, reply), 0)[0] == errors.FRAME_FORGED
    assert session.admit(session_channel().sign(1, request()), 0)[0] == errors.OK, "it used no counter up"


@pytest.mark.case("EC14")
@pytest.mark.parametrize("end", ["sign_out", "close", "lose"])
def test_frames_of_a_session_that_has_ended_are_refused_in_the_next_one_too(end: str) -> None:
    session = signed_in()
    old = session_channel().sign(9, request())
    getattr(session, end)()
    assert session.admit(old, 0)[0] == errors.SESSION_CLOSED
    session.challenge(CLINICIAN, HOST, b"q" * 16)
    assert session.prove(proved(CLINICIAN, pump_nonce=b"q" * 16), 0) == (CLINICIAN, True)
    assert session.admit(old, 0)[0] == errors.FRAME_FORGED


def test_a_frame_signed_with_the_proof_that_everybody_hears_is_forged() -> None:
    session = signed_in()
    assert session.admit(mac.Channel(proved(CLINICIAN)).sign(1, request()), 0)[0] == errors.FRAME_FORGED


class Attacker(RuleBasedStateMachine):
    """Everything that can be done to a session, by hosts with a key and by others; the model knows who may what."""

    def __init__(self) -> None:
        super().__init__()
        self.session = keyed()
        self.now_ms = 0
        self.count = 0
        self.asked: tuple[int, bytes, bytes] | None = None
        self.overheard: list[bytes] = []
        self.channel: mac.Channel | None = None  # the host's end of the session that is signed in
        self.counter = 0
        self.recorded: list[bytes] = []  # every signed frame that went over the line, either way
        self.role = messages.NOBODY
        self.open = True
        self.used_ms = 0

    @rule(ms=st.sampled_from([1, 1000, SESSION_IDLE_MS - 1, SESSION_IDLE_MS]))
    def time_passes(self, ms: int) -> None:
        self.now_ms += ms
        if self.now_ms - self.used_ms >= SESSION_IDLE_MS and (self.open or self.role):
            self.role, self.asked, self.open = messages.NOBODY, None, False

    @rule()
    def somebody_greets(self) -> None:
        self.session.greet(self.now_ms)
        self.role, self.asked, self.open, self.used_ms = messages.NOBODY, None, True, self.now_ms

    @rule()
    def the_cable_comes_out(self) -> None:
        self.session.lose()
        self.role, self.asked, self.open = messages.NOBODY, None, False

    @rule(role=st.sampled_from([CLINICIAN, SERVICE]), reflected=st.booleans())
    def a_challenge_is_asked_for(self, role: int, reflected: bool) -> None:
        self.count += 1
        host_nonce = self.asked[2] if reflected and self.asked else self.count.to_bytes(16, "big")
        self.asked = (role, host_nonce, b"pump" + self.count.to_bytes(12, "big"))
        self.session.challenge(*self.asked)

    @precondition(lambda self: self.asked)
    @rule()
    def who_holds_the_key_signs_in(self) -> None:
        assert self.asked
        role, host_nonce, pump_nonce = self.asked
        right = proved(role, host_nonce, pump_nonce)
        assert self.session.prove(right, self.now_ms) == (role, True)
        self.overheard.append(right)
        self.channel, self.counter = session_channel(role, host_nonce, pump_nonce), 0
        self.role, self.asked, self.used_ms = role, None, self.now_ms

    @rule(guess=st.binary(max_size=40))
    def who_holds_no_key_guesses(self, guess: bytes) -> None:
        assert not self.session.prove(guess, self.now_ms)[1]
        self.role, self.asked = messages.NOBODY, None

    @precondition(lambda self: self.overheard)
    @rule(which=st.integers(0, 1 << 30))
    def who_overheard_a_proof_replays_it(self, which: int) -> None:
        assert not self.session.prove(self.overheard[which % len(self.overheard)], self.now_ms)[1]
        self.role, self.asked = messages.NOBODY, None

    @precondition(lambda self: self.asked)
    @rule(other=st.sampled_from([CLINICIAN, SERVICE]))
    def a_proof_for_the_reflected_nonces_is_sent(self, other: int) -> None:
        assert self.asked
        _, host_nonce, pump_nonce = self.asked
        assert not self.session.prove(proved(other, pump_nonce, host_nonce), self.now_ms)[1]
        self.role, self.asked = messages.NOBODY, None

    @precondition(lambda self: self.role and self.channel)
    @rule(skipped=st.integers(0, 3))
    def who_signed_in_sends_a_command(self, skipped: int) -> None:
        assert self.channel and self.session.channel
        self.counter += 1 + skipped
        frame = self.channel.sign(self.counter, request(request_id=self.counter))
        assert self.session.admit(frame, self.now_ms)[0] == errors.OK
        reply = messages.encode_reply(messages.SELF_TEST, self.counter, {"passed": True, "failed_list": []})
        self.recorded += [frame, self.session.channel.sign(self.counter, reply)]

    @precondition(lambda self: self.recorded)
    @rule(
        which=st.integers(0, 1 << 30), other=st.integers(0, 1 << 30), cut=st.integers(0, 200), bit=st.integers(0, 4000)
    )
    def who_recorded_the_line_sends_what_was_on_it(self, which: int, other: int, cut: int, bit: int) -> None:
        one = self.recorded[which % len(self.recorded)]
        two = self.recorded[other % len(self.recorded)]
        altered = bytearray(one)
        altered[5 + bit // 8 % (len(one) - 5)] ^= 1 << bit % 8
        for frame in (one, one[: 22 + cut % len(one)] + two[22 + cut % len(one) :], bytes(altered)):
            assert self.session.admit(frame, self.now_ms)[0] != errors.OK

    @invariant()
    def nobody_has_more_than_was_proved(self) -> None:
        for needed, flags in ((CLINICIAN, messages.CLINICIAN), (SERVICE, messages.SERVICE)):
            allowed = self.session.unsigned(messages.MUTATES | flags, True, self.now_ms) == errors.OK
            assert allowed == (self.role >= needed)
        assert (self.session.closed(GRANTING, self.now_ms) == errors.OK) == self.open


Attacker.TestCase.settings = settings(max_examples=300)
TestAttacker = Attacker.TestCase
