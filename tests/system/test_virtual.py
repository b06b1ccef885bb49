"""Virtual pumps as processes: they start, keep time and state, survive what is done to them, and leave nothing."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pumpctl import virtual
from pumpctl.virtual import VirtualPump

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
# Time stands still for whoever waits, but what the firmware has to write at that instant still takes its time.
WRITING_MS = 1000
LAG_S = 2


def within(seconds: float, holds) -> bool:
    """Whether `holds()` becomes true before the time, which is generous, is up."""
    end_s = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end_s:
            return False
        time.sleep(0.02)
    return True


def just_after(now_ms: int, due_ms: int) -> bool:
    """Whether it is `due_ms`, give or take what the firmware writes at that instant."""
    return due_ms <= now_ms < due_ms + WRITING_MS


def gone(pid: int) -> bool:
    """Whether the process has ended, reaped or not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        return Path("/proc/self").exists()


def test_a_started_pump_tells_its_port_and_how_to_go_on(cli, bench):
    ran = cli("virtual", "start", "--name", "ward-3")
    assert ran.exit_code == 0, ran.stderr
    pump = VirtualPump("ward-3")
    assert str(pump.port) in ran.stdout
    assert "pumpctl status" in ran.stdout
    assert stat.S_ISCHR(os.stat(pump.port).st_mode)


def test_start_is_refused_for_a_pump_that_runs(cli, bench):
    bench()
    ran = cli("virtual", "start", "--json")
    assert ran.exit_code == 2
    assert "runs already" in ran.json["error"]["message"]
    assert "virtual stop" in ran.json["error"]["remedy"]


def test_frozen_time_moves_by_advance_alone_and_exactly(bench):
    pump = bench()
    before_ms = pump.advance_ms(0)["now_ms"]
    answer = pump.advance_ms(36 * HOUR_MS)
    assert answer["stopped_by"] is None
    assert just_after(answer["now_ms"], before_ms + 36 * HOUR_MS)
    time.sleep(1.5)
    assert just_after(pump.get()["now_ms"], answer["now_ms"])


def test_two_pumps_of_the_same_seed_live_the_same_life(bench):
    lives = []
    for name in ("one", "other"):
        pump = bench(name, seed=7)
        lives.append([pump.advance_ms(HOUR_MS), pump.advance_ms(30 * HOUR_MS), pump.power_cut(60_000)["now_ms"]])
    assert lives[0] == lives[1]


def test_paced_time_moves_by_itself_and_halts_at_speed_0(cli, bench):
    pump = bench(speed=3600)
    started_ms = pump.get()["now_ms"]
    assert within(30, lambda: pump.get()["now_ms"] > started_ms + HOUR_MS)
    assert cli("virtual", "speed", "0").exit_code == 0
    halted_ms = pump.get()["now_ms"]
    time.sleep(0.5)
    assert just_after(pump.get()["now_ms"], halted_ms)


@pytest.mark.on_chip
def test_at_speed_1_time_passes_no_faster_than_a_clock_does(bench):
    pump = bench(speed=1)
    began_s = time.monotonic()
    paced_ms = pump.get()["now_ms"]
    assert within(100, lambda: pump.get()["now_ms"] >= paced_ms + 5000)
    # What a busy machine missed of late is made up for.
    assert time.monotonic() - began_s >= 5 - LAG_S
    pump.set_speed(0)
    halted_ms = pump.get()["now_ms"]
    time.sleep(0.5)
    assert just_after(pump.get()["now_ms"], halted_ms)


def test_advance_prints_one_document_and_shows_progress_on_stderr(cli, bench):
    start_ms = bench().get()["now_ms"]
    ran = cli("virtual", "advance", "3d", "--json")
    assert ran.exit_code == 0, ran.stderr
    assert just_after(ran.json["now_ms"], start_ms + 3 * DAY_MS)
    assert ran.json["name"] == "bench"
    assert "%" in ran.stderr


@pytest.mark.parametrize("order", ["advance 36", "advance 3parsecs", "fill 2h", "speed -1", "power-cut --off 1ml"])
def test_a_quantity_that_cannot_be_is_a_usage_error(cli, order):
    ran = cli("virtual", *order.split())
    assert ran.exit_code == 2
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("name", ["../up", "a b", "-x/y", "x" * 33])
def test_a_name_that_is_no_folder_is_refused(cli, name):
    ran = cli("virtual", "start", f"--name={name}", "--json")
    assert ran.exit_code == 2
    assert ran.json["error"]["field"] == "name"


