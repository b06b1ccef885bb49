"""Keys of pumps on this machine: in the system's keyring where there is one, else in a file of the owner's."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.errors import KeyringLocked, PasswordDeleteError
from wirepeer import SERIAL, Peer

from infuser.core import session
from infuser.core.mac import Channel
from infuser.wire import errors, messages
from infuser.wire.messages import Refusal
from pumpctl import keystore
from pumpctl.client import Pump
from pumpctl.errors import Refused, UsageProblem
from pumpctl.pending import PendingStore
from pumpctl.transport import open_transport


class Desktop(KeyringBackend):
    """A desktop's keyring, locked or not."""

    priority = 1  # type: ignore[assignment]  # a class property there

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], str] = {}
        self.locked = False

    def _open(self) -> None:
        if self.locked:
            raise KeyringLocked("nobody is there to unlock it")

    def get_password(self, service: str, username: str) -> str | None:
        self._open()
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._open()
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._open()
        if self.held.pop((service, username), None) is None:
            raise PasswordDeleteError("not there")


@pytest.fixture
def desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desktop]:
    """A machine with a keyring, whose data folder is the test's own."""
    monkeypatch.delenv("PUMPCTL_HOME", raising=False)
    monkeypatch.delenv("PUMPCTL_KEY_FILE", raising=False)
    monkeypatch.setattr("platformdirs.user_data_path", lambda name: tmp_path / name)
    before = keyring.get_keyring()
    ring = Desktop()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_keys_go_into_the_keyring_and_no_file_holds_them(desktop: Desktop, tmp_path: Path) -> None:
    keys = keystore.fresh("s1")
    assert "keyring" in keystore.save(keys)
    assert keystore.load("s1") == keys
    assert keys.clinician is not None and keys.clinician.hex() not in "".join(map(Path.read_text, files(tmp_path)))
    assert keystore.forget("s1")
    assert keystore.load("s1") is None and desktop.held == {} and files(tmp_path) == []
    assert not keystore.forget("s1")


@pytest.mark.parametrize("why", ["locked", "none"])
def test_without_a_keyring_that_takes_them_keys_go_into_a_file_of_the_owners(
    desktop: Desktop, tmp_path: Path, why: str
) -> None:
    desktop.locked = True
    if why == "none":
        keyring.set_keyring(NoKeyring())
    keys = keystore.fresh("s1")
    path = Path(keystore.save(keys))
    assert path.stat().st_mode & 0o777 == 0o600
    assert keystore.load("s1") == keys


def test_a_keyring_that_cannot_be_opened_later_is_told_in_words(desktop: Desktop) -> None:
    keystore.save(keystore.fresh("s1"))
    desktop.locked = True
    for use in (keystore.load, keystore.forget):
        with pytest.raises(UsageProblem, match="keyring") as caught:
            use("s1")
        assert "PUMPCTL_KEY_FILE" in caught.value.remedy


def test_keys_made_anew_take_the_place_of_the_old_ones(home: Path) -> None:
    first, second = keystore.fresh("s1"), keystore.fresh("s1")
    assert first.digest() != second.digest()
    keystore.save(first)
    keystore.save(second)
    assert keystore.load("s1") == second
    assert len(files(home)) == 1


def test_a_serial_number_cannot_name_a_file_elsewhere(home: Path) -> None:
    path = Path(keystore.save(keystore.fresh("../../etc/x")))
    assert path.parent == home / "keys"


def test_a_named_key_file_comes_before_what_is_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, carried = keystore.fresh("s1"), keystore.fresh("s1")
    keystore.save(kept)
    keystore.save(carried, home / "stick" / "keys.json")
    monkeypatch.setenv("PUMPCTL_KEY_FILE", str(home / "stick" / "keys.json"))
    assert keystore.load("s1") == carried
    monkeypatch.setenv("PUMPCTL_KEY_FILE", str(home / "none.json"))
    with pytest.raises(UsageProblem, match="cannot be read"):
        keystore.load("s1")


def test_the_least_role_that_suffices_is_used() -> None:
    keys = keystore.fresh("s1")
    clinician, service = messages.ROLE_CLINICIAN, messages.ROLE_SERVICE
    assert keys.for_role(clinician) == (clinician, keys.clinician)
    assert keys.for_role(service) == (service, keys.service)
    only = keystore.Keys("s1", None, keys.service)
    assert only.for_role(clinician) == (service, keys.service)
    assert keystore.Keys("s1", keys.clinician, None).for_role(service) is None
    assert only.digest() == ""


