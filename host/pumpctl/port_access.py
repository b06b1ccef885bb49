"""Who may open a serial port here, and how a user gets that right: groups, and a udev rule on Linux."""

import getpass
import os
import sys
from pathlib import Path

from pumpctl.ports import PICO_VENDOR

RULE_FILE = "/etc/udev/rules.d/60-pumpctl.rules"
_VENDOR = f"{PICO_VENDOR:04x}"
# The second line keeps ModemManager from talking to a board that has just been plugged in.
RULE = f"""\
# Raspberry Pi boards: access for who sits at this machine and for the group plugdev.
SUBSYSTEM=="tty", ATTRS{{idVendor}}=="{_VENDOR}", GROUP="plugdev", MODE="0660", TAG+="uaccess"
SUBSYSTEM=="tty", ATTRS{{idVendor}}=="{_VENDOR}", ENV{{ID_MM_DEVICE_IGNORE}}="1"
SUBSYSTEM=="usb", ATTRS{{idVendor}}=="{_VENDOR}", GROUP="plugdev", MODE="0660", TAG+="uaccess"
"""
INSTALL = f"pumpctl doctor --udev-rule | sudo tee {RULE_FILE} && sudo udevadm control --reload && sudo udevadm trigger"
# The groups that own serial ports: of Debian and Fedora, of Arch, and of rules such as this one.
GROUPS = ("dialout", "uucp", "plugdev")


def may_open(port: str) -> bool:
    """Whether this user may read and write the device."""
    return os.access(port, os.R_OK | os.W_OK)


def permit(port: str) -> str:
    """The command that gives this user access to a port."""
    if sys.platform != "linux":
        return "give your user the right to open it"
    try:
        device = Path(port).resolve()
        group, mode = device.group(), device.stat().st_mode
    except (OSError, KeyError):
        return INSTALL
    if group == "root" or mode & 0o060 != 0o060 or group in own_groups():
        return INSTALL  # the group has no access itself, or this user is in it already
    return f"sudo usermod -aG {group} {_user()}   (then log in again)"


def is_root() -> bool:
    """Whether this process may open whatever it likes."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def own_groups() -> set[str]:
    """Names of the groups that this process is in; empty where a system has none."""
    if not hasattr(os, "getgroups"):
        return set()
    numbers = {str(number) for number in (*os.getgroups(), os.getgid())}
    try:
        lines = Path("/etc/group").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    return {words[0] for words in (line.split(":") for line in lines) if len(words) > 2 and words[2] in numbers}


def ruled(folders: tuple[str, ...] = ("/etc/udev/rules.d", "/lib/udev/rules.d", "/usr/lib/udev/rules.d")) -> str:
    """The udev rule for these boards that is installed already; empty if there is none."""
    for folder in folders:
        for file in sorted(Path(folder).glob("*.rules")):
            try:
                if _VENDOR in file.read_text(encoding="utf-8", errors="replace"):
                    return str(file)
            except OSError:
                continue
    return ""


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "$USER"
