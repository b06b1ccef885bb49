"""The monitor as a person sees it in a real terminal: what stands there, what keys do, and failures."""

import json
import os
import re

import pytest
import terminal
from modes import running, steady
from terminal import Terminal
from ward import HOUR_MS, MINUTE_MS, infusing

from pumpctl import virtual

pytestmark = pytest.mark.skipif(terminal.find() is None, reason=terminal.MISSING)
LIVE = r"^ LIVE, \d s ago"
COLOUR = re.compile(r"\x1b\[([0-9;]*;)?(3[0-8]|4[0-8]|9[0-7]|10[0-7])[;m]")
COMMAND = "pumpctl monitor --port bench --operator Ada --interval 500ms"


def screen(width: int = 80, height: int = 24, **env: str) -> Terminal:
    return Terminal(width, height, {"PUMPCTL_HOME": os.environ["PUMPCTL_HOME"], **env})


def test_a_shift_at_the_monitor(cli, bench):
    """Alarm, acknowledgement, audio pause, stop, resume and sizes, at one pump and one screen of 80 x 24."""
    ward = infusing(cli, bench)
    ward.advance(HOUR_MS)
    with screen(COLUMNS="80", LINES="24") as seen:  # as a shell exports them: the window is what counts
        seen.run(COMMAND)
        text = seen.wait_for(LIVE)
        for word in (
            "INFUSING  100 ug/d  200 uL/d",
            "BENCH-001",
            "alarms           none",
            "as planned",
            "reservoir",
            "s STOP",
        ):
            assert word in text, word
        assert len(seen.lines()) == 24 and "From idle to infusing" not in text.split("log")[0]

        ward.plant.fault("stall")
        ward.plant.advance_ms(HOUR_MS, until="alarm")
        seen.wait_for(r"^ !!! HIGH    stall, .* NOT ACKNOWLEDGED")
        seen.wait_for("Alarm stall, priority high")
        assert COLOUR.search(seen.coloured())
        seen.keys("a")
        if "which alarm" in seen.wait_for("1 alarm acknowledged|Acknowledge which alarm"):  # it is new on the screen
            seen.keys("1")
        seen.wait_for("1 alarm acknowledged")
        seen.wait_for("stall was acknowledged by Ada")
        ward.plant.fault("stall", on=False)

        seen.keys("p")
        seen.wait_for("sound            PAUSED for 2 min")
        seen.keys("p")
        seen.wait_gone("sound            PAUSED")

        seen.keys("r")
        seen.wait_for("therapy runs already")
        seen.keys("?")
        assert "STOP delivery at once" in seen.wait_for("any key closes this")
        seen.keys("s")  # even with a box on the screen
        text = seen.wait_for(r"^ SUSPENDED by command")
        assert "STOP delivery at once" not in text and "Stopped: suspended" in text
        assert not ward.truth()["driver_enabled"]
        ward.advance(10 * MINUTE_MS)
        seen.wait_for(r"BEHIND .* planned by now; stopped 10 min")

        seen.keys("r")
        assert "patient    BENCH-001" in seen.wait_for("resume 100 ug/d for BENCH-001")
        seen.keys("n")
        seen.wait_for("not resumed")
        assert "SUSPENDED" in seen.text() and not ward.truth()["driver_enabled"]
        seen.keys("r")
        seen.wait_for("Resume therapy")
        seen.resize(60, 20)
        seen.wait_for("60 x 20 is too small")
        for key in "yry":  # nobody can read what they would answer
            seen.keys(key)
        seen.resize(80, 24)
        seen.wait_for(LIVE)
        assert "SUSPENDED" in seen.text() and not ward.truth()["driver_enabled"]
        seen.keys("r")
        seen.wait_for("Resume therapy")
        seen.keys("y")
        seen.wait_for(r"^ INFUSING  100 ug/d")
        assert ward.truth()["driver_enabled"]

        seen.resize(60, 20)
        small = seen.wait_for("60 x 20 is too small")
        assert "INFUSING" in small and "BENCH-001" not in small
        seen.resize(120, 40)
        large = seen.wait_for("24:00")
        assert LIVE[3:7] in large and "delivered ███" in large and len(seen.lines()) == 40
        seen.keys("l")
        assert "resume by Ada: done." in seen.wait_for("end of the log")
        seen.keys("f")
        seen.wait_for("log: every record")
        seen.keys("Home")
        seen.wait_for("lines below|end of the log")
        seen.keys("l")
        seen.wait_for(LIVE)
        seen.keys("q")
        seen.wait_for(r"^\$$")
    assert ward.state == "infusing"


def test_a_lost_link_is_told_and_found_again(cli, bench):
    ward = running(cli, bench, steady())
    with screen(NO_COLOR="1") as seen:
        seen.run(COMMAND)
        seen.wait_for(LIVE)
        ward.plant.power_cut(10 * MINUTE_MS)
        seen.wait_for("!   LOW     power-restored")
        assert not COLOUR.search(seen.coloured()) and "\x1b[1;7m" in seen.coloured()
        seen.wait_for("the pump was restarted")

        ward.plant.stop()
        text = seen.wait_for("NOT LIVE")
        assert text.startswith(" WAS INFUSING") and "?reservoir" in text and "LIVE, " not in text
        for key, told in (("s", "NOT SENT: stop"), ("r", "nothing is sent"), ("a", "nothing is sent")):
            seen.keys(key)
            seen.wait_for(told)
        virtual.start("bench", speed=0)
        assert "?reservoir" not in seen.wait_for(LIVE)
        seen.wait_for("answers again|restarted")
        assert ward.truth()["driver_enabled"], "a stop that found no pump is not sent later"

        seen.keys("C-c")
        seen.wait_for(r"^\$$")


def test_another_pump_in_the_same_place_is_named_and_not_taken_for_the_first(cli, bench, tmp_path):
    ward, cable = infusing(cli, bench), tmp_path / "cable"
    other = bench("other")
    cable.symlink_to(ward.plant.port)
    with screen() as seen:
        seen.run(f"pumpctl monitor --port {cable} --interval 500ms")
        seen.wait_for(LIVE)
        cable.unlink()
        cable.symlink_to(other.port)
        ward.plant.stop()
        seen.wait_for("answers, no longer")
        seen.keys("s")
        text = seen.wait_for("NOT SENT")
        assert text.startswith(" WAS INFUSING")
        seen.keys("c")
        text = seen.wait_for(r"^ IDLE")
        assert "is watched now" in text and "BENCH-001" not in text


def test_in_a_pipe_it_prints_one_screen_and_its_document_for_scripts(cli, bench):
    ward = infusing(cli, bench)
    ward.advance(HOUR_MS)
    for words in (("monitor",), ("monitor", "--once")):
        ran = cli(*words)
        assert ran.exit_code == 0 and "\x1b" not in ran.stdout
        assert "INFUSING" in ran.stdout and "as planned" in ran.stdout and "From suspended to infusing" in ran.stdout
    told = json.loads(cli("monitor", "--json").stdout)
    assert (told["live"], told["status"]["state"], told["alarms"]) == (True, "infusing", [])
    assert told["today"]["delivered_nl"] == told["status"]["delivered_today_nl"]
    assert abs(told["today"]["behind_nl"]) < 300
    wrong = cli("monitor", "--interval", "0s", "--json")
    assert (wrong.exit_code, wrong.json["error"]["field"]) == (2, "--interval")
    ward.plant.stop()
    assert cli("monitor", "--once", "--port", "bench").exit_code == 4
