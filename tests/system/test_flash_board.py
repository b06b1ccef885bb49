"""`pumpctl flash` from a bare board to a running pump, and back to the firmware before, as a person meets it."""

import json
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from picoboard import PicoBoard
from wirepeer import Peer

from infuser import VERSION
from infuser.core import snapshot
from infuser.wire import messages, states
from pumpctl import errors, firmware_files, flash, uf2
from pumpctl.cli import main

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the VM's pseudo-terminal is used as on Linux")

SERIAL = "ab" * 8


def uf2_image(path: Path, blocks: int = 300) -> Path:
    """An image as MicroPython's build makes it: 256 bytes a block from the flash's start on."""
    data = b""
    for at in range(blocks):
        head = (*uf2._MAGICS[:2], 0x2000, uf2.FLASH_START + 256 * at, 256, at, blocks, uf2.FAMILY_RP2040)
        data += struct.pack("<8I476sI", *head, bytes([at & 0xFF]) * 256, uf2._MAGICS[2])
    path.write_bytes(data)
    return path


@pytest.fixture
def pump() -> Iterator[str]:
    """The port of a pump that has just started."""

    def hello(request: dict) -> dict:
        return {"protocol": messages.protocol_hash(), "firmware": VERSION, "serial": SERIAL, "boot_count": 1}

    with Peer({messages.HELLO: hello}) as peer:
        yield peer.port


