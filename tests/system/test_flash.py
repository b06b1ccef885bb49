"""The firmware is compiled, planned and copied onto a board, which starts a whole application whatever happens.

The board is the MicroPython VM at its prompt behind a pseudo-terminal, with a littlefs that outlives it.
"""

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from access import provision
from ward import PATIENT, Ward, infusing
from wirepeer import Peer

from infuser import VERSION
from infuser.core import snapshot
from infuser.core.journal import BUDGET_BYTES, Journal
from infuser.core.ledger import Ledger
from infuser.hw.storage import Files
from infuser.wire import messages, records
from infuser.wire.errors import PROTOCOL_MISMATCH
from infuser.wire.messages import Refusal
from pumpctl import firmware_files, flash, flash_back, flash_plan, flash_target, keystore
from pumpctl.errors import Declined, LinkError, PumpctlError, Refused, UsageProblem, VerificationError
from pumpctl.flash_board import SPARE_BYTES, Board, Facts, Needs, NoPrompt
from pumpctl.flash_plan import Plan, make_plan
from pumpctl.virtual import VirtualPump
from pumpctl.virtual.launcher import micropython

VM_BOARD = Path(__file__).with_name("vm_board.py")
PUMPCTL = Path(sys.executable).parent / "pumpctl"
VM_NEEDS = Needs(platform="linux", chip="linux", version=(1, 26))
BLOCKS = 352  # of the file system on a Pico
STORED_BYTES = 16 * flash_plan.BLOCK_BYTES  # libraries, keys, windows, checkpoints, folders, the root
PICO = Facts("rp2", "Raspberry Pi Pico with RP2040", (1, 26, 0), 6, 900_000)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the VM's pseudo-terminal is used as on Linux")


