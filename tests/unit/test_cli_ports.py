"""Which pump is meant, and what is said where there is none or one of another version."""

from typing import Any

import pytest
from wirepeer import Peer, hello

from infuser.wire import messages
from pumpctl import errors, ports, virtual
from pumpctl.cli import main
from pumpctl.ports import Port

pytestmark = pytest.mark.usefixtures("home")
# As measured on the chip.
SELF_TEST_S = 2.8


def test_without_a_pump_the_tool_says_how_to_get_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["status"]) == errors.NO_LINK
    assert "pumpctl virtual start" in capsys.readouterr().err


def test_an_unknown_virtual_pump_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["--port", "ward7", "stop"]) == errors.NO_LINK
    assert "no virtual pump ward7 is running" in capsys.readouterr().err


def old_firmware(request: dict[str, Any]) -> dict[str, Any]:
    return {**hello(request), "protocol": b"12345678"}


def test_a_board_with_other_declarations_is_flashed(capsys: pytest.CaptureFixture[str]) -> None:
    with Peer({messages.HELLO: old_firmware}) as peer:
        assert main.run(["-p", peer.port, "status"]) == errors.NO_LINK
    assert "`pumpctl flash`" in capsys.readouterr().err


def test_a_virtual_pump_with_other_declarations_is_stopped_and_started(capsys: pytest.CaptureFixture[str]) -> None:
    paths = virtual.VirtualPump("ward1").paths
    paths.directory.mkdir(parents=True)
    paths.config.write_text("{}")
    with Peer({messages.HELLO: old_firmware}) as peer:
        paths.port.symlink_to(peer.port)
        assert main.run(["-p", str(paths.port), "status"]) == errors.NO_LINK
    told = capsys.readouterr().err
    assert "`pumpctl virtual stop --name ward1`, then `pumpctl virtual start --name ward1`" in told
    assert "flash" not in told


def test_with_several_pumps_the_choices_are_listed_as_they_are_to_be_given(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    boards = [Port(f"/dev/ttyACM{at}", f"/dev/ttyACM{at}", "usb", f"Pico, serial E66{at}") for at in range(2)]
    pumps = [Port(name, f"/home/x/{name}/pty", "virtual", "a long path") for name in ("left", "right")]
    monkeypatch.setattr("pumpctl.ports.usb_ports", lambda: boards)
    monkeypatch.setattr("pumpctl.ports.virtual_ports", lambda: pumps)
    assert main.run(["status"]) == errors.NO_LINK
    first, second = capsys.readouterr().err.splitlines()
    assert first == "pumpctl: 4 pumps are present: /dev/ttyACM0, /dev/ttyACM1, left, right"
    assert "--port /dev/ttyACM1 (Pico, serial E661); --port left (virtual pump)" in second


def test_a_board_is_given_the_time_that_its_slowest_command_takes_and_a_virtual_pump_none_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    board = Port("/dev/ttyACM0", "/dev/ttyACM0", "usb", "Pico, serial E660")
    monkeypatch.setattr("pumpctl.ports.usb_ports", lambda: [board])
    assert ports.reply_within_s(board.spec) >= 1.3 * SELF_TEST_S
    assert ports.reply_within_s("/dev/pts/7") == ports.REPLY_S
