"""`pumpctl fleet` on ten pumps at once: some are well, and one each has a trouble of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from access import provision
from libraries import newer, signed
from ward import CONTINUOUS, ML, Ward
from wirepeer import Peer, hello

from infuser.wire import messages
from pumpctl import errors, holders, keystore, operations, program, signing, virtual
from pumpctl.errors import PumpctlError
from pumpctl.virtual import VirtualPump, launcher

PUMPCTL = Path(sys.executable).parent / "pumpctl"
WALL_MS = 1_767_254_400_000
# In the order of the table. `held` has its port held by another program, `mute` has stopped answering, `newer` holds
# the library of the tests already, `locked` has keys that are not on this machine, `wary` trusts nobody's library.
NAMES = ("delivering", "held", "keyed", "locked", "lost-clock", "mute", "newer", "plain", "wary")
_HOLD = "import serial, sys; port = serial.Serial(sys.argv[1], exclusive=True); print('held', flush=True); input()"


@dataclass
class Ran:
    """Exit code and both outputs of a run."""

    exit_code: int
    stdout: str
    stderr: str


@dataclass
class Fleet:
    """Nine virtual pumps, and a tenth of another version on the port `other`."""

    home: Path
    other: str
    library: Path
    holder: int

    def run(self, *words: object, timeout_s: float = 60) -> Ran:
        """Run `pumpctl fleet` with these words."""
        with self.begin(*words) as tool:
            out, told = tool.communicate(timeout=timeout_s)
        return Ran(tool.returncode, out, told)

    def begin(self, *words: object) -> "subprocess.Popen[str]":
        """The same, still running."""
        command = [str(PUMPCTL), "fleet", *map(str, words)]
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def told(self, *words: object, code: int = errors.DONE) -> dict[str, Any]:
        """Each pump's entry by its name in the document of a run that must end with `code`."""
        ran = self.run("--json", *words)
        assert ran.exit_code == code, ran.stdout + ran.stderr
        return {one["name"]: one for one in json.loads(ran.stdout)["pumps"]}


def ward(name: str) -> Ward:
    return Ward(lambda *words: None, VirtualPump(name))


def infuse(name: str) -> None:
    """A pump that delivers."""
    with ward(name).client() as pump:
        operations.commit(pump, operations.propose(pump, program.load(CONTINUOUS)), confirmed=True)
        pump.begin_refill()
        VirtualPump(name).fill(20 * ML)
        pump.complete_refill(0, 20 * ML, program.load(CONTINUOUS)["concentration_ug_per_ml"])
        pump.resume()


def trust(name: str, key: Path) -> None:
    """A pump that takes libraries signed with a key."""
    VirtualPump(name).fault("service-jumper")
    with ward(name).client() as pump:
        pump.trust_library_key(signing.modulus(key))
    VirtualPump(name).fault("service-jumper", on=False)


def begin(name: str) -> None:
    virtual.start(name, speed=0, wall_ms=WALL_MS).advance_ms(5000)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    try:
        launcher.micropython()
    except PumpctlError as error:
        pytest.skip(f"{error.message}; {error.remedy}")
    home = tmp_path_factory.mktemp("fleet")
    key, file = home / "pharmacy.key", home / "ward.lib"
    signing.keygen(key)
    file.write_bytes(signed(newer(2), key))
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("PUMPCTL_")]:
            patch.delenv(name)
        patch.setenv("PUMPCTL_HOME", str(home))
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(begin, NAMES))
            list(pool.map(lambda name: trust(name, key), [name for name in NAMES if name != "wary"]))
        infuse("delivering")
        VirtualPump("lost-clock").fault("clock-lost")
        VirtualPump("lost-clock").power_cut()
        VirtualPump("lost-clock").fault("clock-lost", on=False)
        with ward("newer").client() as pump:
            pump.stage_library(file.read_bytes())
            pump.commit_library(messages_digest(file))
        provision(ward("keyed"))
        keystore.forget(provision(ward("locked")).serial)
        port = str(VirtualPump("held").port)
        group = VirtualPump("mute").paths.process_group()
        assert group is not None
        os.killpg(group, signal.SIGSTOP)
        old = {messages.HELLO: lambda request: {**hello(request), "protocol": b"12345678", "firmware": "0.0.1"}}
        with (
            subprocess.Popen(
                [sys.executable, "-c", _HOLD, port], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            ) as held,
            Peer(old) as peer,
        ):
            assert held.stdout is not None and held.stdout.readline()
            yield Fleet(home, peer.port, file, held.pid)
            held.kill()
        os.killpg(group, signal.SIGCONT)
        for name in NAMES:
            VirtualPump(name).stop()


def messages_digest(file: Path) -> bytes:
    from pumpctl import library

    return library.digest(file.read_bytes())


def kinds(told: dict[str, Any]) -> dict[str, str]:
    """What the pumps that failed failed with."""
    return {name: one["error"]["kind"] for name, one in told.items() if not one["ok"]}


WELL = [name for name in NAMES if name not in ("held", "mute")]


def test_every_pump_is_told_beside_those_that_fail_each_with_its_own_error_and_remedy(fleet):
    ran = fleet.run("status", "--also", fleet.other)
    assert ran.exit_code == errors.NO_LINK
    rows = [line.split()[0] for line in ran.stdout.splitlines()]
    assert rows == ["PUMP", *NAMES, fleet.other]
    assert max(map(len, ran.stdout.splitlines())) <= 80
    assert f"(process {fleet.holder})" in ran.stderr and "end that program" in ran.stderr
    assert "did not answer hello within 3 s (exit code 4)" in ran.stderr
    assert "firmware 0.0.1" in ran.stderr and "pumpctl flash" in ran.stderr
    assert "asking mute: failed" in ran.stderr and "asking plain" not in ran.stderr  # which had to wait for nobody
    states = {words[0]: words[1] for words in map(str.split, ran.stdout.splitlines())}
    assert states["delivering"] == "infusing" and states["plain"] == "idle" and states["mute"] == "failed:"


