"""Doctor's checks of keys on this machine: where they are kept, and that nobody else can read them."""

import json
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from pumpctl import paths
from pumpctl.doctor import OK, PROBLEM, SKIPPED, WARNING, Finding, Scene
from pumpctl.keystore import IN_KEYRING


def keyring(scene: Scene) -> Iterator[Finding]:
    """Whether the system's keyring can be used; without one keys are kept in files."""
    folder = paths.data_dir() / "keys"
    if os.environ.get("PUMPCTL_HOME"):
        yield Finding(OK, f"PUMPCTL_HOME is set: keys are kept in files below {folder}")
        return
    in_keyring = any(_kept_in_keyring(file) for file in folder.glob("*.json"))
    try:
        from keyring import get_keyring

        backend = get_keyring()
        usable, name = backend.priority > 0, str(getattr(backend, "name", type(backend).__name__))
    except Exception as error:  # backends fail in their own ways, an absent session bus among them
        usable, name = False, f"{type(error).__name__}: {error}"
    if usable:
        yield Finding(OK, name)
    elif in_keyring:
        text = f"some pump's keys are in a keyring that cannot be used here ({name})"
        yield Finding(PROBLEM, text, "unlock the desktop's keyring, or set PUMPCTL_KEY_FILE to a key file")
    else:
        yield Finding(OK, f"none ({name}): keys are kept in files below {folder}")


def key_files(scene: Scene) -> Iterator[Finding]:
    """Whether each key file can be read, by its owner alone."""
    files = sorted((paths.data_dir() / "keys").glob("*.json"))
    named = os.environ.get("PUMPCTL_KEY_FILE")
    if named:
        if not Path(named).is_file():
            yield Finding(PROBLEM, f"PUMPCTL_KEY_FILE names {named}, which is no file", "unset PUMPCTL_KEY_FILE")
        else:
            files.append(Path(named))
    told = [finding for file in files for finding in _judged(file)]
    yield from told
    if files and not told:
        yield Finding(OK, f"{len(files)} sound, readable by their owner alone")
    elif not files and not named:
        yield Finding(SKIPPED, "no keys of a pump are kept here")


def _judged(file: Path) -> Iterator[Finding]:
    try:
        mode = file.stat().st_mode
        told = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        yield Finding(PROBLEM, f"{file} cannot be read: {error.strerror}", f'chmod 600 "{file}"')
        return
    except ValueError:
        told = None
    if not isinstance(told, dict) or "serial" not in told:
        text = f"{file} does not hold keys of a pump"
        yield Finding(PROBLEM, text, "pumpctl keys provision   (the service jumper set)")
    elif sys.platform != "win32" and stat.S_IMODE(mode) & 0o077 and told.get("kept_in") != IN_KEYRING:
        text = f"{file} can be read by others (mode {stat.S_IMODE(mode):o})"
        yield Finding(PROBLEM, text, f'chmod 600 "{file}"')
    if list(file.parent.glob(file.name + ".new")):
        text = f"{file}.new was left by a save that was cut off"
        yield Finding(WARNING, text, f'rm "{file}.new"')


def _kept_in_keyring(file: Path) -> bool:
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(told, dict) and told.get("kept_in") == IN_KEYRING