def test_pumps_run_side_by_side_and_each_has_its_own_time(cli, bench):
    left, right = bench("left"), bench("right")
    unsaid = cli("virtual", "advance", "1h")
    assert unsaid.exit_code == 2
    assert "left" in unsaid.stderr and "right" in unsaid.stderr and "--name" in unsaid.stderr
    before_ms = left.get()["now_ms"], right.get()["now_ms"]
    assert cli("virtual", "advance", "1h", "--name", "right").exit_code == 0
    assert cli("--port", "left", "virtual", "advance", "2h").exit_code == 0
    assert just_after(left.get()["now_ms"], before_ms[0] + 2 * HOUR_MS)
    assert just_after(right.get()["now_ms"], before_ms[1] + HOUR_MS)
    listed = cli("virtual", "list", "--json").json["pumps"]
    assert [(pump["name"], pump["state"]) for pump in listed] == [("left", "running"), ("right", "running")]


def test_without_a_running_pump_orders_end_with_no_link(cli):
    ran = cli("virtual", "get", "--json")
    assert ran.exit_code == 4
    assert "virtual start" in ran.json["error"]["remedy"]


def test_an_unknown_pump_is_answered_with_those_that_exist(cli, bench):
    bench("left")
    ran = cli("virtual", "get", "--name", "lefty")
    assert ran.exit_code == 2
    assert "choose one of: left" in ran.stderr


def test_an_unknown_fault_or_quantity_is_a_usage_error(cli, bench):
    bench()
    assert cli("virtual", "fault", "no-such-fault").exit_code == 2
    assert cli("virtual", "set", "no_such_quantity", "1").exit_code == 2


def test_faults_are_listed_and_switched(cli, bench):
    bench()
    assert cli("virtual", "fault", "stall").exit_code == 0
    assert cli("virtual", "fault", "overheat", "on", "--value", "70000").exit_code == 0
    faults = cli("virtual", "fault", "--json").json["faults"]
    assert (faults["stall"], faults["overheat"]) == (True, 70000)
    assert cli("virtual", "fault", "stall", "off").exit_code == 0
    assert not cli("virtual", "fault", "--json").json["faults"].get("stall")


def test_quantities_are_set_and_buttons_pressed_and_the_reservoir_filled_by_hand(cli, bench):
    pump = bench()
    assert cli("virtual", "set", "temperature-mc", "41000").exit_code == 0
    assert cli("virtual", "press", "stop", "--for", "1s").exit_code == 0
    assert cli("virtual", "fill", "12ml").exit_code == 0
    truth = cli("virtual", "get", "--json").json
    assert truth["temperature_mc"] == 41000
    # The piston rests on a whole microstep.
    assert abs(truth["reservoir_nl"] - 12_000_000) < 200
    assert cli("virtual", "drain").exit_code == 0
    assert pump.get()["reservoir_nl"] == 0
    too_much = cli("virtual", "fill", "25ml", "--json")
    assert too_much.exit_code == 2 and too_much.json["error"]["high"] > 19_000_000


