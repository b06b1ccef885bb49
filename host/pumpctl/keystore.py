"""Where this machine keeps the keys of pumps: the system's keyring, else a file that only its owner can read.

$PUMPCTL_KEY_FILE names a key file to use instead. One small file a pump tells where its keys are, so that a pump
without keys costs no look into the keyring. Below $PUMPCTL_HOME, where that is set, everything is a file.
"""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infuser.core import session
from infuser.wire import messages
from pumpctl import paths
from pumpctl.errors import UsageProblem

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "pumpctl"
IN_KEYRING = "keyring"
_AGAIN = "provision the pump again: `pumpctl keys provision`"


@dataclass(frozen=True)
class Keys:
    """The keys of one pump by role; a file for a clinician may hold the clinician's alone."""

    serial: str
    clinician: bytes | None
    service: bytes | None

    def for_role(self, needed: int) -> tuple[int, bytes] | None:
        """(role, key) of the least role that may do what `needed` may; None if there is no such key."""
        roles = ((messages.ROLE_CLINICIAN, self.clinician), (messages.ROLE_SERVICE, self.service))
        return next(((role, key) for role, key in roles if key is not None and role >= needed), None)

    def roles(self) -> list[str]:
        """Names of the roles whose keys are here."""
        return [name for name, key in (("clinician", self.clinician), ("service", self.service)) if key is not None]

    def digest(self) -> str:
        """What the pump's log calls this pair; empty without both."""
        if self.clinician is None or self.service is None:
            return ""
        return session.keys_digest((self.clinician, self.service)).hex()


def fresh(serial: str) -> Keys:
    """Two new keys."""
    return Keys(serial, secrets.token_bytes(session.KEY_BYTES), secrets.token_bytes(session.KEY_BYTES))


def load(serial: str) -> Keys | None:
    """The keys of a pump; None if there are none here. UsageProblem if they cannot be read."""
    return found(serial)[0]


def found(serial: str) -> tuple[Keys | None, str]:
    """The keys of a pump and where they are."""
    named = os.environ.get("PUMPCTL_KEY_FILE")
    if named:
        keys = _read(Path(named))
        if keys is not None and keys.serial == serial:
            return keys, named
    path = _path(serial)
    if not path.exists():
        return None, ""
    told = _document(path)
    if told.get("kept_in") != IN_KEYRING:
        return _keys(path, told), str(path)
    text = _from_keyring(serial)
    return _keys(path, _parsed(path, text)), f"the system's keyring, as {SERVICE}/{serial}"


def save(keys: Keys, file: Path | None = None) -> str:
    """Keep the keys, in `file` if one is named; returns where they are."""
    if file is not None:
        _write(file, _told(keys))
        return str(file)
    path = _path(keys.serial)
    if _to_keyring(keys):
        _write(path, {"serial": keys.serial, "kept_in": IN_KEYRING})
        return f"the system's keyring, as {SERVICE}/{keys.serial}"
    _write(path, _told(keys))
    return str(path)


def forget(serial: str) -> bool:
    """Remove the keys from this machine; False if there were none. The pump keeps its own."""
    path = _path(serial)
    if not path.exists():
        return False
    if _document(path).get("kept_in") == IN_KEYRING:
        _out_of_keyring(serial)
    path.unlink()
    return True


def _path(serial: str) -> Path:
    return paths.data_dir() / "keys" / f"{paths.stem(serial)}.json"


def _told(keys: Keys) -> dict[str, str]:
    told = {"serial": keys.serial, "clinician": keys.clinician, "service": keys.service}
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in told.items() if value}


def _write(path: Path, told: dict[str, str]) -> None:
    """Nobody else can read the file at any moment; a reader finds the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(told, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _read(path: Path) -> Keys | None:
    return _keys(path, _document(path))


def _document(path: Path) -> dict[str, Any]:
    try:
        return _parsed(path, path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageProblem(f"the key file {path} cannot be read: {error}", remedy=_AGAIN) from error


def _parsed(path: Path, text: str | None) -> dict[str, Any]:
    try:
        told = json.loads(text or "")
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise _unusable(path)
    return told


def _keys(path: Path, told: dict[str, Any]) -> Keys:
    try:
        clinician, service = (bytes.fromhex(told[name]) if name in told else None for name in ("clinician", "service"))
        serial = str(told["serial"])
    except (KeyError, TypeError, ValueError):
        raise _unusable(path) from None
    if any(key is not None and len(key) != session.KEY_BYTES for key in (clinician, service)):
        raise _unusable(path)
    return Keys(serial, clinician, service)


def _unusable(path: Path) -> UsageProblem:
    return UsageProblem(f"the key file {path} does not hold keys of a pump", value=str(path), remedy=_AGAIN)


# The system's keyring; imported late, for it takes its time


def _keyring() -> "KeyringBackend | None":
    """The backend to use; None where there is none, or where files are asked for."""
    if os.environ.get("PUMPCTL_HOME"):
        return None
    try:
        import keyring
    except ImportError:
        return None
    backend = keyring.get_keyring()
    return backend if backend.priority > 0 else None


def _to_keyring(keys: Keys) -> bool:
    backend = _keyring()
    if backend is None:
        return False
    from keyring.errors import KeyringError

    try:
        backend.set_password(SERVICE, keys.serial, json.dumps(_told(keys)))
    except (KeyringError, RuntimeError):
        return False  # a desktop's keyring that nobody can unlock here
    return True


def _from_keyring(serial: str) -> str | None:
    backend = _keyring()
    if backend is None:
        raise UsageProblem("the keys are in a keyring that cannot be used here", remedy=_NAME_FILE)
    from keyring.errors import KeyringError

    try:
        return backend.get_password(SERVICE, serial)
    except (KeyringError, RuntimeError) as error:
        raise UsageProblem(f"the system's keyring does not give the keys: {error}", remedy=_NAME_FILE) from error


def _out_of_keyring(serial: str) -> None:
    backend = _keyring()
    if backend is None:
        raise UsageProblem("the keys are in a keyring that cannot be used here", remedy=_NAME_FILE)
    from keyring.errors import KeyringError

    try:
        backend.delete_password(SERVICE, serial)
    except (KeyringError, RuntimeError) as error:
        raise UsageProblem(f"the system's keyring does not let go of the keys: {error}", remedy=_NAME_FILE) from error


_NAME_FILE = "unlock it, or name a key file by PUMPCTL_KEY_FILE"