# The client, with keys at hand


@pytest.fixture
def pump_with_keys(home: Path) -> Iterator[tuple[Peer, keystore.Keys]]:
    """A pump that demands a proof, and its keys here."""
    keys = keystore.fresh(SERIAL)
    keystore.save(keys)
    with Peer() as peer:

        def challenge(asked: dict[str, Any]) -> dict[str, Any]:
            assert keys.clinician is not None
            told = (keys.clinician, asked["role"], SERIAL, asked["host_nonce"], b"p" * 16)
            peer.channel = Channel(session.session_key(*told))
            return {"pump_nonce": b"p" * 16}

        peer.handlers[messages.CHALLENGE] = challenge
        peer.handlers[messages.SIGN_IN] = lambda request: {"role": messages.ROLE_CLINICIAN, "idle_ms": 600_000}
        peer.handlers[messages.SELF_TEST] = lambda request: {"passed": True, "failed_list": []}
        yield peer, keys


def client(peer: Peer) -> Pump:
    return Pump(open_transport(peer.port), operator="Ada", pending=PendingStore(), timeout_s=0.3)


def seen(peer: Peer) -> list[str]:
    return [messages.MESSAGES[command][0] for command, _, _ in peer.seen]


def test_the_client_proves_its_role_once_before_the_first_command_that_needs_it(
    pump_with_keys: tuple[Peer, keystore.Keys],
) -> None:
    peer, keys = pump_with_keys
    with client(peer) as pump:
        pump.self_test()
        pump.self_test()
    assert seen(peer) == ["hello", "challenge", "sign-in", "self-test", "self-test"]
    asked, given = peer.seen[1][2], peer.seen[2][2]
    assert keys.clinician is not None
    proof = session.proof(keys.clinician, messages.ROLE_CLINICIAN, SERIAL, asked["host_nonce"], b"p" * 16)
    assert given == {"proof": proof, "operator": "Ada"}


def test_a_pump_that_has_lost_its_keys_is_asked_without_a_proof(pump_with_keys: tuple[Peer, keystore.Keys]) -> None:
    peer, _ = pump_with_keys

    def without(_: dict[str, Any]) -> dict[str, Any]:
        raise Refusal(errors.NO_KEYS)

    peer.handlers[messages.CHALLENGE] = without
    with client(peer) as pump:
        pump.self_test()
    assert seen(peer) == ["hello", "challenge", "self-test"]


def test_a_stop_is_never_held_up_by_signing_in(pump_with_keys: tuple[Peer, keystore.Keys]) -> None:
    peer, _ = pump_with_keys
    peer.handlers[messages.STOP] = lambda request: {"state": 1, "start_in_ms": 0}
    with client(peer) as pump:
        pump.stop()
    assert seen(peer) == ["hello", "stop"]


def test_a_sign_in_refused_after_the_session_was_closed_leaves_nothing_pending(
    pump_with_keys: tuple[Peer, keystore.Keys],
) -> None:
    peer, _ = pump_with_keys
    attempts = []

    def attempt(_: dict[str, Any]) -> dict[str, Any]:
        attempts.append(1)
        if len(attempts) > 1:
            raise Refusal(errors.SIGN_IN_LOCKED, "wait_ms", 61_000)
        return {"role": messages.ROLE_CLINICIAN, "idle_ms": 600_000}

    def closed(_: dict[str, Any]) -> dict[str, Any]:
        raise Refusal(errors.SESSION_CLOSED)

    peer.handlers |= {messages.SIGN_IN: attempt, messages.RESUME: closed}
    with client(peer) as pump, pytest.raises(Refused) as caught:
        pump.resume()
    assert caught.value.name == "sign-in-locked" and caught.value.remedy.startswith("wait 2 min")
    assert PendingStore().load(SERIAL) is None


def test_a_key_file_is_readable_by_its_owner_alone_and_holds_both_keys(home: Path) -> None:
    keys = keystore.fresh("s1")
    path = home / "keys.json"
    assert keystore.save(keys, path) == str(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert set(json.loads(path.read_text())) == {"serial", "clinician", "service"}
