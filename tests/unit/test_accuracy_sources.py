"""Where accuracy figures come from: a scale's CSV, a pulled log, a virtual pump's therapy; and the files drawn."""

import json
import xml.dom.minidom
from pathlib import Path

import pumplog
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infuser.core import prescription
from infuser.wire import units
from pumpctl import accuracy, accuracy_csv, accuracy_log, accuracy_page, accuracy_scale, accuracy_view, accuracy_virtual
from pumpctl.accuracy_samples import at_rate, even
from pumpctl.cli import main
from pumpctl.errors import DONE, UNVERIFIED, USAGE, FileProblem, UsageProblem
from pumpctl.store import Archive

WATER = accuracy_scale.WATER_UG_PER_ML
HOUR = units.MS_PER_H


# A real scale


def written(folder: Path, text: str) -> Path:
    path = folder / "scale.csv"
    path.write_text(text)
    return path


def test_a_mass_becomes_a_volume_by_its_density(tmp_path: Path) -> None:
    path = written(tmp_path, "time_s, mass_mg\n0,0\n30.5, 9.982\n\n60,19.964\n")
    # 9.982 mg of water are 10 uL.
    assert accuracy_csv.read(path, WATER) == [(0, 0), (30_500, 10_000_000), (60_000, 20_000_000)]


def test_volumes_and_grams_are_read_too(tmp_path: Path) -> None:
    assert accuracy_csv.read(written(tmp_path, "volume_ul,time_s\n0,0\n1.5,1\n"), WATER)[1] == (1000, 1_500_000)
    assert accuracy_csv.read(written(tmp_path, "time_s,mass_g\n0,0\n1,0.009982\n"), WATER)[1] == (1000, 10_000_000)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the first line must name time_s"),
        ("time_s,weight\n0,1\n", "it says time_s, weight"),
        ("time_s,mass_mg,volume_ul\n0,1,1\n1,1,1\n", "one of"),
        ("time_s,mass_mg\n0,0\n30,x\n", 'line 3: mass_mg = "x" is not a number'),
        ("time_s,mass_mg\n0,0\n30\n", 'line 3: mass_mg = "" is not a number'),
        ("time_s,mass_mg\n0,nan\n30,inf\n", 'line 3: mass_mg = "inf" is not a number'),
        ("time_s,mass_mg\n0,0\n1e99,1\n", 'line 3: time_s = "1e99" is not a number'),
        ("time_s,mass_mg\n30,0\n30,1\n", "line 3: time_s = 30 does not come after the line before"),
        ("time_s,mass_mg\n0,0\n", "1 readings, at least 2 are needed"),
    ],
)
def test_a_file_that_is_not_a_scales_is_named_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(FileProblem) as found:
        accuracy_csv.read(written(tmp_path, text), WATER)
    assert told in "\n".join(found.value.lines())


def test_of_many_wrong_lines_the_first_ten_are_shown(tmp_path: Path) -> None:
    with pytest.raises(FileProblem) as found:
        accuracy_csv.read(written(tmp_path, "time_s,mass_mg\n" + "x,1\n" * 50), WATER)
    assert len(found.value.problems) == 11 and "and 40 more" in str(found.value.problems[-1])


def test_what_is_no_text_is_a_file_problem(tmp_path: Path) -> None:
    path = tmp_path / "scale.csv"
    path.write_bytes(b"\xff\xfe\x00time")
    with pytest.raises(FileProblem, match="1 problem"):
        accuracy_csv.read(path, WATER)


@given(st.integers(0, 10**15), st.integers(500_000, 2_000_000))
def test_weighing_and_reckoning_back_loses_less_than_a_nanolitre(volume_pl: int, density: int) -> None:
    back = accuracy_scale.volume_pl(accuracy_scale.mass_ng(volume_pl, density), density)
    assert abs(back - volume_pl) <= 1000


def test_masses_and_densities_are_written_with_units() -> None:
    assert accuracy_scale.MASS_KIND.parse("996.1mg") == 996_100_000
    assert accuracy_scale.MASS_KIND.parse("0.9961 g") == 996_100_000
    assert accuracy_scale.DENSITY_KIND.parse("0.9982mg/ul") == WATER
    assert accuracy_scale.DENSITY_KIND.parse("0.9982 g/ml") == WATER
    with pytest.raises(UsageProblem, match=r"--density is 998.2 mg/uL, allowed 0.5 mg/uL to 2 mg/uL"):
        accuracy_scale.check_density(accuracy_scale.DENSITY_KIND.parse("998.2mg/ul"))