def test_advance_until_alarm_stops_at_a_new_alarm_and_not_at_one_already_signalled(cli, bench):
    pump = bench()
    before_ms = pump.advance_ms(90_000)["now_ms"]
    assert cli("virtual", "fault", "overheat").exit_code == 0
    stopped = cli("virtual", "advance", "2h", "--until", "alarm", "--json").json
    assert stopped["stopped_by"] == "alarm"
    assert before_ms < stopped["now_ms"] < before_ms + HOUR_MS
    # In half an hour an alarm that nobody answers would rise to a higher priority, and be a new one.
    assert pump.advance_ms(HOUR_MS // 3, until="alarm")["stopped_by"] is None


def test_power_cut_keeps_the_world_and_starts_the_firmware_anew(cli, bench):
    pump = bench()
    pump.advance_ms(HOUR_MS)
    before = pump.get()
    ran = cli("virtual", "power-cut", "--off", "10min", "--json")
    assert ran.exit_code == 0, ran.stderr
    assert pump.get()["now_ms"] >= before["now_ms"] + 600_000
    assert pump.get()["piston_steps"] == before["piston_steps"]
    status = pump.status()
    assert (status["state"], status["boots"], status["reset_cause"]) == ("running", 2, "power-on")


def test_stop_keeps_the_state_and_remove_deletes_it(cli, bench):
    pump = bench()
    pump.advance_ms(5 * HOUR_MS)
    stopped_ms = pump.get()["now_ms"]
    refused = cli("virtual", "remove", "bench")
    assert refused.exit_code == 2 and "stop it first" in refused.stderr
    assert cli("virtual", "stop").exit_code == 0
    assert not pump.port.is_symlink() and not pump.paths.socket.exists()
    assert virtual.start(pump.name).get()["now_ms"] >= stopped_ms
    assert cli("virtual", "stop", "--all", "--json").json == {"stopped": ["bench"]}
    assert cli("virtual", "remove", "bench").exit_code == 0
    assert not pump.paths.directory.exists()


def test_reset_makes_the_pump_as_new(cli, bench):
    pump = bench()
    new_ms = pump.get()["now_ms"]
    pump.advance_ms(HOUR_MS)
    assert cli("virtual", "reset", "--json").json == {"name": "bench", "running": True}
    assert just_after(pump.get()["now_ms"], new_ms)


def test_a_killed_tool_ends_its_advance_and_leaves_the_pump_alone(bench):
    pump = bench()
    start_ms = pump.get()["now_ms"]
    order = [sys.executable, "-m", "pumpctl.cli.main", "virtual", "advance", "9000d"]
    with subprocess.Popen(order, stderr=subprocess.PIPE) as tool:
        assert within(60, lambda: pump.status()["state"] == "running")
        assert tool.stderr.readline()
        time.sleep(0.2)
        tool.kill()
    passed_ms = pump.get()["now_ms"] - start_ms
    assert passed_ms < 9000 * DAY_MS
    assert just_after(pump.get()["now_ms"], start_ms + passed_ms)


def test_a_pump_whose_supervisor_was_killed_is_cleared_away_by_the_next_start(cli, bench):
    pump = bench()
    status = pump.status()
    os.kill(status["pid"], signal.SIGKILL)
    assert within(10, lambda: gone(status["pid"]))
    assert cli("virtual", "get").exit_code == 4
    assert cli("virtual", "start").exit_code == 0
    assert gone(status["vm_pid"])
    assert pump.status()["state"] == "running"


def test_a_vm_that_was_killed_is_started_again(bench):
    pump = bench()
    os.kill(pump.status()["vm_pid"], signal.SIGKILL)
    assert within(30, lambda: pump.status()["boots"] == 2 and pump.status()["state"] == "running")
    assert pump.get()["now_ms"] >= 0


def test_a_vm_that_keeps_dying_is_given_up_until_the_next_start(cli, bench):
    pump = bench()
    for boots in (1, 2, 3, 4):
        assert within(30, lambda boots=boots: pump.status()["boots"] == boots and pump.status()["vm_pid"])
        os.kill(pump.status()["vm_pid"], signal.SIGKILL)
    assert within(30, lambda: pump.status()["state"] == "failed")
    ran = cli("virtual", "advance", "1h")
    assert ran.exit_code == 4
    assert "4 times in a row" in ran.stderr and str(pump.paths.vm_log) in ran.stderr
    assert cli("virtual", "start").exit_code == 0
    assert pump.status()["state"] == "running"


def test_firmware_that_crashes_is_started_four_times_and_then_reported_with_its_log(cli, tmp_path):
    crashing = tmp_path / "crashing"
    crashing.write_text("#!/bin/sh\necho the piston fell off >&2\nexit 7\n")
    crashing.chmod(0o755)
    ran = cli("virtual", "start", "--micropython", crashing, "--json")
    assert ran.exit_code == 4
    message = ran.json["error"]["message"]
    assert "4 times in a row" in message and "exit code 7" in message
    assert message.count("the piston fell off") == 4
    assert virtual.running() == []


def test_micropython_that_is_not_there_is_named(cli):
    ran = cli("virtual", "start", "--json", env={"MICROPYTHON": "/nowhere/micropython"})
    assert ran.exit_code == 2
    assert ran.json["error"]["field"] == "MICROPYTHON"
    assert virtual.all_names() == []


def test_a_pump_whose_folder_is_deleted_ends(bench):
    pump = bench()
    pids = pump.status()["pid"], pump.status()["vm_pid"]
    shutil.rmtree(pump.paths.directory)
    assert within(30, lambda: all(gone(pid) for pid in pids))


def test_a_deep_home_is_no_obstacle(bench, pump_home, monkeypatch):
    monkeypatch.setenv("PUMPCTL_HOME", str(pump_home / ("deep" * 20) / ("deeper" * 20)))
    pump = bench()
    try:
        assert pump.get()["now_ms"] >= 0
    finally:
        pump.stop()
    assert not pump.running
