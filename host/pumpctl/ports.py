"""Which pumps are within reach, and which one is meant: serial ports of a Pico and running virtual pumps."""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pumpctl import config
from pumpctl.errors import PortError
from pumpctl.nearest import hint

PICO_VENDOR = 0x2E8A
REPLY_S = 1.0
# Measured on the chip: a command takes 1.3 s, where a dose is checked and stored, and the self-test 2.8 s.
BOARD_REPLY_S = 4.0
EMULATED_REPLY_S = 60.0


@dataclass(frozen=True)
class Port:
    """A way to a pump: `spec` opens it, `name` is what a person calls it, `kind` is usb or virtual.

    `serial` is the serial number of the pump that is meant, where it is known; another one must not be used.
    """

    name: str
    spec: str
    kind: str
    description: str
    serial: str = ""


Choose = Callable[[Sequence[Port]], Port]


def virtual_ports() -> list[Port]:
    """The virtual pumps running now; none where this system cannot run them."""
    from pumpctl import virtual

    return [Port(pump.name, str(pump.port), "virtual", f"virtual pump on {pump.port}") for pump in virtual.running()]


def reply_within_s(spec: str) -> float:
    """For how long a reply is waited for: an emulated chip's second takes many of ours while it is busy."""
    if emulated(spec):
        return EMULATED_REPLY_S
    return BOARD_REPLY_S if any(port.spec == spec for port in usb_ports()) else REPLY_S


def emulated(spec: str) -> bool:
    """Whether it is the port of a virtual pump on an emulated chip, which is used like a board."""
    from pumpctl import virtual

    name = virtual_name(spec)
    return name is not None and virtual.VirtualPump(name).emulated


def virtual_name(spec: str) -> str | None:
    """The name of the virtual pump whose port `spec` is; None for any other port."""
    from pumpctl import virtual

    return next((name for name in virtual.all_names() if str(virtual.VirtualPump(name).port) == spec), None)


def usb_ports() -> list[Port]:
    """The serial ports of Raspberry Pi boards."""
    from serial.tools import list_ports

    return [
        Port(found.device, found.device, "usb", f"{found.description or 'Pico'}, serial {found.serial_number or '?'}",
             str(found.serial_number or "").lower())
        for found in list_ports.comports()
        if found.vid == PICO_VENDOR
    ]  # fmt: skip


def board_serial(spec: str) -> str:
    """The pump's serial number as its USB port tells it, without asking the firmware; empty if it tells none."""
    from serial.tools import list_ports

    return next((str(port.serial_number or "").lower() for port in list_ports.comports() if port.device == spec), "")


def find() -> list[Port]:
    """All of them, boards first; a board that the config file names has its name from there."""
    known = config.load()
    boards = [
        replace(port, name=named.name) if (named := known.pump_on(port.spec, port.serial)) else port
        for port in usb_ports()
    ]
    return boards + virtual_ports()


def wanted(spec: str | None) -> str:
    """The pump asked for: `spec`, else $PUMPCTL_PORT, else the config file's `port`; empty if none is."""
    return spec or os.environ.get("PUMPCTL_PORT") or config.load().text("port")


def resolve(spec: str | None = None, choose: Choose | None = None) -> Port:
    """The port that `spec` means: a device, a URL, a pump's name or a board's serial number.

    Without any (see `wanted`) it is the only pump present; with several `choose` is asked, if there is somebody to ask.
    PortError otherwise.
    """
    spec = wanted(spec)
    if spec:
        return Port(spec, spec, "given", "") if is_device(spec) else _named(spec)
    found = find()
    if len(found) == 1:
        return found[0]
    if not found:
        remedy = "connect a board, or start a virtual pump: `pumpctl virtual start`"
        raise PortError("no pump found", field="port", remedy=remedy)
    if choose is not None:
        return choose(found)
    names = ", ".join(port.name for port in found)
    choices = "; ".join(f"--port {port.name} ({what(port)})" for port in found)
    raise PortError(f"{len(found)} pumps are present: {names}", field="port", remedy=f"name one: {choices}")


def known(spec: str | None) -> config.KnownPump | None:
    """What the config file says of the pump that `resolve` would take; None where it says nothing of it."""
    told = config.load()
    if not told.pumps:
        return None
    spec = wanted(spec)
    if not spec:
        present = find()
        return told.pump_on(present[0].name, present[0].serial) if len(present) == 1 else None
    return told.pump_on(spec, board_serial(spec) if is_device(spec) and spec not in told.pumps else "")


def what(port: Port) -> str:
    """What a person tells pumps apart by: a board by its serial number, a virtual pump by its name alone."""
    return "virtual pump" if port.kind == "virtual" else port.description


def is_device(spec: str) -> bool:
    """Whether `spec` is a device or a URL, and no name."""
    return any(mark in spec for mark in ("/", "\\", "://")) or re.fullmatch(r"com[0-9]+:?", spec.lower()) is not None


def _named(name: str) -> Port:
    configured = config.load().pumps
    virtual = virtual_ports()
    if name in configured and (configured[name].port or configured[name].serial):
        if configured[name].port != name and name in [port.name for port in virtual]:
            raise PortError(
                f"{name} is a pump of the config file, and a virtual pump that runs is called so too", field="port",
                value=name, remedy=f"rename one of them, or stop the other: `pumpctl virtual stop --name {name}`",
            )  # fmt: skip
        return _configured(configured[name])
    for port in virtual:
        if port.name == name:
            return port
    for board in usb_ports():
        if board.serial and board.serial == name.lower():
            return board
    running = [port.name for port in virtual]
    told = [f"running: {', '.join(running)}"] if running else []
    told += [f"named in {config.load().file}: {', '.join(configured)}"] if configured else []
    remedy = "; ".join(told) or f"start it: `pumpctl virtual start --name {name}`"
    raise PortError(
        f"no virtual pump {name} is running{hint(name, [*configured, *running])}",
        field="port",
        value=name,
        remedy=remedy,
    )


def _configured(pump: config.KnownPump) -> Port:
    """Where a pump of the config file is: on its port, or wherever its serial number is found."""
    if pump.port and is_device(pump.port):
        return Port(pump.name, pump.port, "given", "", pump.serial)
    if pump.port:
        found = next((port for port in virtual_ports() if port.name == pump.port), None)
        if found is None:
            raise PortError(
                f"{pump.name} is the virtual pump {pump.port}, which does not run", field="port", value=pump.name,
                remedy=f"start it: `pumpctl virtual start --name {pump.port}`",
            )  # fmt: skip
        return replace(found, name=pump.name, serial=pump.serial)
    boards = usb_ports()
    for port in boards:
        if port.serial == pump.serial:
            return replace(port, name=pump.name)
    others = f"; connected: {', '.join(port.serial or port.spec for port in boards)}" if boards else ""
    raise PortError(f"{pump.name}, serial number {pump.serial}, is not connected{others}", field="port",
                    value=pump.name, remedy="connect it, or correct the serial number in the config file")  # fmt: skip
