"""`pumpctl doctor` at what is really wrong: each check shown finding it, and finding nothing where nothing is."""

import contextlib
import json
import os
import pty
import signal
import sqlite3
import subprocess
import sys
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from access import provision
from libraries import newer, signed
from ward import HOUR_MS, SECOND_MS, Ward, infusing
from wirepeer import EMPTY_STATUS, Peer, hello

from infuser.wire import errors as wire_errors
from infuser.wire import messages
from pumpctl import (
    bootsel,
    doctor,
    doctor_files,
    doctor_keys,
    doctor_looks,
    doctor_machine,
    doctor_ports,
    doctor_pumps,
    doctor_settings,
    doctor_tools,
    doctor_virtual,
    errors,
    holders,
    keystore,
    library,
    paths,
    port_access,
    signing,
    store,
)  # fmt: skip
from pumpctl.client import Pump
from pumpctl.doctor import OK, PROBLEM, SKIPPED, WARNING, Finding, Scene
from pumpctl.errors import LinkError
from pumpctl.pending import PendingStore
from pumpctl.ports import Port
from pumpctl.store import Archive
from pumpctl.transport import open_transport
from pumpctl.virtual import VirtualPump, launcher

_HOLD = "import os, sys; port = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY); print('held', flush=True); input()"
Check = Callable[[Scene], Iterator[Finding]]


def found(check: Check, *ports: Port) -> list[Finding]:
    """What a check finds at these ports."""
    return list(check(Scene(ports, looks=doctor_looks.look(ports))))


def levels(check: Check, scene: Scene | None = None) -> list[str]:
    return [finding.level for finding in check(scene or Scene())]


def only(check: Check, scene: Scene | None = None) -> Finding:
    (finding,) = check(scene or Scene())
    return finding


def given(spec: object) -> Port:
    """A port as --port names it."""
    return Port(str(spec), str(spec), "given", "")


# Ports


@contextlib.contextmanager
def prompt() -> Iterator[str]:
    """A port at which MicroPython's own prompt is, as on a board without the pump's firmware.

    A greeting has a Ctrl-D in it: a board starts anew then, the unix port ends.
    """
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    script = f"while :; do '{launcher.micropython()}' -i; done"
    with subprocess.Popen(["sh", "-c", script], stdin=ours, stdout=ours, stderr=ours, start_new_session=True) as repl:
        try:
            yield os.ttyname(theirs)
        finally:
            os.killpg(repl.pid, signal.SIGKILL)
            os.close(ours)
            os.close(theirs)


def lacking(request: dict[str, Any]) -> dict[str, Any]:
    raise messages.Refusal(wire_errors.LIBRARY_MISSING)


ANSWERS = {messages.STATUS: lambda request: EMPTY_STATUS, messages.LIBRARY_READ: lacking}


def test_ports_that_are_held_silent_of_another_version_or_at_a_prompt_are_told_apart(pump_home):
    old = {messages.HELLO: lambda request: {**hello(request), "protocol": b"12345678", "firmware": "0.0.1"}}
    with Peer() as held, Peer({messages.HELLO: lambda request: None}) as mute, Peer(old) as other, prompt() as plain:
        command = [sys.executable, "-c", _HOLD, held.port]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
            assert holder.stdout is not None and holder.stdout.readline()
            ports = [given(port) for port in (held.port, mute.port, other.port, plain)]
            scene = Scene(ports, looks=doctor_looks.look(ports))
            holder.kill()
        assert held.seen == []  # its port was left alone
    (busy,) = doctor_ports.busy(scene)
    assert (busy.level, busy.pump) == (PROBLEM, held.port) and f"(process {holder.pid})" in busy.text
    assert busy.mend.startswith(f"kill {holder.pid}")
    answers = {one.pump: one for one in doctor_pumps.answers(scene)}
    assert set(answers) == {held.port, mute.port}, answers
    assert answers[mute.port].level == PROBLEM and "did not answer" in answers[mute.port].text
    version = only(doctor_pumps.firmware, scene)
    assert (version.level, version.pump) == (PROBLEM, other.port) and "0.0.1" in version.text
    assert "pumpctl flash" in version.mend
    board = only(doctor_ports.boards, scene)
    assert (board.level, board.mend) == (PROBLEM, f"pumpctl flash --port {plain}")