def test_a_pump_that_delivers_refuses_the_self_test_and_goes_on_while_the_others_run_it(fleet):
    told = fleet.told("selftest", "--except", "held", "--except", "mute", code=errors.REFUSED)
    assert kinds(told) == {"delivering": "refused", "locked": "refused"}  # the latter has keys, and none is here
    assert told["plain"]["result"] == {"passed": True, "failed": []}
    assert ward("delivering").state == "infusing"


def test_eight_logs_are_pulled_at_once_into_one_archive_that_holds(fleet):
    chosen = ("--except", "held", "--except", "mute")
    first = fleet.told("pull", *chosen)
    assert list(first) == WELL and all(one["result"]["new"] > 0 for one in first.values())
    for name in WELL:
        VirtualPump(name).advance_ms(3 * 3_600_000)
    # Two of them at once: a pump that one talks to is busy for the other, and nothing is stored twice.
    with fleet.begin("pull", *chosen) as one, fleet.begin("pull", *chosen) as other:
        assert {one.wait(60), other.wait(60)} <= {errors.DONE, errors.USAGE, errors.NO_LINK}
    assert all(entry["result"]["new"] == 0 for entry in fleet.told("pull", *chosen).values())
    verified = fleet.told("verify", *chosen)
    for name in WELL:
        with ward(name).client() as pump:
            assert verified[name]["result"]["last_seq"] == pump.status()["log_next"] - 1
            assert verified[name]["result"]["records"] == verified[name]["result"]["last_seq"]


def test_a_library_is_confirmed_once_for_all_and_each_pump_judges_for_itself(fleet):
    chosen = ("--except", "held", "--except", "mute", "--except", "locked")
    asked = fleet.run("library", fleet.library, *chosen)
    assert asked.exit_code == errors.USAGE
    assert "Put Intrathecal baclofen, starting library, version 2" in asked.stderr and "on 5 pumps?" in asked.stderr
    assert [line.split()[0] for line in asked.stdout.splitlines() if "no change" in line] == ["newer"]
    assert "version" in asked.stdout and "What changes on delivering, keyed, lost-clock, plain, wary" in asked.stdout
    assert version("plain") == 1
    told = fleet.told("library", fleet.library, "--yes", *chosen, code=errors.REFUSED)
    assert kinds(told) == {"wary": "refused"}
    assert {name: one["result"]["sent"] for name, one in told.items() if one["ok"]} == {
        "delivering": True, "keyed": True, "lost-clock": True, "newer": False, "plain": True,
    }  # fmt: skip
    assert [version(name) for name in ("plain", "keyed", "delivering", "wary")] == [2, 2, 2, 1]
    assert ward("delivering").state == "infusing"


def version(name: str) -> int:
    with ward(name).client() as pump:
        return int(pump.status()["library_version"])


def test_clocks_that_are_off_are_set_where_the_key_is_here_and_the_others_left(fleet):
    chosen = ("--only", "keyed", "--only", "lo*", "--only", "plain")
    before = fleet.told("clock", *chosen)
    assert before["lost-clock"]["result"]["ahead_ms"] is None
    assert abs(before["plain"]["result"]["ahead_ms"]) > 10_000
    told = fleet.told("clock", "--set", "--yes", *chosen, code=errors.REFUSED)
    assert kinds(told) == {"locked": "refused"}
    after = fleet.told("clock", *chosen)
    off = {name: one["result"]["ahead_ms"] for name, one in after.items()}
    assert all(abs(off[name]) < 60_000 for name in ("keyed", "lost-clock", "plain"))
    assert abs(off["locked"]) > 10_000


def test_pumps_are_chosen_by_name_or_serial_number_and_a_pattern_that_fits_none_acts_on_none(fleet, monkeypatch):
    serial = fleet.told("status", "--only", "plain")["plain"]["serial"]
    assert list(fleet.told("status", "--only", serial[:6] + "*")) == ["plain"]
    assert list(fleet.told("status", "--only", "P*", "--only", "w?ry")) == ["plain", "wary"]
    assert list(fleet.told("status", "--port", "wary")) == ["wary"]
    monkeypatch.setenv("PUMPCTL_PORT", "wary")  # a default, which is no choice
    assert list(fleet.told("status", "--only", "plain")) == ["plain"]
    ran = fleet.run("clock", "--set", "--yes", "--only", "plain", "--only", "plian")
    assert ran.exit_code == errors.USAGE
    assert 'no attached pump is called "plian"' in ran.stderr and "plain (" in ran.stderr


def test_ctrl_c_lets_what_runs_end_and_tells_what_was_not_begun(fleet):
    chosen = ("--only", "mute", "--only", "newer", "--only", "plain")
    with fleet.begin("status", "--json", "--jobs", 1, *chosen) as tool:
        while tool.pid not in [one.pid for one in holders.holders(str(VirtualPump("mute").port))]:
            assert tool.poll() is None
        tool.send_signal(signal.SIGINT)
        out, _ = tool.communicate(timeout=20)
    assert tool.returncode == errors.INTERRUPTED
    told = {one["name"]: one for one in json.loads(out)["pumps"]}
    assert told["mute"]["error"]["exit_code"] == errors.NO_LINK
    assert kinds(told) == {"mute": "link", "newer": "interrupted", "plain": "interrupted"}
    assert "not begun" in told["plain"]["error"]["message"]
