"""The config file: where it is, what it may say, what comes first, and what is said when it is wrong."""

import tomllib
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from desk import document
from wirepeer import EMPTY_STATUS, Peer

from infuser.wire import messages
from pumpctl import config, each_time, errors, paths, ports
from pumpctl.cli import main, settings
from pumpctl.cli.group import every_command
from pumpctl.ports import Port

Write = Callable[[str], Path]


@pytest.fixture
def write(home: Path) -> Write:
    """Writes the config file of the tool's own folder."""

    def to(text: str) -> Path:
        (home / "config.toml").write_text(text, encoding="utf-8")
        return home / "config.toml"

    return to


def origins(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, tuple[str, str]]:
    """Option -> (value, where it is from), as `config show` tells it."""
    assert main.run([*words, "--json"]) == errors.DONE
    return {one["option"]: (one["value"], one["origin"]) for one in document(capsys)["options"]}


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What is said on stderr by a command that ends with exit code 2."""
    assert main.run([*words]) == errors.USAGE
    told = capsys.readouterr()
    assert told.out == "" and "Traceback" not in told.err
    return told.err


def test_it_is_below_the_tools_folder_unless_the_environment_names_another(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(["config", "path"]) == errors.DONE
    assert capsys.readouterr().out == f"{home / 'config.toml'}\n"
    monkeypatch.setenv("PUMPCTL_CONFIG", str(home / "mine.toml"))
    assert paths.config_file() == home / "mine.toml"
    assert "mine.toml: 1 problem" in refused(capsys, "status")
    monkeypatch.delenv("PUMPCTL_CONFIG")
    monkeypatch.delenv("PUMPCTL_HOME")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "etc"))
    assert paths.config_file().name == "config.toml" and "pumpctl" in paths.config_file().parts


def test_flag_then_environment_then_pump_then_command_then_default(
    write: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(
        'operator = "Ada"\n[prime]\nlumen = "1ul/cm"\nover = "7min"\n\n'
        '[pump.ward1]\nport = "/dev/ttyACM7"\noperator = "Bo"\nlumen = "2.2ul/cm"\n'
    )
    told = origins(capsys, "config", "show", "prime")
    assert told["--lumen"] == ("1ul/cm", f"{file}:3") and told["--operator"] == ("Ada", f"{file}:1")
    told = origins(capsys, "-p", "ward1", "config", "show", "prime")
    assert told["--lumen"] == ("2.2ul/cm", f"{file}:9") and told["--operator"] == ("Bo", f"{file}:8")
    assert told["--over"] == ("7min", f"{file}:4") and told["--catheter-length"] == ("", "default")
    assert told["--port"] == ("ward1", "flag")
    monkeypatch.setenv("PUMPCTL_PRIME_LUMEN", "3ul/cm")
    monkeypatch.setenv("PUMPCTL_OPERATOR", "Cy")
    told = origins(capsys, "-p", "ward1", "config", "show", "prime")
    assert told["--lumen"] == ("3ul/cm", "PUMPCTL_PRIME_LUMEN") and told["--operator"] == ("Cy", "PUMPCTL_OPERATOR")
    monkeypatch.setenv("PUMPCTL_YES", "1")
    assert origins(capsys, "config", "show")["--yes"] == ("true", "PUMPCTL_YES")
    assert origins(capsys, "--operator", "Di", "config", "show")["--operator"] == ("Di", "flag")


def test_a_command_takes_what_config_show_says(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """Each place in turn, seen at what the pump is asked: the time over which is primed, and by whom."""

    def asked(*words: str) -> tuple[int, int, str]:
        answer = {"volume_nl": 1, "ends_ms": 0}
        handlers = {
            messages.PRIME: lambda request: answer,
            messages.STATUS: lambda request: EMPTY_STATUS,
        }
        with Peer(handlers) as peer:
            write(
                f'operator = "Ada"\n[prime]\nover = "7min"\n[pump.ward1]\nport = "{peer.port}"\noperator = "Bo"\n'
                'catheter-length = "60cm"\nlumen = "2.2ul/cm"\n'
            )
            main.run(["prime", "--yes", *words])
            sent = [request for seen, _, request in peer.seen if seen == messages.PRIME][0]
        capsys.readouterr()
        return sent["volume_nl"], sent["duration_ms"], sent["operator"]

    assert asked("-p", "ward1") == (132_000, 420_000, "Bo")
    assert asked("-p", "ward1", "200ul", "--operator", "Cy", "--over", "2min") == (200_000, 120_000, "Cy")
    assert asked("--dead-space", "10ul", "-p", "ward1") == (142_000, 420_000, "Bo")


def test_a_board_is_found_by_its_serial_number_and_shown_by_its_name(
    write: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Peer() as peer:
        boards = [Port("/dev/ttyACM0", "/dev/ttyACM0", "usb", "Pico", "aa01"), Port("x", peer.port, "usb", "", "bb02")]
        monkeypatch.setattr("pumpctl.ports.usb_ports", lambda: boards)
        write('[pump.left]\nserial = "AA01"\n[pump.right]\nserial = "bb02"\n[pump.off]\nserial = "cc"\n')
        assert [port.name for port in ports.find()] == ["left", "right"]
        assert ports.resolve("right").spec == ports.resolve("BB02").spec == peer.port
        assert main.run(["-p", "off", "status"]) == errors.NO_LINK
        assert "off, serial number cc, is not connected; connected: aa01, bb02" in capsys.readouterr().err
        # The board says over USB that it is bb02, the pump on it that it is another one.
        assert main.run(["-p", "right", "stop"]) == errors.NO_LINK
        assert "not right, which has bb02" in capsys.readouterr().err
        assert {seen for seen, _, _ in peer.seen} == {messages.HELLO}
    assert main.run(["-p", "lefft", "status"]) == errors.NO_LINK
    assert "did you mean left?" in capsys.readouterr().err


def test_a_name_that_a_running_virtual_pump_has_too_is_not_guessed_at(
    write: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("pumpctl.ports.virtual_ports", lambda: [Port("ward1", "/x/ward1/pty", "virtual", "")])
    with Peer() as peer:
        write(f'[pump.ward1]\nport = "{peer.port}"\n')
        assert main.run(["-p", "ward1", "stop"]) == errors.NO_LINK
        assert "a virtual pump that runs is called so too" in capsys.readouterr().err
        assert peer.seen == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("prot = 'x'", "line 1, prot: unknown key; did you mean port? allowed: port, operator"),
        ("[statsu]\ninterval = '1s'", "line 1, statsu: unknown key; did you mean status?"),
        ("[status]\n\nintervall = '1s'", "line 3, status.intervall: unknown key; did you mean interval?"),
        ("[status]\ninterval = '1'", 'line 2, status.interval: "1" has no unit'),
        ("[status]\ninterval = 10", "line 2, status.interval: must be text in quotes, with its unit"),
        ("[status]\nwatch = 'yes'", "line 2, status.watch: must be true or false"),
        ("[pump.a]\nlumen = '2ml'", "line 2, pump.a.lumen: \"2ml\" has an unknown unit 'ml'"),
        ("[pump.a]\ncatheter_lenght = '6cm'", "did you mean catheter_length?"),
        ("[pump.a]\nport = 3", "line 2, pump.a.port: must be text in quotes"),
        ("[pump.a]\nport = 'X1'\n[pump.b]\nport = 'x1'", "line 4, pump.b.port: is that of pump.a; a pump has one name"),
        ("pump = 3", "line 1, pump: unknown key"),
        ("[status\n", "not TOML"),
        ("yes = true", "line 1, yes: may not be set by a file: a file would answer yes"),
        ("[status]\njson = true", "status.json: may not be set by a file"),
        ("[pump.a]\npatient = 'P'", "pump.a.patient: may not be set by a file: the patient's identity"),
    ],
)
def test_what_is_wrong_is_named_with_file_line_and_nearest_key(
    write: Write, capsys: pytest.CaptureFixture[str], text: str, expected: str
) -> None:
    file = write(text)
    told = refused(capsys, "status")
    assert f"{file}: 1 problem" in told and expected in told and "pumpctl config check" in told
    assert expected in refused(capsys, "config", "check")
    assert main.run(["config", "path"]) == main.run(["config", "template"]) == main.run(["--help"]) == errors.DONE


@pytest.mark.parametrize(
    "text",
    [
        "[program.send]\nconfirm-warnings = true",
        "[program.send]\nno-bridge = true",
        "[program.send]\nbridge = '1ml'",
        "[program.send]\nstart = true",
        "[bolus]\nover = '10min'",
        "[stop]\nfor = '30min'",
        "[refill]\nresidual = '1ml'",
        "[virtual.stop]\nall = true",
        "[titrate]\nresponse = 'positive'",
        "[titrate]\nlimit = '2000ug/d'",
        "[program.send]\nhighlight = '21%'",
    ],
)
def test_what_confirms_or_is_part_of_an_order_cannot_be_set_by_a_file(
    write: Write, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    write(text)
    told = refused(capsys, "config", "check")
    assert "may not be set by a file" in told or "not for fewer" in told
    assert "Traceback" not in told


def test_no_option_that_confirms_is_settable_whatever_command_has_it() -> None:
    found = every_command(main.cli)
    flags = {
        (path, key): settings.why_not(path, option)
        for path, command in found.items()
        for key, option in settings.own_options(command).items()
        if option.is_flag or key.startswith(("confirm", "patient"))
    }
    assert settings.why_not("visit adjust", click.Option(["--confirm-dose"])) and settings.why_not(
        "new command", click.Option(["--confirm-dose"])
    )
    assert ("program send", "confirm_warnings") in flags and ("bolus", "patient") in flags
    assert {f"{path} {key}" for (path, key), reason in flags.items() if not reason} <= {*each_time.HARMLESS_FLAGS}


def test_a_wrong_section_of_another_command_hinders_nobody_but_the_check(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("[log.show]\ntail = 'many'\n")
    assert main.run(["ports"]) == errors.DONE
    capsys.readouterr()
    assert "log.show.tail: must be a number" in refused(capsys, "config", "check")
    assert "log.show.tail" in refused(capsys, "log", "show")


@pytest.mark.parametrize("text", ["nonsense", "prot = 'x'", "[statsu]\n", "[pump.a]\nport = 3", "[stop]\nfor = '1h'"])
def test_a_stop_is_never_held_up_by_a_slip_in_the_file(
    write: Write, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    file = write(text)
    with Peer({messages.STOP: lambda request: {"state": 6, "start_in_ms": 0}}) as peer:
        assert main.run(["-p", peer.port, "stop"]) == errors.DONE
        assert messages.STOP in {seen for seen, _, _ in peer.seen}
    told = capsys.readouterr()
    assert told.out.startswith("Stopped.") and f"the config file is left out: {file}" in told.err
    if "[stop]" not in text:
        assert "1 problem" in refused(capsys, "resume")


def test_the_template_uncommented_is_valid_and_knows_every_settable_option(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(["config", "template"]) == errors.DONE
    text = capsys.readouterr().out
    assert tomllib.loads(text) == {}
    live = "\n".join(line[2:] if line[:2] == "# " and ("=" in line or "[" in line[:3]) else line
                     for line in text.splitlines()[4:])  # fmt: skip
    write(live)
    assert main.run(["config", "check"]) == errors.DONE, capsys.readouterr().err
    capsys.readouterr()
    told = config.load()
    for path, command in every_command(main.cli).items():
        if not isinstance(command, click.Group):
            assert set(told.section(path)) == set(settings.settable(path, command)), path


def test_the_template_is_written_once_and_never_over_a_file(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["config", "template", "--write"]) == errors.DONE
    written = (home / "config.toml").read_bytes()
    assert "is there already" in refused(capsys, "config", "template", "--write").splitlines()[-2]
    assert (home / "config.toml").read_bytes() == written


def test_the_file_of_the_user_does_not_reach_scratch_pumps(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    from pumpctl import scratch

    monkeypatch.setenv("PUMPCTL_CONFIG", str(write('port = "/dev/ttyACM0"\n')))
    with scratch.private_home():
        assert config.load().empty
    assert config.load().text("port") == "/dev/ttyACM0"