@contextmanager
def at_prompt(image: Path, power_fails_at: int = 0) -> Iterator[str]:
    """A board at its prompt; yields its port."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    command = [micropython(), "-i", str(VM_BOARD), str(image), "prompt", str(power_fails_at)]
    process = subprocess.Popen(command, stdin=master, stdout=master, stderr=master)
    os.close(master)
    try:
        yield os.ttyname(slave)
    finally:
        process.kill()
        process.wait()
        os.close(slave)


def boot(image: Path) -> str:
    """What the application on the board prints when the board starts, and again if it resets itself."""
    command = [micropython(), str(VM_BOARD), str(image), "boot", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr + (boot(image) if done.returncode == -signal.SIGHUP else "")


@pytest.fixture
def version(tmp_path: Path) -> Callable[[str], Plan]:
    """Compiles an application that prints which one it is, from two modules that must belong together."""

    def make(name: str) -> Plan:
        folder = tmp_path / name
        sources = {
            "infuser/__init__.py": f"NAME = {name!r}\n",
            "infuser/core/__init__.py": "",
            "infuser/core/dose.py": f"NAME = {name!r}\nTABLE = {list(range(800))}\n",
            "main.py": "import infuser\nfrom infuser.core import dose\ndef main(): print(infuser.NAME, dose.NAME)\n",
        }
        for path, text in sources.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        return make_plan(flash_plan.compiler(), {path: folder / path for path in sources})

    return make


def install(image: Path, plan: Plan, power_fails_at: int = 0) -> None:
    with at_prompt(image, power_fails_at) as port, Board(port) as board:
        flash.install(board, plan, VM_NEEDS, lambda done: None)
        board.restart()


def test_every_file_of_the_firmware_is_compiled_and_planned() -> None:
    plan = make_plan(flash_plan.compiler())
    expected = {re.sub(r"\.py$", ".mpy", path) for path in firmware_files.application()}
    assert {file.path for file in plan.files} == expected | {"image.txt", "about.txt"}
    assert {"main.mpy", "infuser/__init__.mpy", "infuser/wire/messages.mpy", "infuser/hw/drive.mpy"} <= expected
    assert all(file.data[:1] == b"M" for file in plan.files if file.path in expected)
    assert plan.folders == ["infuser", "infuser/app", "infuser/core", "infuser/hw", "infuser/wire"]


def test_an_update_has_room_beside_the_application_before_and_a_full_journal() -> None:
    plan = make_plan(flash_plan.compiler())
    assert 2 * plan.room + BUDGET_BYTES + STORED_BYTES + SPARE_BYTES <= BLOCKS * flash_plan.BLOCK_BYTES


def test_the_planned_hashes_are_those_of_the_compiled_bytes(version: Callable[[str], Plan]) -> None:
    assert [file.sha256 for file in version("one").files] == [file.sha256 for file in version("one").files]
    assert version("one").document()["files"] != version("two").document()["files"]


def test_the_list_that_the_pump_checks_itself_with_names_every_compiled_file(version: Callable[[str], Plan]) -> None:
    *compiled, about, listed = version("one").files
    assert (about.path, listed.path) == (firmware_files.ABOUT, firmware_files.IMAGE_LIST)
    assert listed.data.decode() == "".join(f"{file.sha256}  {file.path}\n" for file in (*compiled, about))


def test_an_application_is_installed_and_starts(tmp_path: Path, version: Callable[[str], Plan]) -> None:
    install(tmp_path / "image", version("one"))
    assert boot(tmp_path / "image") == "one one\n"


def test_an_update_takes_the_place_of_the_application_before(tmp_path: Path, version: Callable[[str], Plan]) -> None:
    image = tmp_path / "image"
    for name in ("one", "two", "three"):
        install(image, version(name))
        assert boot(image) == f"{name} {name}\n"


def test_a_power_cut_at_any_moment_leaves_a_whole_application(tmp_path: Path, version: Callable[[str], Plan]) -> None:
    one, two = version("one"), version("two")
    install(tmp_path / "before", one)
    started = set()
    fails_at, step, cut = 1, 4, True
    while cut:
        image = tmp_path / f"image{fails_at}"
        shutil.copy(tmp_path / "before", image)
        try:
            install(image, two, fails_at)
            cut = False
        except PumpctlError as error:
            assert error.remedy
        printed = boot(image)
        assert printed in ("one one\n", "two two\n"), f"power cut at write {fails_at}"
        started.add(printed)
        install(image, two)
        assert boot(image) == "two two\n"
        fails_at += step
    assert started == {"one one\n", "two two\n"}


def test_a_power_cut_while_going_back_leaves_a_whole_application(
    tmp_path: Path, version: Callable[[str], Plan]
) -> None:
    for name in ("one", "two"):
        install(tmp_path / "before", version(name))
    with at_prompt(tmp_path / "before") as port, Board(port) as board:
        board._run("os.mkdir('/app.new'); open('/app.new/part', 'w').close()")
    started = []
    fails_at, cut = 1, True
    while cut:
        image = tmp_path / f"image{fails_at}"
        shutil.copy(tmp_path / "before", image)
        with at_prompt(image, fails_at) as port:
            try:
                with Board(port) as board:
                    assert flash_back.usable(board).firmware == VERSION
                    board.roll_back()
                    cut = False
            except PumpctlError as error:
                assert "--roll-back" in error.remedy
        started.append(boot(image))
        # What was cut off is finished by the next order, whichever that is.
        with at_prompt(image) as port, Board(port) as board:
            there = set(board._value("os.listdir('/')")) - {"main.py"}
            assert {"app", "app.old"} & there and there <= {"app", "app.old", "app.new"}
            if "app" not in there:
                board.roll_back()
                assert set(board._value("os.listdir('/')")) == {"app", "app.old", "main.py"}
        assert boot(image) == started[-1]
        fails_at += 1
        assert fails_at < 100
    assert started == sorted(started, reverse=True) and set(started) == {"one one\n", "two two\n"}


@pytest.mark.parametrize("harm", ["os.remove('/app/infuser/core/dose.mpy')", "open('/app/main.mpy', 'wb').close()"])
def test_an_application_that_cannot_be_loaded_gives_way_to_the_one_before(
    tmp_path: Path, version: Callable[[str], Plan], harm: str
) -> None:
    image = tmp_path / "image"
    for name in ("one", "two"):
        install(image, version(name))
    with at_prompt(image) as port, Board(port) as board:
        board._run(harm)
    assert boot(image) == boot(image) == "one one\n"
    with at_prompt(image) as port, Board(port) as board:
        board._run(harm.replace("/app/", "/app.old/"))
    told = boot(image)
    assert "Error" in told and "one" not in told
    install(image, version("three"))
    assert boot(image) == "three three\n"


def test_a_file_that_arrives_changed_is_found_and_the_application_stays(
    tmp_path: Path, version: Callable[[str], Plan]
) -> None:
    image = tmp_path / "image"
    install(image, version("one"))
    plan = version("two")
    with at_prompt(image) as port, Board(port) as board:
        board.copy(plan)
        board._run("f = open('/app.new/infuser/core/dose.mpy', 'r+b')\nf.seek(40)\nf.write(b'?')\nf.close()")
        with pytest.raises(VerificationError, match="infuser/core/dose.mpy"):
            board.verify(plan)
    assert boot(image) == "one one\n"


def test_a_board_that_is_unplugged_is_reported_as_lost(tmp_path: Path, version: Callable[[str], Plan]) -> None:
    with pytest.raises(LinkError, match="lost") as lost:
        install(tmp_path / "image", version("one"), power_fails_at=20)
    assert lost.value.exit_code == 4
    assert "run the command again" in lost.value.remedy


def test_a_port_without_a_prompt_says_what_to_connect() -> None:
    master, slave = pty.openpty()
    tty.setraw(slave)
    try:
        with pytest.raises(NoPrompt, match="no MicroPython prompt") as error:
            Board(os.ttyname(slave), prompt_s=0.3)
        assert "1.26" in error.value.remedy
    finally:
        os.close(master)
        os.close(slave)


def test_the_board_tells_what_it_is(tmp_path: Path) -> None:
    with at_prompt(tmp_path / "image") as port, Board(port) as board:
        facts = board.facts()
    assert facts.platform == "linux"
    assert facts.version >= (1, 26, 0)
    assert facts.bytecode == 6
    assert 300_000 < facts.free_bytes < 96 * 4096


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        (Facts("esp32", "Generic ESP32", (1, 27, 0), 6, 900_000), "not one with RP2040"),
        (Facts("rp2", "Raspberry Pi Pico 2 with RP2350", (1, 27, 0), 6, 900_000), "not one with RP2040"),
        (Facts("rp2", "Raspberry Pi Pico with RP2040", (1, 25, 0), 6, 900_000), "MicroPython 1.25.0; 1.26 or newer"),
        (Facts("rp2", "Raspberry Pi Pico with RP2040", (1, 26, 0), 7, 900_000), "loads bytecode 7, mpy-cross made 6"),
        (Facts("rp2", "Raspberry Pi Pico with RP2040", (1, 26, 0), 6, 1000), "1000 bytes free"),
    ],
)
def test_a_board_that_cannot_run_the_application_is_refused(
    facts: Facts, told: str, version: Callable[[str], Plan]
) -> None:
    plan = version("one")
    Needs().check(PICO, plan)
    with pytest.raises(UsageProblem, match=told) as refused:
        Needs().check(facts, plan)
    assert refused.value.remedy


def test_the_watchdog_of_an_application_that_left_is_switched_off() -> None:
    """RP2040 datasheet: WATCHDOG CTRL at 0x40058000, ENABLE is bit 30, the clearing alias lies 0x3000 above."""
    registers: dict[int, int] = {}
    scope: dict = {}
    exec(compile(firmware_files.beside("onboard.py").read_text(), "onboard.py", "exec"), scope)
    scope["hold_watchdog"](registers)
    assert registers == {0x4005B000: 1 << 30}


def test_a_running_pump_is_left_alone_unless_a_person_agrees(bench: Callable[..., VirtualPump]) -> None:
    port = str(bench("running").port)
    asked = []

    def decline(question: str) -> None:
        asked.append(question)
        raise Declined("not confirmed")

    with pytest.raises(Declined), flash.prompt_of(port, "Ada", decline):
        pass
    assert f"runs firmware {VERSION}" in asked[0]
    assert flash.await_pump(port)["firmware"] == VERSION


@pytest.mark.parametrize("agrees", [True, False], ids=["same declarations", "other declarations"])
def test_a_pump_with_newer_firmware_is_not_given_an_older_one(agrees: bool) -> None:
    def hello(request: dict) -> dict:
        if not agrees:
            raise Refusal(PROTOCOL_MISMATCH, "protocol", text="pump: firmware 0.10.0 protocol aa; host: 1 protocol bb")
        return {"protocol": messages.protocol_hash(), "firmware": "0.10.0", "serial": "ab" * 8, "boot_count": 3}

    with Peer({messages.HELLO: hello}) as peer:
        prompt = flash.prompt_of(peer.port, "Ada", lambda question: pytest.fail("nothing is to be asked"))
        with pytest.raises(UsageProblem, match="newer than") as caught, prompt:
            pass
        assert (caught.value.field, caught.value.value) == ("firmware", "0.10.0") and caught.value.remedy
        assert {command for command, _, _ in peer.seen} == {messages.HELLO}


@pytest.mark.parametrize("newer", [0, 1])
def test_an_application_that_cannot_read_the_stored_state_is_not_installed(
    tmp_path: Path, version: Callable[[str], Plan], newer: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "VERSION", snapshot.VERSION + newer)
    journal = Journal(Files(str(tmp_path / "pump")), Ledger().snapshot)
    journal.open()
    journal.append(records.AUDIO_PAUSE, {"pause_s": 1, "operator": ""}, 1, 1)
    monkeypatch.undo()
    (segment,) = (tmp_path / "pump").iterdir()
    image = tmp_path / "board.img"
    with at_prompt(image) as port, Board(port) as board:
        assert board.state_version() == 0
        board._run("os.mkdir('/pump')")
        for name, data in (("j0000zzzz", b""), (segment.name, segment.read_bytes()[:99]), ("c0", b"x")):
            board._run(f"f = open('/pump/{name}', 'wb'); f.write({data!r}); f.close()")
        assert board.state_version() == snapshot.VERSION + newer
    if not newer:
        install(image, version("new"))
        assert boot(image) == "new new\n"
        return
    with pytest.raises(UsageProblem, match="holds state of version") as caught:
        install(image, version("new"))
    assert (caught.value.value, caught.value.high) == (snapshot.VERSION + 1, snapshot.VERSION)
    with at_prompt(image) as port, Board(port) as board:
        assert board._value("os.listdir('/')") == ["pump"]


def test_versions_are_compared_by_their_numbers() -> None:
    for older in (VERSION, "0.0.9", "", "unknown"):
        flash.refuse_downgrade(older)
    for newer in ("99", "0.10.0", f"{VERSION}.1"):
        with pytest.raises(UsageProblem):
            flash.refuse_downgrade(newer)


def test_a_virtual_pump_is_not_flashed(bench: Callable[..., VirtualPump]) -> None:
    bench("bench-a")
    with pytest.raises(UsageProblem, match="bench-a is a virtual pump"):
        flash.board_port("bench-a")


def pumpctl(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PUMPCTL, *arguments], capture_output=True, text=True, timeout=120)


def test_a_dry_run_lists_the_files_without_a_board() -> None:
    done = pumpctl("--json", "flash", "--dry-run")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["firmware"] == VERSION
    assert told["installed"] is False
    assert sum(file["size"] for file in told["files"]) < told["bytes"]
    assert all(re.fullmatch("[0-9a-f]{64}", file["sha256"]) for file in told["files"])


def test_without_a_board_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pumpctl.ports.usb_ports", list)
    monkeypatch.setattr("pumpctl.bootsel.drives", list)
    with pytest.raises(LinkError, match="no board found") as error:
        flash_target.find(None, None, False)
    assert error.value.exit_code == 4
    assert "BOOTSEL" in error.value.remedy


@pytest.mark.parametrize("compiler", ["/nowhere/mpy-cross", "/bin/ls"])
def test_a_compiler_that_is_none_is_refused_by_name(compiler: str) -> None:
    done = pumpctl("flash", "--dry-run", "--mpy-cross", compiler)
    assert done.returncode == 2
    assert compiler in done.stderr
    assert "Traceback" not in done.stderr


def test_a_pump_that_delivers_stays_as_it_is_and_says_what_to_stop(
    cli: Callable[..., Any], bench: Callable[..., VirtualPump], monkeypatch: pytest.MonkeyPatch
) -> None:
    ward = infusing(cli, bench)
    ward.do("stop")
    provision(ward)
    ward.do("resume")
    port = str(ward.plant.port)
    monkeypatch.setattr(flash, "PROMPT_S", 0.3)
    for command, state in (
        ((), "infusing"),
        (("bolus", "10ug", "--over", "10min", "--patient", PATIENT, "--yes"), "bolus"),
        (("minimum-rate", "on", "--yes"), "minimum-rate"),
    ):
        if command:
            ward.do(*command)
        with pytest.raises(Refused, match=state) as refused, flash.prompt_of(port, "Ada", lambda question: None):
            pass
        assert (refused.value.exit_code, refused.value.remedy) == (3, "stop therapy first: `pumpctl stop`")
        assert ward.state == state


def test_a_pump_that_stands_leaves_for_whoever_holds_its_key_and_nobody_else(
    cli: Callable[..., Any], bench: Callable[..., VirtualPump], monkeypatch: pytest.MonkeyPatch
) -> None:
    ward = Ward(cli, bench())
    keys = provision(ward)
    port = str(ward.plant.port)
    monkeypatch.setattr(flash, "PROMPT_S", 0.3)
    monkeypatch.setattr(flash, "RELEASE_S", 0.3)
    keystore.forget(keys.serial)
    with pytest.raises(Refused) as refused, flash.prompt_of(port, "Ada", lambda question: None):
        pass
    assert refused.value.name == "not-signed-in"
    assert ward.state == "idle"
    keystore.save(keys)
    with pytest.raises(NoPrompt), flash.prompt_of(port, "Ada", lambda question: None):
        pass  # it has left: on the bench its virtual machine ends, and there is no prompt
