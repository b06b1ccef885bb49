"""Which board is flashed: one with a serial port, or one that waits for an image as a drive."""

import time
from dataclasses import dataclass
from pathlib import Path

from pumpctl import bootsel, flash, ports, uf2
from pumpctl.bootsel import Drive
from pumpctl.errors import LinkError, PortError
from pumpctl.flash_board import Board
from pumpctl.ports import Port
from pumpctl.uf2 import Image


@dataclass(frozen=True)
class Target:
    """Where to: a `drive` first if it is not None, then the serial port `spec`; empty until it is known."""

    spec: str
    drive: Drive | None = None


def find(spec: str | None, drive: Path | None, wants_image: bool, choose: ports.Choose | None = None) -> Target:
    """The board meant: the drive named, else the port named, else the only one there is, of either kind.

    `wants_image` leaves ports out. PortError, UsageProblem.
    """
    if drive is not None:
        return Target(spec or "", bootsel.drive_at(drive))
    if spec is not None and not wants_image:
        return Target(flash.board_port(spec))
    waiting = [
        Port(str(one.path), str(one.path), "drive", f"board {one.board} that waits for an image")
        for one in bootsel.drives()
    ]
    found = waiting if wants_image else [*ports.usb_ports(), *waiting]
    if not found:
        raise _none(wants_image)
    if len(found) > 1 and choose is None:
        names = ", ".join(one.name for one in found)
        raise PortError(f"{len(found)} boards are present: {names}", field="port", remedy="name one: --port or --drive")
    chosen = found[0] if len(found) == 1 or choose is None else choose(found)
    if chosen.kind == "drive":
        return Target(spec or "", bootsel.drive_at(Path(chosen.spec)))
    return Target(chosen.spec)


def in_use(spec: str | None, choose: ports.Choose | None = None) -> str:
    """The port of a board that has one. PortError, UsageProblem."""
    target = find(spec, None, False, choose)
    if target.drive is not None:
        raise PortError(
            f"the board at {target.drive.path} waits for an image: nothing of it can be read", field="port",
            remedy="unplug it, and plug it in without holding the button",
        )  # fmt: skip
    return target.spec


def _none(wants_image: bool) -> PortError:
    for one in bootsel.waiting():
        return bootsel.unmounted(one)
    if wants_image:
        remedy = f"{bootsel.HOLD}; name the drive that appears with --drive if it is not found"
        return PortError("no board waits for an image", field="drive", remedy=remedy)
    return PortError("no board found", field="port", remedy=flash.HOW_TO_CONNECT)


def image_for(named: Path | None, progress: uf2.Progress) -> Image:
    """The image to write: the one named or found, else fetched. FileProblem, LinkError, UsageProblem."""
    try:
        return uf2.find_image(named)
    except uf2.NoImage:
        return uf2.download(progress)


def write_image(target: Target, image: Image, progress: uf2.Progress) -> Target:
    """Write the image and wait until the board answers at its port. LinkError, UsageProblem."""
    assert target.drive is not None
    before = {port.spec for port in ports.usb_ports()}
    bootsel.write(target.drive, image, progress)
    spec = bootsel.port_after(before, target.spec or None)
    _settle(spec)
    return Target(spec)


def _settle(spec: str) -> None:
    """Wait until the prompt answers there, or a pump that was on the board before, or is part of the image."""
    end = time.monotonic() + bootsel.PORT_S
    while True:
        try:
            return Board(spec, prompt_s=flash.PROMPT_S).close()
        except LinkError as error:
            try:
                flash.greet(spec, 0)
                return None
            except LinkError:
                if time.monotonic() > end:
                    raise error from None
