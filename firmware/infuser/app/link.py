"""Bytes from the port -> frames -> commands -> replies; a repeated command gets its first answer."""

from infuser.app.link_notes import LinkNotes
from infuser.core.session import Session, role_needed
from infuser.wire import codec, errors, frame, messages, records, states, units
from infuser.wire.messages import Refusal
from infuser.wire.signed import SIGNED

REPLIES_KEPT = 8
LOOK_MS = units.MS_PER_S
# A pump of another version must still give up the REPL: how else could it be updated?
_UNGREETED = (messages.SERVICE_REPL, messages.SIGN_IN)
# What may be asked of a pump that must not change its flash: they change nothing there.
_FROZEN = (messages.SERVICE_REPL, messages.SIGN_IN, messages.STOP, messages.AUDIO_PAUSE)


class Link:
    """The serial side of the pump. It dispatches; `carry_out` as commands.carry_out does what a command asks.

    A generator understands what was heard and makes the reply; it yields each command, and `poll` has it carried out.
    What a command does goes deep, and the board's stack of 8 KiB must hold all of it and the tick: see hw.ticktimer.
    """

    def __init__(self, pump, port, carry_out) -> None:
        self.pump = pump
        self.port = port
        self._carry_out = carry_out
        self._deframer = frame.Deframer()
        self._notes = LinkNotes(pump.recorder)
        # (request id, reply): of commands for anybody that were done, of those with a role, and of what was refused.
        # Apart, so that neither strangers nor refusals without end push out what a clinician had carried out.
        self._done: tuple[list, list] = ([], [])
        self._refused: list[tuple[int, bytes]] = []
        self.session = Session(pump.serial)
        self._request: dict | None = None
        self._values: dict | None = None
        self._failed: Exception | None = None
        self._plugged = False
        self._look_due_ms = 0

    def poll(self) -> bool:
        """Answer what has come in; True if there was anything."""
        now_ms = self.pump.timebase.age_ms()
        if now_ms >= self._look_due_ms:
            self._look(now_ms)
        data = self.port.read()
        for command in self._take(data) if data else ():
            try:
                self._values = self._carry_out(self.pump, command, self._request)
            except (codec.CodecError, Refusal) as failed:
                self._failed = failed
        self.port.flush()
        return bool(data)

    def _look(self, now_ms: int) -> None:
        """Is the cable in, and has the session been used of late? Seldom asked, for a turn shall be short."""
        self._look_due_ms = now_ms + LOOK_MS
        plugged = self.port.connected()
        if self._plugged and not plugged:
            self._lost()
        self._plugged = plugged
        self.session.expire(now_ms)
        self._notes.poll(now_ms, self._deframer.dropped)
        self._deframer.dropped = 0

    def _lost(self) -> None:
        """The host is gone (EC18): nobody is signed in, and nothing stays silent. Therapy goes on."""
        pump = self.pump
        paused = pump.audio_pause_left_ms() > 0
        # Only what it changed is worth a record: a cable that is plugged and unplugged must not fill the log.
        if paused or self.session.role:
            text = "the link was lost; the sound is no longer paused" if paused else "the link was lost"
            pump.recorder.note(records.FAULT, part="link", detail=0, masked=True, text=text)
        if paused:
            pump.pause_audio(0)
        self.session.lose()
        self.port.forget()
        self._deframer.forget()

    def _take(self, data: bytes):
        for payload in self._deframer.feed(data):
            reply = yield from self._answer(payload)
            if reply:
                self.port.write(frame.encode(reply))

    def _answer(self, payload: bytes):
        """Yields commands, returns the reply, b"" if a payload deserves none; to a signed request a signed one."""
        try:
            if payload[0] != SIGNED:
                return (yield from self._answer_request(payload, False))
            code, counter, request = self.session.admit(payload, self.pump.timebase.age_ms())
            if code != errors.OK:
                return self._refuse_frame(code, request)
            channel = self.session.channel
            reply = yield from self._answer_request(request, True)
            # By the key of the session in which it was asked, though the command may have ended that one.
            return channel.sign(counter, reply) if reply else b""
        except codec.CodecError:
            return b""

    def _refuse_frame(self, code: int, request: bytes) -> bytes:
        """Refuse a signed frame, and log what it claims to be: altered, replayed, or of a session that has ended."""
        kind, command, request_id = messages.decode_head(request)
        if kind != messages.REQUEST or command not in messages.MESSAGES:
            command = request_id = 0
        self._notes.ended(command, request_id, code, "", False)
        return messages.encode_refusal(command, request_id, Refusal(code))

    def _answer_request(self, payload: bytes, signed: bool):
        kind, command, request_id = messages.decode_head(payload)
        if kind != messages.REQUEST:
            return b""
        if command not in messages.MESSAGES:
            return messages.encode_refusal(command, request_id, Refusal(errors.UNKNOWN_COMMAND, "command", command))
        if messages.MESSAGES[command][1] & messages.MUTATES:
            return (yield from self._answer_once(command, request_id, payload, signed))
        return (yield from self._execute(command, request_id, payload, signed))[0]

    def _answer_once(self, command: int, request_id: int, payload: bytes, signed: bool):
        flags = messages.MESSAGES[command][1]
        done = self._done[1 if role_needed(flags) else 0]
        for kept in (done, self._refused):
            for known_id, reply in kept:
                if known_id == request_id:
                    return reply
        closed = self.session.closed(flags, self.pump.timebase.age_ms())
        if closed != errors.OK and command not in _UNGREETED:
            refusal = Refusal(closed, text="greet the pump with hello first")
            return messages.encode_refusal(command, request_id, refusal)
        outcome = self.pump.controller.ledger.outcome(request_id, role_needed(flags))
        if outcome is not None:
            code = errors.BEGUN if outcome == errors.BEGUN else errors.ALREADY_DONE
            return messages.encode_refusal(command, request_id, Refusal(code))
        reply, code, operator = yield from self._execute(command, request_id, payload, signed)
        begun = self.pump.recorder.settle()
        # A person with a role is to be found in the log whatever strangers send.
        self._notes.ended(command, request_id, code, operator, begun or signed)
        if begun or code == errors.OK:
            self.pump.hurry()
        if code not in errors.UNPROVEN:
            kept = done if code == errors.OK else self._refused
            kept.append((request_id, reply))
            del kept[:-REPLIES_KEPT]
        return reply

    def _execute(self, command: int, request_id: int, payload: bytes, signed: bool):
        """Yields the command, returns (reply, error code, operator) of it, carried out or refused."""
        operator = ""
        try:
            request = messages.decode_request(payload)
            operator = request.get("operator", "")
            self._refuse_when_frozen(command)
            self._refuse_without_role(command, signed)
            self._refuse_when_stopped(command)
            if messages.MESSAGES[command][1] & messages.MUTATES:
                self._notes.refuse_flood(command, request, self.pump.controller)
                if signed or not self.session.keyed:
                    self.session.touch(self.pump.timebase.age_ms())
                self.pump.integrity.verify()
                self.pump.recorder.announce(request_id=request_id, command=command, operator=operator)
            self._request = request
            yield command
            values, failed = self._values, self._failed
            self._request = self._values = self._failed = None
            if failed:
                raise failed
            if command == messages.HELLO:
                self.session.greet(self.pump.timebase.age_ms())
            return _granted(command, request_id, values), errors.OK, operator
        except codec.CodecError as error:
            refusal = Refusal(errors.MALFORMED, text=str(error))
        except Refusal as caught:
            refusal = caught
            if command == messages.HELLO:
                self.session.lose(mismatched=True)
        return messages.encode_refusal(command, request_id, refusal), refusal.code, operator

    def refused(self, request_id: int) -> int:
        """Error code with which a recent command was refused, 0 if none of this id was."""
        for known_id, reply in self._refused:
            if known_id == request_id:
                return messages.reply_code(reply)
        return errors.OK

    def _refuse_without_role(self, command: int, signed: bool) -> None:
        flags = messages.MESSAGES[command][1]
        code = self.session.unsigned(flags, signed, self.pump.timebase.age_ms())
        if code != errors.OK:
            raise Refusal(code, text=messages.ROLE_NAMES[role_needed(flags)])

    def _refuse_when_frozen(self, command: int) -> None:
        recorder = self.pump.recorder
        if recorder.frozen and messages.MESSAGES[command][1] & messages.MUTATES and command not in _FROZEN:
            raise Refusal(errors.NEWER_STATE, text=recorder.journal.foreign)

    def _refuse_when_stopped(self, command: int) -> None:
        state = self.pump.controller.state
        if (
            state in (states.ALARM_STOPPED, states.SERVICE)
            and not messages.MESSAGES[command][1] & messages.WHEN_STOPPED
        ):
            raise Refusal(errors.WRONG_STATE, "state", state, text=states.STATE_NAMES[state])


def _granted(command: int, request_id: int, values: dict) -> bytes:
    """The reply to a command that was carried out; that it does not fit its fields would be the pump's own fault."""
    try:
        return messages.encode_reply(command, request_id, values)
    except codec.CodecError as error:
        return messages.encode_refusal(command, request_id, Refusal(errors.INTERNAL, text=str(error)))
