"""Bytes from the port -> frames -> commands -> replies; a repeated command gets its first answer."""

from infuser.wire import codec, errors, frame, messages, records, states
from infuser.wire.messages import Refusal

REPLIES_KEPT = 8


class Link:
    """The serial side of the pump. It dispatches; what a command does stands in its handler."""

    def __init__(self, pump, port, handlers: dict) -> None:
        self.pump = pump
        self.port = port
        self.handlers = handlers
        self._deframer = frame.Deframer()
        self._replies: list[tuple[int, bytes]] = []
        self._agreed = False

    def poll(self) -> bool:
        """Answer what has come in; True if there was anything."""
        data = self.port.read()
        if data:
            self._take(data)
        self.port.flush()
        return bool(data)

    def _take(self, data: bytes) -> None:
        for payload in self._deframer.feed(data):
            reply = self._answer(payload)
            if reply:
                self.port.write(frame.encode(reply))

    def _answer(self, payload: bytes) -> bytes:
        try:
            kind, command, request_id = messages.decode_head(payload)
        except codec.CodecError:
            return b""
        if kind != messages.REQUEST:
            return b""
        if command not in messages.MESSAGES:
            return messages.encode_refusal(command, request_id, Refusal(errors.UNKNOWN_COMMAND, "command", command))
        if messages.MESSAGES[command][1] & messages.MUTATES:
            return self._answer_once(command, request_id, payload)
        return self._execute(command, request_id, payload)[0]

    def _answer_once(self, command: int, request_id: int, payload: bytes) -> bytes:
        for known_id, reply in self._replies:
            if known_id == request_id:
                return reply
        # A pump of another version must still give up the REPL: how else could it be updated?
        if not self._agreed and command != messages.SERVICE_REPL:
            refusal = Refusal(errors.PROTOCOL_MISMATCH, text="greet the pump with hello first")
            return messages.encode_refusal(command, request_id, refusal)
        outcome = self.pump.controller.ledger.outcome(request_id)
        if outcome is not None:
            code = errors.BEGUN if outcome == errors.BEGUN else errors.ALREADY_DONE
            return messages.encode_refusal(command, request_id, Refusal(code))
        reply, code, operator = self._execute(command, request_id, payload)
        if code != errors.MALFORMED:
            self._note(command, request_id, code, operator)
        self.pump.hurry()
        self._replies.append((request_id, reply))
        del self._replies[:-REPLIES_KEPT]
        return reply

    def _execute(self, command: int, request_id: int, payload: bytes) -> tuple[bytes, int, str]:
        """(reply, error code, operator) of a command carried out or refused."""
        operator = ""
        try:
            request = messages.decode_request(payload)
            operator = request.get("operator", "")
            self._refuse_when_stopped(command)
            if messages.MESSAGES[command][1] & messages.MUTATES:
                # On flash before anything happens: after a power cut it must not be carried out again.
                self._note(command, request_id, errors.BEGUN, operator)
            values = self.handlers[command](self.pump, request)
            if command == messages.HELLO:
                self._agreed = True
            return messages.encode_reply(command, request_id, values), errors.OK, operator
        except codec.CodecError as error:
            refusal = Refusal(errors.MALFORMED, text=str(error))
        except Refusal as caught:
            refusal = caught
            if command == messages.HELLO:
                self._agreed = False
        return messages.encode_refusal(command, request_id, refusal), refusal.code, operator

    def _note(self, command: int, request_id: int, error: int, operator: str) -> None:
        self.pump.recorder.note(records.COMMAND, request_id=request_id, command=command, error=error, operator=operator)

    def _refuse_when_stopped(self, command: int) -> None:
        state = self.pump.controller.state
        if (
            state in (states.ALARM_STOPPED, states.SERVICE)
            and not messages.MESSAGES[command][1] & messages.WHEN_STOPPED
        ):
            raise Refusal(errors.WRONG_STATE, "state", state, text=states.STATE_NAMES[state])
