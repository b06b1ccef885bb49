"""Requests with their consequences: refusals in words, and no command's outcome left unknown.

A command has three outcomes: done, certainly not done, unknown. A lost reply is resolved by asking
the pump about the id; what cannot be resolved now stays on disk and is asked about at the next greeting.
"""

from typing import Any

from infuser.wire import errors as wire_errors
from infuser.wire import messages
from infuser.wire.messages import Refusal
from pumpctl import refusal
from pumpctl.errors import LinkError, Refused, UncertainOutcome, VerificationError
from pumpctl.exchange import SESSION_ENDED, Exchange, Hello
from pumpctl.pending import PendingStore
from pumpctl.signin import SignIn
from pumpctl.transport import Transport

Values = dict[str, Any]

# Commands after which the motor may run: stored as pending before they are sent. A stop is not
# among them, even one that resumes by itself: nothing that is still to be settled may hold it up.
STARTS_DELIVERY = {
    messages.BOLUS: "bolus",
    messages.PRIME: "priming",
    messages.RESUME: "resume",
    messages.MINIMUM_RATE: "minimum rate",
    messages.PROGRAM_COMMIT: "program commit",
    messages.REFILL_COMPLETE: "refill",
    messages.TEMPORARY_RATE: "temporary rate",
    messages.PLAN_ORDER: "plan order",
}


class Orders:
    """Sends requests to a pump that it greets first; `settled` tells what became of an earlier command."""

    def __init__(
        self, transport: Transport, operator: str, pending: PendingStore, *, timeout_s: float, tries: int
    ) -> None:
        self.settled: list[str] = []
        self._operator = operator
        self._pending = pending
        self._link = Exchange(transport, timeout_s=timeout_s, tries=tries)
        self._signed = SignIn(self._link, operator)
        self.hello: Hello = self._link.hello()
        self._settle()

    def ask(self, command: int, **values: Any) -> Values:
        """A request that changes nothing: repeated freely, and no session is needed for it."""
        return self.answer(command, self._link.new_id(), values)

    def send_ahead(self, command: int, values: Values) -> int:
        """Send a request as of `ask` and do not wait; `answer` takes its reply by the id that is returned."""
        return self._link.send_ahead(command, values)

    def forget_ahead(self) -> None:
        """Nothing more is wanted of what was sent ahead."""
        self._link.forget_ahead()

    def answer(self, command: int, request_id: int, values: Values) -> Values:
        """The reply to a request as of `ask`, which is sent unless it was sent ahead."""
        try:
            return self._greeted(command, values, request_id)
        except Refusal as refused:
            raise refusal.as_error(command, refused) from None

    def order(self, command: int, **values: Any) -> Values:
        """A request that changes something: sent under one id, and its outcome asked for if the reply is lost."""
        values["operator"] = self._operator
        self._signed.ensure(self.hello.serial, command)
        request_id = self._link.new_id()
        starts = STARTS_DELIVERY.get(command)
        if starts:
            self._settle()
            self._pending.save(self.hello.serial, request_id, command, starts)
        try:
            reply = self._carried_out(command, values, request_id)
        except (Refusal, Refused, UncertainOutcome, LinkError, VerificationError) as error:
            if starts and not isinstance(error, UncertainOutcome):
                self._pending.clear(self.hello.serial)
            if isinstance(error, Refusal):
                raise refusal.as_error(command, error) from None
            raise
        if starts:
            self._pending.clear(self.hello.serial)
        return reply

    def _carried_out(self, command: int, values: Values, request_id: int) -> Values:
        try:
            return self._greeted(command, values, request_id)
        except Refusal as refused:
            if refused.code == wire_errors.ALREADY_DONE:
                raise _unanswered(command) from None
            if refused.code == wire_errors.BEGUN:
                raise _uncertain(command) from None
            if self._signed.role and refused.code in SESSION_ENDED:
                raise _disputed(command) from None
            raise
        except LinkError as lost:
            return self._after_lost_reply(command, values, request_id, lost)

    def _greeted(self, command: int, values: Values, request_id: int) -> Values:
        """The reply; a pump whose session is closed is greeted again, which changes nothing.

        It restarted, closed a session that was left idle, or does not take our frames for ours. The request is sent
        again under its id: if it was carried out after all, the pump says so.
        """
        try:
            return self._link.ask(command, values, request_id)
        except Refusal as refused:
            if refused.code not in SESSION_ENDED:
                raise
            self._signed.forget()
            self.hello = self._same_pump(self._link.hello())
            self._signed.ensure(self.hello.serial, command)
            return self._link.ask(command, values, request_id)

    def _same_pump(self, hello: Hello) -> Hello:
        """VerificationError if another pump answers than the one that the command was meant for."""
        if hello.serial != self.hello.serial:
            message = f"pump {hello.serial} answers now, no longer {self.hello.serial}; the command was not sent to it"
            raise VerificationError(
                message, field="serial", value=hello.serial, remedy="check the cable, then run it again"
            )
        return hello

    def _after_lost_reply(self, command: int, values: Values, request_id: int, lost: LinkError) -> Values:
        try:
            known, error = self._outcome(request_id)
        except (LinkError, Refused):
            raise _uncertain(command) from lost
        if not known:
            name = messages.MESSAGES[command][0]
            raise LinkError(
                f"{name} was not carried out: it did not reach the pump, or was refused", remedy="try again"
            ) from lost
        if error == wire_errors.BEGUN:
            raise _uncertain(command) from lost
        if error != wire_errors.OK:
            raise Refusal(error)
        try:
            return self._greeted(command, values, request_id)
        except (LinkError, Refusal, Refused):
            raise _unanswered(command) from lost

    def _outcome(self, request_id: int) -> tuple[bool, int]:
        told = self.ask(messages.OUTCOME, request_id=request_id)
        return told["known"], told["error"]

    def _settle(self) -> None:
        """Ask what became of a command of an earlier run; nothing is sent again."""
        left = self._pending.load(self.hello.serial)
        if left is None:
            return
        known, error = self._outcome(left.request_id)
        self._pending.clear(self.hello.serial)
        if not known:
            became = "was not carried out"
        elif error == wire_errors.OK:
            became = "was carried out"
        elif error == wire_errors.BEGUN:
            became = "was begun; whether it ended is not recorded, see `pumpctl status` and the log"
        else:
            became = f"was refused ({wire_errors.name(error)})"
        self.settled.append(f"the {left.what} sent at {left.sent}, whose reply was lost, {became}")


def _uncertain(command: int) -> UncertainOutcome:
    return UncertainOutcome(
        f"no reply to {messages.MESSAGES[command][0]}: it may or may not have been carried out",
        remedy="assume it was; reconnect and run `pumpctl status`, which asks the pump what became of it",
    )


def _disputed(command: int) -> UncertainOutcome:
    """A signed command that is answered twice with what anybody could say."""
    return UncertainOutcome(
        f"the answers to {messages.MESSAGES[command][0]} are not the pump's: it may or may not have been carried out",
        remedy="assume it was; look at what else is on the cable, then run `pumpctl status`",
    )


def _unanswered(command: int) -> UncertainOutcome:
    return UncertainOutcome(
        f"{messages.MESSAGES[command][0]} was carried out, but its answer is lost", remedy="see `pumpctl status`"
    )