def test_a_scale_that_drifts_is_seen_as_the_mean_error(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # 2 % more than 1 mL a day in readings of every minute, for two hours.
    rows = [f"{60 * at},{at * 1.02 * 1000 / 1440:.6f}" for at in range(121)]
    path = written(tmp_path, "time_s,volume_ul\n" + "\n".join(rows))
    assert main.run(["--json", "accuracy", "--csv", str(path), "--rate", "1ml/d"]) == DONE
    told = json.loads(capsys.readouterr().out)
    assert told["mean_percent"] == pytest.approx(2, abs=1e-3)
    assert (told["every_ms"], told["analysed_ms"]) == (60_000, HOUR)
    assert [one["window_ms"] // 60_000 for one in told["windows"]] == [2, 5, 11, 19, 31, 60]
    assert all(one["max_percent"] == pytest.approx(2, abs=0.01) for one in told["windows"])
    assert told["left_out"][0] == {"window_ms": 2 * HOUR, "why": "longer than what can be analysed in one piece, 1 h"}


# A log


def test_a_logs_hours_are_exact_to_a_microstep() -> None:
    log = pumplog.begun()
    log.run(72, 200_000)
    told = accuracy.analyse(
        accuracy_log.stretches(log.decoded, "S"), accuracy_log.EVERY_MS, 0, accuracy_log.step_pl(log.decoded)
    )
    assert [window.span_ms // HOUR for window in told.windows] == [1, 2, 4, 8, 12, 24]
    for window in told.windows:
        # Both volumes are told to the nL.
        slack = 100 * 3 / (200_000 * window.span_ms / units.MS_PER_DAY)
        assert max(window.max_percent, -window.min_percent) <= window.step_percent + slack
    assert {one.why for one in told.left_out} == {"shorter than the sample interval of 1 h"}


def test_lost_microsteps_show_in_a_logs_figures() -> None:
    log = pumplog.begun()
    log.run(24, 480_000)
    log.counters["basal_steps"] -= 20  # 1.96 uL of 20 uL
    log.run(24, 480_000)
    told = accuracy.analyse(accuracy_log.stretches(log.decoded, "S"), HOUR, 0, pumplog.STEP_PL, [HOUR])
    assert told.windows[0].min_percent == pytest.approx(-100 * 20 * 98.175 / 20_000, abs=0.6)
    assert told.windows[0].max_percent < 0.6


def test_stops_restarts_and_missing_records_are_not_measured() -> None:
    log = pumplog.begun()
    log.run(30, 480_000)
    log.power_cut(5 * HOUR)
    log.delivery()
    log.run(40, 480_000)
    decoded = log.decoded
    del decoded[60:65]
    lengths = [stretch[-1].at_ms - stretch[0].at_ms for stretch in accuracy_log.stretches(decoded, "S")]
    assert len(lengths) == 3 and sum(lengths) <= 65 * HOUR
    assert lengths[0] == 30 * HOUR


def test_a_month_with_everything_in_it_is_still_exact() -> None:
    log = pumplog.month().decoded
    told = accuracy.analyse(accuracy_log.stretches(log, "S"), HOUR, 0, accuracy_log.step_pl(log))
    assert abs(told.mean_percent) < 0.01


def test_a_log_without_an_hour_of_delivery_is_refused() -> None:
    with pytest.raises(UsageProblem, match="no whole hour of undisturbed delivery"):
        accuracy_log.stretches(pumplog.begun().decoded, "S")


def archived(log: pumplog.PumpLog) -> None:
    with Archive() as archive:
        archive.append(archive.begin("PUMP1"), log.stored)


def test_the_archive_is_measured_by_the_command(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = pumplog.begun()
    log.run(30, 480_000)
    archived(log)
    assert main.run(["--json", "accuracy", "--log"]) == DONE
    told = json.loads(capsys.readouterr().out)
    assert (told["serial"], told["verified"], told["rate_nl_per_day"]) == ("PUMP1", True, 480_000)
    assert told["start_up"]["points"] == []
    assert "only a scale can tell" in _said(["accuracy", "--log"], capsys)


def test_a_log_that_fails_verification_ends_with_5(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = pumplog.begun()
    log.run(30, 480_000)
    spoilt = bytearray(log.stored[20])
    spoilt[30] ^= 1
    log.stored[20] = bytes(spoilt)
    archived(log)
    assert main.run(["accuracy", "--log"]) == UNVERIFIED
    assert "fails verification" in capsys.readouterr().err


def _said(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main.run(words) == DONE
    return capsys.readouterr().out


# A virtual pump's therapy


@pytest.mark.parametrize("rate", [48_000, 200_000, 2_003_000, 2_500_000, 24_000_000])
def test_the_therapy_of_a_rate_is_one_that_the_pump_takes(rate: int) -> None:
    therapy = accuracy_virtual.program(rate)
    prescription.check(therapy)
    assert accuracy_virtual.set_rate_nl_per_day(therapy) == rate


@given(st.integers(units.THERAPY_MIN_NL_PER_DAY, units.THERAPY_MAX_NL_PER_DAY))
def test_a_rate_that_no_whole_dose_makes_is_met_to_a_hundredth_of_a_microlitre(rate: int) -> None:
    therapy = accuracy_virtual.program(rate)
    assert rate - 20 <= accuracy_virtual.set_rate_nl_per_day(therapy) <= rate


def test_a_rate_or_a_time_beyond_the_pump_is_refused_before_it_starts() -> None:
    with pytest.raises(UsageProblem, match="--rate is 20 uL/d, allowed 48 uL/d to 24 mL/d"):
        accuracy_virtual.check(20_000, HOUR)
    with pytest.raises(UsageProblem, match="a full reservoir lasts 19 h 30 min"):
        accuracy_virtual.check(24_000_000, 20 * HOUR)
    accuracy_virtual.check(200_000, 25 * HOUR)


# The command


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "give one of --virtual, --csv FILE and --log"),
        (["--virtual", "--log"], "not several"),
        (["--log", "--rate", "1ml/d"], "--rate is for --virtual and --csv, not for --log"),
        (["--virtual", "--density", "1mg/ul"], "--density is for --csv, not for --virtual"),
        (["--csv", "x.csv", "--for", "1h"], "--for is for --virtual, not for --csv"),
        (["--csv", "x.csv"], "--rate is missing"),
        (["--virtual", "--every", "0s"], "--every is 0"),
        (["--csv", "x.csv", "--rate", "0ml/d"], "--rate is 0"),
        (["--csv", "x.csv", "--rate", "1ml/d", "--density", "1g/ul"], "--density is 1000 mg/uL"),
        (["--csv", "none.csv", "--rate", "1ml/d"], "No such file"),
    ],
)
def test_a_mistake_is_told_by_option_and_remedy(
    home: Path, words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(["accuracy", *words]) == USAGE
    assert told in capsys.readouterr().err


# Files


def example() -> accuracy.Accuracy:
    step = units.STEP_PL_NOMINAL
    readings = [(at * 30_000, at * 69_444 // step * step) for at in range(400)]
    return accuracy.analyse(even(at_rate(readings, 200_000), 30_000), 30_000, HOUR, step)


def test_the_svg_is_one_drawing_with_both_curves(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "a.svg"
    accuracy_page.write_svg(path, example(), "a <scale>")
    document = xml.dom.minidom.parse(str(path))
    figures = [one.getAttribute("id") for one in document.getElementsByTagName("svg")]
    assert figures == ["", "plot-trumpet", "plot-start-up"]
    assert "a &lt;scale&gt;" in path.read_text()
    for at in range(1, 3):
        assert document.getElementsByTagName("svg")[at].getAttribute("y") != ""


def test_the_page_holds_every_figure_that_the_terminal_shows(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    told = example()
    accuracy_page.write_html(path, told, "bench")
    text = path.read_text()
    for row in accuracy_view.rows(told):
        assert f">{row[0]}</td>" in text and f">{row[4]}</td>" in text
    assert "µL" in text and "uL" not in text and "http" not in text.replace("http-equiv", "")


def test_curves_without_a_start_or_a_window_are_drawn_and_say_so() -> None:
    from pumpctl import accuracy_plot

    readings = [(at * 30_000, at * 69_444) for at in range(400)]
    told = accuracy.analyse(
        even(at_rate(readings, 200_000), 30_000), 30_000, 0, units.STEP_PL_NOMINAL, [HOUR * 99], start_up=False
    )
    assert "No observation window fits" in accuracy_plot.trumpet(told)
    assert "not in these data" in accuracy_plot.start_up(told)
    assert told.left_out[0].why.startswith("longer than")
