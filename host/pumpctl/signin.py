"""Signing in to a pump with keys, before a command that needs a role; a pump without keys needs none."""

import secrets

from infuser.core import session
from infuser.wire import errors as wire_errors
from infuser.wire import messages
from infuser.wire.messages import Refusal
from pumpctl import keystore, refusal
from pumpctl.exchange import Exchange


class SignIn:
    """The role that this client has on a pump."""

    def __init__(self, link: Exchange, operator: str) -> None:
        self._link = link
        self._operator = operator
        self.role = messages.NOBODY

    def forget(self) -> None:
        """The session was closed: nobody is signed in."""
        self.role = messages.NOBODY
        self._link.sign_with(None)

    def ensure(self, serial: str, command: int) -> None:
        """Have the role that `command` needs, if this machine holds a key for it; the pump judges the rest.

        Refused if the pump does not take the key or hears no attempt now; UsageProblem, LinkError.
        """
        needed = session.role_needed(messages.MESSAGES[command][1])
        if self.role >= needed:
            return
        keys = keystore.load(serial)
        mine = keys.for_role(needed) if keys else None
        if mine is not None:
            self._sign_in(serial, *mine)

    def _sign_in(self, serial: str, role: int, key: bytes) -> None:
        host_nonce = secrets.token_bytes(session.NONCE_BYTES)
        try:
            told = self._link.ask(messages.CHALLENGE, {"role": role, "host_nonce": host_nonce})
        except Refusal as refused:
            if refused.code == wire_errors.NO_KEYS:
                return
            raise refusal.as_error(messages.CHALLENGE, refused) from None
        attempt = (key, role, serial, host_nonce, told["pump_nonce"])
        try:
            asked = {"proof": session.proof(*attempt), "operator": self._operator}
            self.role = self._link.ask(messages.SIGN_IN, asked)["role"]
        except Refusal as refused:
            self.forget()  # a failed attempt ends the role before
            raise refusal.as_error(messages.SIGN_IN, refused) from None
        self._link.sign_with(session.session_key(*attempt))
