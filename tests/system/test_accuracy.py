"""Flow accuracy of the virtual pump: by the volume that leaves its outlet, and by its own log."""

import pytest
from ward import HOUR_MS, infusing

from infuser.wire import units

# What is due at a tick goes out within the next: so much of the flow may still be on its way.
LAG_MS = 10 * units.MS_PER_S


def test_every_window_stays_within_one_microstep_of_what_was_due(cli, bench):
    told = cli("--json", "accuracy", "--virtual", "--rate", "0.2ml/d", "--for", "6h").json
    assert (told["source"], told["set_rate_nl_per_day"], told["analysed_ms"]) == ("virtual", 200_000, 5 * HOUR_MS)
    assert [one["window_ms"] // units.MS_PER_MIN for one in told["windows"]] == [2, 5, 11, 19, 31, 60, 120, 240]
    for one in told["windows"]:
        bound = one["microstep_percent"] + 100 * LAG_MS / one["window_ms"]
        assert -bound <= one["min_percent"] <= one["max_percent"] <= bound, one
    # A microstep is 0.24 % of the 41.7 uL of five hours.
    assert abs(told["mean_percent"]) < 0.3
    assert all(abs(one["rate_nl_per_day"] - 200_000) < 30_000 for one in told["start_up"]["points"])
    assert cli("--json", "virtual", "list").json == {"pumps": []}


def test_a_crystal_that_is_off_shows_as_the_mean_error(cli, bench):
    ran = cli("--json", "accuracy", "--virtual", "--rate", "4ml/d", "--for", "4h", "--crystal-ppm", "1000")
    # 1,000 ppm are 0.1 %; a microstep is 0.02 % of the 500 uL of three hours.
    assert abs(abs(ran.json["mean_percent"]) - 0.1) < 0.03


def test_curves_are_drawn_and_figures_printed(cli, bench, tmp_path):
    page, drawing = tmp_path / "a.html", tmp_path / "a.svg"
    ran = cli("accuracy", "--virtual", "--rate", "24ml/d", "--for", "90min", "--html", page, "--svg", drawing)
    assert ran.exit_code == 0, ran.stderr
    assert "Mean error A" in ran.stdout and "31 min" in ran.stdout and "100 %" in ran.stderr
    assert "plot-trumpet" in page.read_text() and "plot-start-up" in drawing.read_text()


def test_a_pulled_log_shows_that_no_error_adds_up(cli, bench):
    ward = infusing(cli, bench)
    ward.advance(27 * HOUR_MS)
    ward.do("log", "pull")
    told = cli("--json", "accuracy", "--log").json
    assert told["verified"] and told["windows"][0]["window_ms"] == HOUR_MS
    longest = told["windows"][-1]
    assert longest["window_ms"] == 24 * HOUR_MS
    assert abs(longest["max_percent"]) <= longest["microstep_percent"] + 0.01
    assert told["mean_percent"] == pytest.approx(0, abs=0.06)
