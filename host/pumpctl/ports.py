"""Which pumps are within reach, and which one is meant: serial ports of a Pico and running virtual pumps."""

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from serial.tools import list_ports

from pumpctl.errors import PortError

PICO_VENDOR = 0x2E8A


@dataclass(frozen=True)
class Port:
    """A way to a pump: `spec` opens it, `name` is what a person calls it, `kind` is usb or virtual."""

    name: str
    spec: str
    kind: str
    description: str


Choose = Callable[[Sequence[Port]], Port]


def virtual_ports() -> list[Port]:
    """The virtual pumps running now; none where this system cannot run them."""
    try:
        from pumpctl import virtual
    except ImportError:
        return []
    return [Port(pump.name, str(pump.port), "virtual", f"virtual pump on {pump.port}") for pump in virtual.running()]


def virtual_name(spec: str) -> str | None:
    """The name of the virtual pump whose port `spec` is; None for any other port."""
    try:
        from pumpctl import virtual
    except ImportError:
        return None
    return next((name for name in virtual.all_names() if str(virtual.VirtualPump(name).port) == spec), None)


def usb_ports() -> list[Port]:
    """The serial ports of Raspberry Pi boards."""
    return [
        Port(found.device, found.device, "usb", f"{found.description or 'Pico'}, serial {found.serial_number or '?'}")
        for found in list_ports.comports()
        if found.vid == PICO_VENDOR
    ]


def board_serial(spec: str) -> str:
    """The pump's serial number as its USB port tells it, without asking the firmware; empty if it tells none."""
    return next((str(port.serial_number or "").lower() for port in list_ports.comports() if port.device == spec), "")


def find() -> list[Port]:
    """All of them, boards first."""
    return usb_ports() + virtual_ports()


def resolve(spec: str | None, choose: Choose | None = None) -> Port:
    """The port that `spec` means: a device, a URL or a virtual pump's name; without it the only pump present.

    With several present `choose` is asked, if there is somebody to ask. PortError otherwise.
    """
    if spec:
        return Port(spec, spec, "given", "") if _is_device(spec) else _named(spec)
    found = find()
    if len(found) == 1:
        return found[0]
    if not found:
        remedy = "connect a board, or start a virtual pump: `pumpctl virtual start`"
        raise PortError("no pump found", field="port", remedy=remedy)
    if choose is not None:
        return choose(found)
    names = ", ".join(port.name for port in found)
    choices = "; ".join(f"--port {port.name} ({_what(port)})" for port in found)
    raise PortError(f"{len(found)} pumps are present: {names}", field="port", remedy=f"name one: {choices}")


def _what(port: Port) -> str:
    """What a person tells pumps apart by: a board by its serial number, a virtual pump by its name alone."""
    return "virtual pump" if port.kind == "virtual" else port.description


def _is_device(spec: str) -> bool:
    return any(mark in spec for mark in ("/", "\\", "://")) or spec.upper().startswith("COM")


def _named(name: str) -> Port:
    virtual = virtual_ports()
    for port in virtual:
        if port.name == name:
            return port
    running = [port.name for port in virtual]
    near = difflib.get_close_matches(name, running, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    told = f"running: {', '.join(running)}" if running else f"start it: `pumpctl virtual start --name {name}`"
    raise PortError(f"no virtual pump {name} is running{hint}", field="port", value=name, remedy=told)