def test_a_program_that_reads_a_ports_answers_away_is_named_by_every_command(pump_home):
    with Peer({messages.HELLO: lambda request: None}) as peer:
        command = [sys.executable, "-c", _HOLD, peer.port]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
            assert holder.stdout is not None and holder.stdout.readline()
            with pytest.raises(LinkError) as failed:
                Pump(open_transport(peer.port), timeout_s=0.1)
            holder.kill()
    assert f"(process {holder.pid}) too" in failed.value.remedy


def test_without_proc_lsof_and_ps_tell_who_holds_a_port(monkeypatch, tmp_path):
    tools = {"lsof": f'[ "$1 $2" = "-t /dev/null" ] && echo 4711 && echo {os.getpid()}', "ps": "echo screen /dev/null"}
    for name, script in tools.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr(holders, "_PROC", tmp_path / "proc")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert holders.told("/dev/null") == "held by screen /dev/null (process 4711)"
    (tmp_path / "lsof").unlink()
    assert holders.told("/dev/null") == ""


def test_a_port_that_is_free_is_not_called_busy(pump_home):
    with Peer(ANSWERS) as peer:
        assert [one.level for one in found(doctor_ports.busy, given(peer.port))] == [OK]


def test_a_port_that_this_user_may_not_open_is_told_with_the_command_that_lets_him(tmp_path):
    ours, theirs = pty.openpty()
    port = os.ttyname(theirs)
    # Root may open everything: it becomes somebody else first.
    script = f"""
import os
from pumpctl import doctor_ports, port_access, transport
from pumpctl.doctor import Scene
from pumpctl.errors import PortError
from pumpctl.ports import Port
import keyring, serial
os.chmod({port!r}, 0o660)
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
else:
    os.chmod({port!r}, 0)
(finding,) = doctor_ports.permissions(Scene([Port("here", {port!r}, "given", "")]))
print(finding.level, finding.mend)
try:
    transport.open_transport({port!r})
except PortError as error:
    print(error.message, error.remedy)
"""
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    os.close(ours)
    os.close(theirs)
    assert told.returncode == 0, told.stderr
    finding, error = told.stdout.splitlines()
    assert finding.startswith(("problem sudo usermod -aG tty ", "problem pumpctl doctor --udev-rule | sudo tee "))
    assert error.startswith(f"no permission for port {port} ") and "pumpctl doctor" in error


def test_a_board_that_waits_for_an_image_is_seen_on_the_usb(tmp_path, monkeypatch):
    monkeypatch.setattr(bootsel, "USB_DEVICES", tmp_path)
    for place, vendor, product in (("1-1", "046d", "0003"), ("1-2", "2e8a", "0005")):
        (tmp_path / place).mkdir()
        (tmp_path / place / "idVendor").write_text(vendor + "\n")
        (tmp_path / place / "idProduct").write_text(product + "\n")
    assert levels(doctor_ports.boards) == [OK]
    (tmp_path / "1-2" / "idProduct").write_text("0003\n")
    finding = only(doctor_ports.boards)
    assert finding.level == PROBLEM and "1-2" in finding.text and finding.mend.startswith("pumpctl flash ")


# Pumps


def judged(pump: Ward) -> dict[str, list[str]]:
    """Levels of every check of a pump, as of one that is no virtual one."""
    port = given(pump.plant.port)
    scene = Scene([port], looks=doctor_looks.look([port]))
    names = [name for name, (module, *_) in doctor.CHECKS.items() if module == "pumpctl.doctor_pumps"]
    return {name: [one.level for one in getattr(doctor_pumps, doctor.CHECKS[name][1])(scene)] for name in names}


def test_a_pump_is_looked_at_without_a_trace_while_it_infuses_and_what_is_wrong_with_it_is_told(
    cli, bench, tmp_path, monkeypatch
):
    ward = infusing(cli, bench)
    with ward.client() as pump:
        pump.set_clock(*_now())
    before = ward.status()
    sound = judged(ward)
    assert sound == dict.fromkeys(sound, [OK])
    after = ward.status()
    for name in ("log_next", "state", "steps_total", "failed_attempts", "time"):
        assert after.get(name) == before.get(name)

    with ward.client() as pump:
        time_ms, offset_min = _now()
        pump.set_clock(time_ms - HOUR_MS, offset_min)
        pump.stop()
    assert (judged(ward)["clock"], judged(ward)["alarms"]) == ([PROBLEM], [WARNING])
    ward.plant.fault("clock-lost")
    ward.plant.power_cut()
    ward.advance(5 * SECOND_MS)
    lost = judged(ward)
    assert lost["clock"] == [PROBLEM] and PROBLEM in lost["alarms"]

    provision(ward)
    assert judged(ward)["keys"] == [OK]
    keystore.forget(ward.status()["serial"])
    assert judged(ward)["keys"] == [WARNING]


