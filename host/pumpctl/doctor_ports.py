"""Doctor's checks of ports: may they be opened, who holds them, and which boards do not run the pump's firmware."""

import sys
from collections.abc import Iterator
from pathlib import Path

from pumpctl import port_access
from pumpctl.doctor import OK, PROBLEM, SKIPPED, WARNING, Finding, Scene
from pumpctl.ports import PICO_VENDOR

USB_DEVICES = Path("/sys/bus/usb/devices")
# USB product numbers of a board whose BOOTSEL button was held: it takes a firmware image and has no serial port.
_BOOTSEL = {"0003": "RP2040", "000f": "RP2350"}


def permissions(scene: Scene) -> Iterator[Finding]:
    """Whether this user may open the ports that are there; without a board, whether one could be opened."""
    devices = [port for port in scene.ports if "://" not in port.spec]
    closed = [port for port in devices if Path(port.spec).exists() and not port_access.may_open(port.spec)]
    for port in closed:
        yield Finding(PROBLEM, "may not be opened by this user", port_access.permit(port.spec), port.name)
    if closed:
        return
    boards = [port for port in devices if port.kind != "virtual"]
    if boards:
        yield Finding(OK, f"{', '.join(port.name for port in boards)} may be opened")
    elif sys.platform != "linux":
        yield Finding(SKIPPED, "no board is connected")
    else:
        yield _prepared()


def _prepared() -> Finding:
    rule = port_access.ruled()
    groups = sorted(port_access.own_groups() & set(port_access.GROUPS))
    if rule:
        return Finding(OK, f"no board is connected; one may be opened by the rule in {rule}")
    if groups or port_access.is_root():
        return Finding(OK, f"no board is connected; one may be opened as {', '.join(groups) or 'root'}")
    return Finding(WARNING, "no board is connected, and this user could open none", port_access.INSTALL)


def busy(scene: Scene) -> Iterator[Finding]:
    """Ports that another process holds; they were not opened."""
    held = [one for one in scene.looks if one.held_by]
    for one in held:
        for holder in one.held_by:
            yield Finding(PROBLEM, f"held by {holder}", f"kill {holder.pid}   (or end that program)", one.name)
    if scene.looks and not held:
        what = "the port is not" if len(scene.looks) == 1 else f"none of {len(scene.looks)} ports is"
        yield Finding(OK, f"{what} held, as far as this user can see")


def boards(scene: Scene) -> Iterator[Finding]:
    """Boards that wait for an image, and boards at whose port MicroPython's prompt answers."""
    found = list(_waiting(USB_DEVICES))
    for one in scene.looks:
        if one.prompt:
            text = "runs MicroPython without the pump's firmware"
            found.append(Finding(PROBLEM, text, f"pumpctl flash --port {one.name}", one.name))
    yield from found
    if not found:
        yield Finding(OK, "none waits for an image or runs MicroPython alone")


def _waiting(folder: Path) -> Iterator[Finding]:
    for vendor in sorted(folder.glob("*/idVendor")):
        try:
            is_board = vendor.read_text().strip() == f"{PICO_VENDOR:04x}"
            chip = _BOOTSEL.get(vendor.with_name("idProduct").read_text().strip(), "")
        except OSError:
            continue
        if is_board and chip:
            text = f"a board with {chip} at USB {vendor.parent.name} waits for an image (BOOTSEL)"
            mend = "copy the RPI_PICO image of MicroPython to its drive RPI-RP2, then pumpctl flash"
            yield Finding(PROBLEM, text, mend)
