"""Doctor's checks of ports: may they be opened, who holds them, and which boards do not run the pump's firmware."""

import sys
from collections.abc import Iterator
from pathlib import Path

from pumpctl import bootsel, port_access
from pumpctl.doctor import OK, PROBLEM, SKIPPED, WARNING, Finding, Scene


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
    found = [
        Finding(
            PROBLEM,
            f"a board with {one.chip} at USB {one.place} waits for an image (BOOTSEL)",
            "pumpctl flash   (writes MicroPython and the firmware)" if one.fits else "connect a Pico with an RP2040",
        )
        for one in bootsel.waiting()
    ]
    for one in scene.looks:
        if one.prompt:
            text = "runs MicroPython without the pump's firmware"
            found.append(Finding(PROBLEM, text, f"pumpctl flash --port {one.name}", one.name))
    yield from found
    if not found:
        yield Finding(OK, "none waits for an image or runs MicroPython alone")