def _now() -> tuple[int, int]:
    from pumpctl import timetext

    return timetext.now()


def test_a_library_that_is_old_or_behind_the_shipped_one_is_told(cli, bench, tmp_path, monkeypatch):
    ward = Ward(cli, bench())
    ward.advance(5 * SECOND_MS)
    shipped = library.STARTING.read_text(encoding="utf-8").replace("version = 1", "version = 3", 1)
    (tmp_path / "shipped.toml").write_text(shipped, encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(library, "STARTING", tmp_path / "shipped.toml")
        library.starting.cache_clear()
        assert judged(ward)["drug library"] == [WARNING]
    library.starting.cache_clear()
    assert judged(ward)["drug library"] == [OK]
    key = tmp_path / "pharmacy.key"
    signing.keygen(key)
    stored = signed({**newer(2), "issued_min": 26_000_000}, key)  # in 2019
    ward.plant.fault("service-jumper")
    with ward.client() as pump:
        pump.trust_library_key(signing.modulus(key))
        pump.stage_library(stored)
        pump.commit_library(library.digest(stored))
    port = given(ward.plant.port)
    (finding,) = found(doctor_pumps.drug_library, port)
    assert finding.level == WARNING and "years old" in finding.text
    assert finding.mend == f"pumpctl library show --port {port.name}"


# This machine


def test_a_misspelt_variable_is_told_with_the_nearest_name(pump_home, monkeypatch):
    assert levels(doctor_settings.variables) == [OK]
    monkeypatch.setenv("PUMPCTL_PROT", "ward1")
    monkeypatch.setenv("PUMPCTL_STATUS_INTERVAL", "5s")
    wrong, fine = doctor_settings.variables(Scene())
    assert wrong.level == PROBLEM and wrong.mend == 'export PUMPCTL_PORT="$PUMPCTL_PROT"; unset PUMPCTL_PROT'
    assert "PUMPCTL_STATUS_INTERVAL" in fine.text and "PROT" not in fine.text
    monkeypatch.setenv("PUMPCTL_YES", "1")
    assert levels(doctor_settings.variables) == [PROBLEM, WARNING, OK]


def test_a_config_file_that_cannot_be_used_is_told_with_its_line_and_hinders_no_check(pump_home, cli):
    pump_home.mkdir()
    (pump_home / "config.toml").write_text('[status]\nintervall = "5s"\n')
    wrong = only(doctor_settings.config)
    assert wrong.level == PROBLEM and "interval" in wrong.text and "config check" in wrong.mend
    (pump_home / "config.toml").write_text("port = \n")
    broken = {one["check"]: one for one in cli("doctor", "--json").json["checks"]}
    assert broken["config"]["level"] == PROBLEM and "config.toml" in broken["config"]["text"]
    assert broken["pumps"]["text"] == "no pump is connected"


def test_a_package_that_is_missing_or_too_old_is_told():
    assert levels(doctor_machine.packages) == [OK]
    ((text, package),) = doctor_machine._wanting("click>=99.1")
    assert "too old" in text and package == "click>=99.1"
    ((text, _),) = doctor_machine._wanting("no-such-package-here>=1")
    assert "not installed" in text
    assert doctor_machine._wanting("click>=8") == []


@pytest.mark.parametrize(
    ("script", "level", "text"),
    [
        (None, PROBLEM, "MicroPython is not at"),
        ("exec sleep 60", PROBLEM, "does not run"),
        ("exit 3", PROBLEM, "does not run"),
        ('exec python3 "$@"', PROBLEM, "is not MicroPython"),
        ("echo micropython 1 24 0", PROBLEM, "is 1.24.0; 1.26 or newer is needed"),
    ],
)
def test_a_micropython_that_cannot_run_a_pump_is_told(script, level, text, tmp_path, monkeypatch):
    monkeypatch.setattr(doctor_tools, "_RUN_S", 0.3 if script == "exec sleep 60" else 10)
    binary = tmp_path / "micropython"
    if script is not None:
        binary.write_text(f"#!/bin/sh\n{script}\n")
        binary.chmod(0o755)
    monkeypatch.setenv("MICROPYTHON", str(binary))
    finding = only(doctor_tools.micropython)
    assert (finding.level, finding.mend) == (level, "unset MICROPYTHON") and text in finding.text


def test_the_tools_that_are_there_are_named_with_their_version(monkeypatch):
    monkeypatch.delenv("MICROPYTHON", raising=False)
    assert only(doctor_tools.micropython).level == OK and launcher.micropython() in only(doctor_tools.micropython).text
    assert only(doctor_tools.mpy_cross).level == OK and "mpy" in only(doctor_tools.mpy_cross).text
    monkeypatch.setattr(doctor_tools, "_RUN_S", 0.0)
    assert only(doctor_tools.mpy_cross).level == PROBLEM


def test_an_archive_that_is_damaged_of_another_layout_or_in_use_is_told(pump_home, monkeypatch):
    monkeypatch.setattr(doctor_files, "_BUSY_S", 0.1)
    path = paths.data_dir() / store.FILE_NAME
    assert levels(doctor_files.archive) == [SKIPPED]
    Archive().__exit__(None, None, None)
    assert levels(doctor_files.archive) == [OK]
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as base:
        base.execute("BEGIN EXCLUSIVE")
        assert only(doctor_files.archive).level == WARNING
        base.execute("ROLLBACK")
        base.execute("PRAGMA user_version = 99")
    assert "layout 99" in only(doctor_files.archive).text
    path.write_bytes(path.read_bytes()[:4096] + b"\xa5" * 8192)
    damaged = only(doctor_files.archive)
    assert damaged.level == PROBLEM and damaged.mend.startswith(f'mv "{path}"')
    path.write_bytes(b"not a database, whatever its name says" * 100)
    assert "not a database" in only(doctor_files.archive).text


def test_keys_that_others_can_read_or_that_are_none_are_told(pump_home, monkeypatch):
    assert levels(doctor_keys.key_files) == [SKIPPED]
    kept = Path(keystore.save(keystore.fresh("0123456789abcdef")))
    assert levels(doctor_keys.key_files) == [OK]
    kept.chmod(0o644)
    finding = only(doctor_keys.key_files)
    assert (finding.level, finding.mend) == (PROBLEM, f'chmod 600 "{kept}"')
    kept.write_text("{")
    assert "does not hold keys" in only(doctor_keys.key_files).text
    kept.unlink()
    monkeypatch.setenv("PUMPCTL_KEY_FILE", str(pump_home / "gone.key"))
    assert only(doctor_keys.key_files).mend == "unset PUMPCTL_KEY_FILE"


def test_keys_in_a_keyring_that_is_out_of_reach_are_a_problem(tmp_path, cli):
    outside = {"PUMPCTL_HOME": "", "XDG_DATA_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    outside["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    (tmp_path / "pumpctl" / "keys").mkdir(parents=True)

    (tmp_path / "pumpctl" / "keys" / "ab.json").write_text('{"serial": "ab", "kept_in": "keyring"}')
    told = {one["check"]: one for one in cli("doctor", "--json", env=outside).json["checks"]}
    assert told["keyring"]["level"] == PROBLEM and "PUMPCTL_KEY_FILE" in told["keyring"]["mend"]
    assert told["key files"]["level"] == OK  # it holds no key itself


def test_a_command_without_a_known_outcome_is_told_and_left_as_it_is(pump_home):
    assert levels(doctor_files.pending) == [OK]
    PendingStore().save("PEER0001", 7, messages.BOLUS, "bolus")
    with Peer(ANSWERS) as peer:
        port = given(peer.port)
        scene = Scene([port], looks=doctor_looks.look([port]))
        finding = only(doctor_files.pending, scene)
    assert finding.level == WARNING and "a bolus sent" in finding.text
    assert finding.mend == f"pumpctl status --port {peer.port}"
    assert PendingStore().load("PEER0001") is not None
    assert messages.OUTCOME not in [command for command, *_ in peer.seen]
    (paths.state_dir() / "pending" / "PEER0001.json").rename(paths.state_dir() / "pending" / "PEER0001.unreadable")
    assert "cannot be read" in only(doctor_files.pending).text


def test_virtual_pumps_that_hang_were_killed_or_run_other_firmware_are_told(bench, monkeypatch):
    monkeypatch.setattr(doctor_virtual, "_ANSWER_S", 0.5)
    pump = bench()
    assert levels(doctor_virtual.virtual_pumps) == [OK]
    (pump.paths.application / "infuser.json").touch()
    names = list(pump.paths.application.glob("*.json")) + list(pump.paths.application.glob("*.txt"))
    for listed in names:
        listed.write_bytes(listed.read_bytes() + b" ")
    changed = only(doctor_virtual.virtual_pumps)
    assert (changed.level, changed.pump) == (WARNING, pump.name) and "not this tool's" in changed.text
    group = pump.paths.process_group()
    assert group is not None
    os.killpg(group, signal.SIGSTOP)
    hangs = only(doctor_virtual.virtual_pumps)
    os.killpg(group, signal.SIGCONT)
    assert hangs.level == PROBLEM and hangs.mend.startswith("pumpctl virtual stop --name bench")
    os.killpg(group, signal.SIGKILL)
    assert pump.ends_within(10)
    killed = only(doctor_virtual.virtual_pumps)
    assert (killed.level, killed.mend) == (WARNING, "pumpctl virtual start --name bench")


# As a whole


def test_a_sound_bench_ends_with_0_and_a_problem_with_6_in_80_columns(cli, bench, tmp_path):
    pump: VirtualPump = bench()
    pump.advance_ms(5000)
    ran = cli("doctor", "--json")
    told: dict[str, Any] = ran.json
    assert ran.exit_code == errors.DONE and told["sound"], told
    assert {one["check"] for one in told["checks"]} == set(doctor.CHECKS)
    assert not [one for one in told["checks"] if "could not be checked" in one["text"]]
    assert {one["pump"] for one in told["checks"] if one["check"] == "pumps"} == {"bench"}
    # Written for no terminal that has frames, and with a setting that nothing reads.
    bad = {"PUMPCTL_PROT": "x", "PYTHONIOENCODING": "ascii", "COLUMNS": "60"}
    shown = cli("doctor", "--port", "bench", env=bad)
    assert shown.exit_code == errors.UNMET
    table, mends = shown.stdout.split("\nTo mend the problems:\n")
    assert max(map(len, table.splitlines())) <= 80
    assert "settings" in table and "ascii has no frames" in table and "60 columns wide" in table
    assert '  settings: export PUMPCTL_PORT="$PUMPCTL_PROT"; unset PUMPCTL_PROT\n' in mends
    assert shown.stdout.endswith("1 problem, 2 warnings.\n")
    absent = cli("doctor", "--port", "bnech", "--json")
    assert absent.exit_code == errors.UNMET
    assert [one["text"] for one in absent.json["checks"] if one["check"] == "pumps"] == [
        "no virtual pump bnech is running; did you mean bench?"
    ]


def test_the_udev_rule_is_printed_alone_with_where_it_belongs(cli):
    ran = cli("doctor", "--udev-rule")
    assert ran.stdout == port_access.RULE
    assert port_access.RULE_FILE in ran.stderr
    rules = [line for line in ran.stdout.splitlines() if not line.startswith("#")]
    assert all('ATTRS{idVendor}=="2e8a"' in rule for rule in rules)
    assert json.loads(cli("doctor", "--udev-rule", "--json").stdout)["rule"] == port_access.RULE


def test_a_check_that_does_not_end_is_told_and_holds_up_none_of_the_others(tmp_path, monkeypatch):
    (tmp_path / "endless.py").write_text("import time\ndef check(scene):\n    time.sleep(60)\n")
    monkeypatch.syspath_prepend(tmp_path)
    table = {"endless": ("endless", "check", ""), "python": doctor.CHECKS["python"]}
    monkeypatch.setattr(doctor, "CHECKS", table)
    scene = Scene()
    doctor.run(scene, limit_s=0.3)
    assert [finding.level for finding in scene.findings["endless"]] == [WARNING]
    assert [finding.level for finding in scene.findings["python"]] == [OK]
