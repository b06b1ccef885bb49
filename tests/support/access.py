"""Pumps with keys: how they get them, and what somebody tries at their port without the client."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ward import Ward

from infuser.core import session
from infuser.wire import errors, messages
from infuser.wire.messages import Refusal
from pumpctl import keystore, operations, ports
from pumpctl.exchange import Exchange
from pumpctl.transport import open_transport

HOST_NONCE = b"host nonce 16 by"


def provision(ward: Ward) -> keystore.Keys:
    """Give the pump keys, as the service does with the jumper set; this machine keeps them."""
    ward.plant.fault("service-jumper")
    with ward.client() as pump:
        operations.provision_keys(pump)
        serial = pump.hello.serial
    ward.plant.fault("service-jumper", on=False)
    keys = keystore.load(serial)
    assert keys is not None
    return keys


def key_file(folder: Path, keys: keystore.Keys, *roles: str) -> dict[str, str]:
    """The environment of somebody who holds the keys of some roles only."""
    file = folder / ("-".join(roles) + ".json")
    held = {"clinician": keys.clinician, "service": keys.service}
    file.write_text(json.dumps({"serial": keys.serial, **{role: (held[role] or b"").hex() for role in roles}}))
    return {"PUMPCTL_KEY_FILE": str(file)}


def records(ward: Ward, *kinds: str) -> list[dict[str, Any]]:
    """The fields of all records of these kinds."""
    ward.do("log", "pull")
    words = [word for kind in kinds for word in ("--kind", kind)]
    return [record["fields"] for record in ward.do("log", "show", *words)["records"]]


class Stranger:
    """Somebody at the port who speaks the protocol; each answer is a reply or the name of a refusal."""

    def __init__(self, link: Exchange) -> None:
        self.link = link
        self._signs = False

    def asks(self, command: int, request_id: int | None = None, **values: Any) -> Any:
        """The reply's fields, or the name of the refusal."""
        if messages.MESSAGES[command][1] & messages.MUTATES:
            values["operator"] = "stranger"
        try:
            return self.link.ask(command, values, request_id)
        except Refusal as refused:
            if self._signs and refused.code == errors.SESSION_CLOSED:
                self.signs_with(None)
                return self.asks(command, request_id, **values)
            return errors.name(refused.code)

    def signs_with(self, key: bytes | None) -> None:
        """Sign what is asked from now on, as long as the session lasts."""
        self._signs = key is not None
        self.link.sign_with(key)

    def stops(self) -> Any:
        """Ask for a stop."""
        return self.asks(messages.STOP, resume_after_ms=0, remind_min=0)

    def resumes(self) -> Any:
        """Ask for therapy."""
        return self.asks(messages.RESUME, delay_ms=0)

    def challenged(self, role: int = messages.ROLE_CLINICIAN) -> bytes:
        """The pump's nonce for an attempt."""
        return bytes(self.asks(messages.CHALLENGE, role=role, host_nonce=HOST_NONCE)["pump_nonce"])

    def guesses(self) -> Any:
        """Try to sign in without a key."""
        self.challenged()
        return self.asks(messages.SIGN_IN, proof=bytes(session.PROOF_BYTES))

    def signs_in(self, keys: keystore.Keys, role: int = messages.ROLE_CLINICIAN, request_id: int | None = None) -> Any:
        """Sign in with a key after all."""
        found = keys.for_role(role)
        assert found is not None
        attempt = (found[1], role, keys.serial, HOST_NONCE, self.challenged(role))
        answer = self.asks(messages.SIGN_IN, request_id, proof=session.proof(*attempt))
        self.signs_with(session.session_key(*attempt) if isinstance(answer, dict) else None)
        return answer


@contextmanager
def stranger(ward: Ward, greets: bool = True) -> Iterator[Stranger]:
    """Somebody with a terminal program at the pump's port."""
    transport = open_transport(str(ward.plant.port))
    link = Exchange(transport, timeout_s=ports.reply_within_s(transport.name), tries=3)
    try:
        if greets:
            link.hello()
        yield Stranger(link)
    finally:
        transport.close()


def flipped(data: bytes) -> bytes:
    """The same bytes but for one bit."""
    return bytes([data[0] ^ 1]) + data[1:]
