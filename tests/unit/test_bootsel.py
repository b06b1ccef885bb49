"""A board that waits for an image is found on USB and among the drives, and its drive is written as a whole."""

import threading
import time
from pathlib import Path

import pytest

from pumpctl import bootsel, flash_target, ports
from pumpctl.bootsel import Drive
from pumpctl.errors import LinkError, PortError, UsageProblem
from pumpctl.ports import Port
from pumpctl.uf2 import Image

IMAGE = Image(Path("image.uf2"), "", True, bytes(range(256)) * 400)


def drive(folder: Path, board: str = "RPI-RP2") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "INFO_UF2.TXT").write_bytes(
        b"UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: %s\r\n" % board.encode()
    )
    return folder


def test_boards_that_wait_are_told_from_boards_that_run(tmp_path: Path) -> None:
    for name, vendor, product in (
        ("1-1", "2e8a", "0003"),
        ("1-2", "2e8a", "0005"),
        ("1-3", "2e8a", "000f"),
        ("2-1", "0403", "0003"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "idVendor").write_text(f"{vendor}\n")
        (tmp_path / name / "idProduct").write_text(f"{product}\n")
    found = list(bootsel.waiting(tmp_path))
    assert [(one.place, one.chip, one.fits) for one in found] == [("1-1", "RP2040", True), ("1-3", "RP2350", False)]
    assert "udisksctl mount" in bootsel.unmounted(found[0]).remedy
    assert "RP2350" in bootsel.unmounted(found[1]).message


def test_drives_are_looked_for_where_fat_and_a_users_drives_are_mounted(tmp_path: Path) -> None:
    table = tmp_path / "mounts"
    table.write_text(
        "proc /proc proc rw 0 0\n/dev/sdb1 /run/media/ada/RPI\\040RP2 vfat rw 0 0\n/dev/sda1 / ext4 rw 0 0\n"
        "/dev/sdc1 /srv/stick msdos rw 0 0\nfuse /media/phone fuse.mtp rw 0 0\n\n"
    )
    assert bootsel.mounted(table) == [Path("/media/phone"), Path("/run/media/ada/RPI RP2"), Path("/srv/stick")]
    assert bootsel.mounted(tmp_path / "none") == []


def test_a_drive_of_anything_else_is_refused_by_name(tmp_path: Path) -> None:
    assert bootsel.drive_at(drive(tmp_path / "pico")).board == "RPI-RP2"
    for path, told in (
        (tmp_path, "is no drive of a board"),
        (drive(tmp_path / "pico2", "RP2350"), "of a board RP2350"),
    ):
        with pytest.raises(UsageProblem, match=told) as caught:
            bootsel.drive_at(path)
        assert caught.value.field == "drive" and caught.value.remedy


def test_the_image_is_written_whole_with_progress(tmp_path: Path) -> None:
    seen: list[float] = []
    found = bootsel.drive_at(drive(tmp_path))
    bootsel.write(found, IMAGE, seen.append)
    assert (tmp_path / "firmware.uf2").read_bytes() == IMAGE.data
    assert seen == [32768, 65536, 98304, len(IMAGE.data)]


def test_a_drive_that_is_full_or_goes_away_is_told_apart_from_a_board_that_restarts(tmp_path: Path) -> None:
    found = bootsel.drive_at(drive(tmp_path))
    (tmp_path / "firmware.uf2").symlink_to("/dev/full")
    with pytest.raises(UsageProblem, match="firmware.uf2: No space left"):
        bootsel.write(found, IMAGE, lambda done: None)
    (tmp_path / "INFO_UF2.TXT").unlink()
    with pytest.raises(LinkError, match="went away in the middle") as gone:
        bootsel.write(found, IMAGE, lambda done: None)
    assert "hold BOOTSEL" in gone.value.remedy
    # /dev/null takes all of it and fails only when it is to be flushed, as a drive does whose board has restarted.
    (tmp_path / "firmware.uf2").unlink()
    (tmp_path / "firmware.uf2").symlink_to("/dev/null")
    bootsel.write(found, Image(Path("i"), "", True, bytes(512)), lambda done: None)


def test_the_port_that_was_not_there_before_is_the_boards(tmp_path: Path) -> None:
    port = tmp_path / "ttyACM7"
    threading.Timer(0.3, port.touch).start()
    assert bootsel.port_after(set(), str(port), 5) == str(port)
    start = time.monotonic()
    with pytest.raises(LinkError, match="within 0.2 s no serial port appeared") as caught:
        bootsel.port_after({one.spec for one in ports.usb_ports()}, None, 0.2)
    assert time.monotonic() - start < 2 and "without holding" in caught.value.remedy


def test_one_board_is_taken_and_several_are_asked_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = drive(tmp_path / "one"), drive(tmp_path / "two")
    usb: list[Port] = []
    mounted = [one]
    monkeypatch.setattr(bootsel, "_places", lambda: mounted)
    monkeypatch.setattr(ports, "usb_ports", lambda: usb)
    assert flash_target.find(None, None, False).drive == Drive(one, "RPI-RP2")
    with pytest.raises(PortError, match="waits for an image"):
        flash_target.in_use(None)
    mounted.append(two)
    with pytest.raises(PortError, match="2 boards are present") as caught:
        flash_target.find(None, None, False)
    assert "--drive" in caught.value.remedy
    usb.append(Port("/dev/ttyACM0", "/dev/ttyACM0", "usb", "Pico"))
    chosen = [flash_target.find(None, None, False, lambda found, at=at: found[at]) for at in range(3)]
    assert [(target.spec, target.drive and target.drive.path) for target in chosen] == [
        ("/dev/ttyACM0", None), ("", one), ("", two),
    ]  # fmt: skip
    assert flash_target.find(None, two, False).drive == Drive(two, "RPI-RP2")
    mounted.clear()
    assert flash_target.find(None, None, False).spec == "/dev/ttyACM0"
    with pytest.raises(PortError, match="no board waits for an image"):
        flash_target.find(None, None, True)