@pytest.fixture
def release(tmp_path: Path, pump_home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes `pumpctl` the one of a release whose application prints its name; `main` is what else it does."""

    def make(name: str, then: str = "pass") -> None:
        folder = tmp_path / f"release-{name}"
        folder.mkdir(exist_ok=True)
        sources = {
            "infuser/__init__.py": f"VERSION = {name!r}\n",
            "main.py": f"import infuser\ndef main():\n    {then}\n    print('runs', infuser.VERSION)\n",
        }
        for path, text in sources.items():
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(text)
        monkeypatch.setattr(firmware_files, "application", lambda: {path: folder / path for path in sources})

    return make


def run(*words: object, wait: str = "4s") -> int:
    return main.run([*map(str, words), "--yes", "--wait", wait])


def test_a_bare_board_is_given_micropython_and_the_firmware_by_one_command(
    tmp_path: Path, pump: str, release: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    image = uf2_image(tmp_path / "image.uf2")
    release("one")
    with PicoBoard(tmp_path / "board", {"runs one": pump}, bootsel_bytes=image.stat().st_size) as board:
        assert run("flash", "--drive", board.drive, "--uf2", image, "--port", board.port, "--json") == errors.DONE
    printed = capsys.readouterr()
    told = json.loads(printed.out)
    assert told["installed"] is True and told["pump"] == {"firmware": VERSION, "serial": SERIAL}
    assert told["board"]["machine"] == "Raspberry Pi Pico with RP2040"
    assert board.started == ["runs one"]
    assert (board.drive / "firmware.uf2").read_bytes() == image.read_bytes()
    assert "is not the published MicroPython" in printed.err and f"Writing to {board.drive}: 100 %" in printed.err


def test_the_firmware_before_comes_back_by_order_and_a_second_order_swaps_again(
    tmp_path: Path, pump: str, release: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    pumps = {"runs one": pump, "runs two": pump}
    for name in ("one", "two"):
        release(name)
        with PicoBoard(tmp_path / "board", pumps) as board:
            assert run("flash", "--port", board.port) == errors.DONE
            assert board.started == [f"runs {name}"]
    for name in ("one", "two"):
        with PicoBoard(tmp_path / "board", pumps) as board:
            assert run("flash", "--roll-back", "--port", board.port) == errors.DONE
            assert board.started == [f"runs {name}"]
    assert capsys.readouterr().out.endswith(f"Firmware {VERSION} runs again on {board.port}\n")


def test_a_firmware_that_does_not_start_makes_room_for_the_one_before(
    tmp_path: Path, pump: str, release: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    release("one")
    with PicoBoard(tmp_path / "board", {"runs one": pump}) as board:
        assert run("flash", "--port", board.port) == errors.DONE
    release("bad", "raise MemoryError('8192 bytes')")
    with PicoBoard(tmp_path / "board", {"runs one": pump}) as board:
        assert run("flash", "--port", board.port, wait="1s") == errors.UNVERIFIED
        assert board.started == ["MemoryError: 8192 bytes", "runs one"]
    assert "does not start on this board; it went back to firmware" in capsys.readouterr().err


def test_a_firmware_that_does_not_load_is_never_switched_to(
    tmp_path: Path, pump: str, release: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    release("one")
    with PicoBoard(tmp_path / "board", {"runs one": pump}) as board:
        assert run("flash", "--port", board.port) == errors.DONE
    release("bad")
    firmware_files.application()["main.py"].write_text("import absent\n")
    with PicoBoard(tmp_path / "board", {}) as board:
        assert run("flash", "--port", board.port) == errors.UNVERIFIED
        assert board.started == []
    assert "does not load on this board: ImportError: no module named 'absent'" in capsys.readouterr().err
    release("two")
    with PicoBoard(tmp_path / "board", {"runs two": pump, "runs one": pump}) as board:
        assert run("flash", "--port", board.port) == errors.DONE


def test_there_is_no_way_back_without_a_whole_application_that_reads_the_stored_state(
    tmp_path: Path, pump: str, release: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    pumps = {"runs one": pump, "runs two": pump}
    release("one")
    with PicoBoard(tmp_path / "board", pumps) as board:
        assert run("flash", "--roll-back", "--port", board.port) == errors.USAGE
        assert "holds no application to go back to" in capsys.readouterr().err
        assert run("flash", "--port", board.port) == errors.DONE
    release("two")
    with PicoBoard(tmp_path / "board", pumps) as board:
        assert run("flash", "--port", board.port) == errors.DONE
    head = bytearray(99)
    head[2], head[27] = 1, snapshot.VERSION + 1
    from pumpctl.flash_board import Board

    with PicoBoard(tmp_path / "board", pumps) as board:
        with Board(str(board.port)) as prompt:
            prompt._run(f"os.mkdir('/pump'); f = open('/pump/j00000001', 'wb'); f.write({bytes(head)}); f.close()")
        assert run("flash", "--roll-back", "--port", board.port) == errors.USAGE
        assert f"holds state of version {snapshot.VERSION + 1}" in capsys.readouterr().err
        with Board(str(board.port)) as prompt:
            prompt._run("f = open('/app.old/main.mpy', 'ab'); f.write(b'!'); f.close()")
        assert run("flash", "--roll-back", "--port", board.port) == errors.UNVERIFIED
        assert "not whole: main.mpy" in capsys.readouterr().err
        assert board.started == []


def test_mpremotes_mip_installs_an_exported_application_where_the_launcher_finds_it(
    tmp_path: Path, pump: str, release: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    release("one")
    assert run("flash", "--export", tmp_path / "out", "--json") == errors.DONE
    listed = json.loads(capsys.readouterr().out)["package"]
    assert run("flash", "--export", tmp_path / "out") == errors.USAGE
    assert "is not empty" in capsys.readouterr().err
    with PicoBoard(tmp_path / "board", {"runs one": pump, "runs two": pump}) as board:
        mip = ("mip", "install", "--target", "/", listed, "+", "reset")
        command = [sys.executable, "-m", "mpremote", "connect", str(board.port), *mip]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        assert flash.greet(str(board.port), 4)["serial"] == SERIAL
    release("two")
    with PicoBoard(tmp_path / "board", {"runs one": pump, "runs two": pump}) as board:
        assert run("flash", "--port", board.port) == errors.DONE
    with PicoBoard(tmp_path / "board", {"runs one": pump}) as board:
        assert run("flash", "--roll-back", "--port", board.port) == errors.DONE
        assert board.started == ["runs one"]


def test_a_pump_that_left_is_started_again_where_nothing_can_be_installed(
    tmp_path: Path, pump: str, release: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    release("one")
    with PicoBoard(tmp_path / "board", {"runs one": pump}) as board:
        assert run("flash", "--port", board.port) == errors.DONE

    def hello(request: dict) -> dict:
        return {"protocol": messages.protocol_hash(), "firmware": VERSION, "serial": SERIAL, "boot_count": 1}

    def service_repl(request: dict) -> dict:
        board.leave()
        return {"state": states.SERVICE}

    with (
        Peer({messages.HELLO: hello, messages.SERVICE_REPL: service_repl}) as running,
        PicoBoard(tmp_path / "board", {"runs one": pump}, runs=running.port) as board,
    ):
        assert run("flash", "--roll-back", "--port", board.port) == errors.USAGE
        assert "holds no application to go back to" in capsys.readouterr().err
        assert flash.greet(str(board.port), 4)["serial"] == SERIAL
        assert board.started == ["runs one"]
