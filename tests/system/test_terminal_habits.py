"""What the tool prints in a pipe, on terminals wide, narrow and dumb, in other encodings, and when nobody reads on."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from pumpctl import errors, program

PUMPCTL = str(Path(sys.executable).parent / "pumpctl")
EXAMPLE = str(program.example())
COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-9]")
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_terminal(*words: str, columns: int = 100, **env: str) -> str:
    """What a person sees: stdout on a real terminal of that width."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    told = {**{name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")}, **env}
    told.setdefault("TERM", "xterm-256color")
    pipe = subprocess.PIPE
    tool = subprocess.Popen([PUMPCTL, *words], stdin=subprocess.DEVNULL, stdout=theirs, stderr=pipe, env=told)
    os.close(theirs)
    seen = b""
    while True:
        try:
            data = os.read(ours, 65536)
        except OSError:
            break
        if not data:
            break
        seen += data
    assert tool.wait(30) == errors.DONE, tool.stderr.read() if tool.stderr else ""
    os.close(ours)
    return seen.decode()


def piped(*words: str, **env: str) -> subprocess.CompletedProcess[bytes]:
    told = {**os.environ, **env}
    told.pop("PYTHONUNBUFFERED", None)
    return subprocess.run([PUMPCTL, *words], capture_output=True, env=told, check=False, timeout=30)


def test_a_terminal_gets_styles_by_its_kind_and_width_and_a_pipe_gets_plain_text(bench) -> None:
    plant = bench()
    plant.fault("supply-off")
    plant.advance_ms(300_000)
    assert COLOUR.search(on_terminal("alarms", "list"))
    assert not COLOUR.search(on_terminal("alarms", "list", NO_COLOR="1"))
    dumb = on_terminal("alarms", "list", TERM="dumb")
    assert "\x1b" not in dumb and "supply-lost" in dumb
    assert COLOUR.search(piped("alarms", "list", FORCE_COLOR="1", TERM="xterm").stdout.decode())
    assert "\x1b" not in piped("alarms", "list", TERM="xterm").stdout.decode()
    # Wide and narrow.
    wide = ESCAPE.sub("", on_terminal("ports", columns=160))
    assert re.search(r"NAME +KIND +PORT +WHAT", wide)
    narrow = ESCAPE.sub("", on_terminal("ports", columns=44))
    assert re.search(r"NAME +bench", narrow) and re.search(r"KIND +virtual", narrow)
    assert max(len(line.rstrip("\r")) for line in narrow.split("\n")) <= 44


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_character_that_the_output_lacks_is_shown_otherwise_and_ends_nothing(
    pump_home: Path, tmp_path: Path, encoding: str
) -> None:
    text = Path(EXAMPLE).read_text(encoding="utf-8").replace("BENCH-001", "Zoë Δ漢").replace('"50ug"', '"50µg"')
    file = tmp_path / "µ.toml"
    file.write_text(text, encoding="utf-8")
    ran = piped("program", "show", str(file), PYTHONIOENCODING=encoding)
    assert ran.returncode == errors.DONE and ran.stderr == b""
    shown = ran.stdout.decode(encoding)
    assert "d\\u6f22" in shown and ("Zoë" in shown if encoding == "cp1252" else "Zo\\xeb" in shown)
    ran = piped("program", "check", str(tmp_path / "µ-漢.toml"), PYTHONIOENCODING=encoding)
    assert ran.returncode == errors.USAGE and b"Traceback" not in ran.stderr and b"No such file" in ran.stderr


def into_closed_pipe(*words: str) -> tuple[int, str]:
    """Exit code and stderr of a command whose reader is gone before it says anything."""
    reading, writing = os.pipe()
    os.close(reading)
    ran = subprocess.run([PUMPCTL, *words], stdout=writing, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    os.close(writing)
    return ran.returncode, ran.stderr


def test_a_reader_that_went_away_changes_nothing_and_nothing_is_said_of_it(bench, cli) -> None:
    bench()
    assert cli("log", "pull").exit_code == errors.DONE
    export = ["log", "export", "--all", "--format", "csv"]
    for words in (["--help"], ["log", "show", "--all"], export, ["status", "--json"], ["status", "--watch"]):
        assert into_closed_pipe(*words) == (errors.DONE, ""), words
    # The order is carried out and its exit code is its own, whoever reads of it.
    code, said = into_closed_pipe("refill", "--begin", "--yes")
    assert code == errors.DONE and "Traceback" not in said
    assert cli("status", "--json").json["state"] == "refill"
    code, said = into_closed_pipe("resume")
    assert code == errors.REFUSED and "pumpctl: the pump refused resume" in said and "Traceback" not in said


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_full_disk_under_the_output_is_said_and_is_no_internal_error(pump_home: Path) -> None:
    for words in (["program", "show", EXAMPLE], ["program", "show", EXAMPLE, "--json"], ["--help"]):
        with open("/dev/full", "w") as full:
            ran = subprocess.run([PUMPCTL, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        assert ran.returncode == errors.USAGE, (words, ran.stderr)
        assert "the output cannot be written: No space left" in ran.stderr and "Traceback" not in ran.stderr


def test_ctrl_c_ends_a_command_with_130_and_one_line(bench) -> None:
    bench(speed=1)
    tool = subprocess.Popen([PUMPCTL, "virtual", "advance", "300d"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert tool.stderr is not None and tool.stderr.readline() != b"", "it has begun"
    time.sleep(0.05)
    tool.send_signal(signal.SIGINT)
    _, said = tool.communicate(timeout=30)
    assert tool.returncode == errors.INTERRUPTED
    assert b"interrupted" in said and b"Traceback" not in said
