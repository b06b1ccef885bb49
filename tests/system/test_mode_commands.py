"""The commands of the infusion modes as a technician gives them, at a real virtual pump."""

import pytest
from modes import NOW_MIN, prepared, running, steady
from ward import DAY_MS, HOUR_MS, MINUTE_MS, PATIENT, STEP_PL, delivers

RATE = 200_000
WHO = ("--patient", PATIENT)


def titration(*doses: int) -> dict:
    """A plan with a dose for each second day from tomorrow on."""
    entries = [{"at_min": NOW_MIN + (1 + 2 * at) * 1440, "dose_ng_per_day": dose} for at, dose in enumerate(doses)]
    return steady(plan_list=entries, plan_increase_permille=300)


def test_a_temporary_rate_told_as_a_share_runs_for_its_time_and_the_program_goes_on(cli, bench):
    ward = running(cli, bench, steady())
    told = ward.do("--yes", "temporary-rate", "50%", "--for", "3h", *WHO)
    assert told["rate_nl_per_day"] == RATE // 2
    assert delivers(ward.steps_in(2 * HOUR_MS), RATE // 2, 2 * HOUR_MS)
    ward.advance(HOUR_MS + MINUTE_MS)
    assert delivers(ward.steps_in(2 * HOUR_MS), RATE, 2 * HOUR_MS)


def test_a_temporary_rate_is_ended_before_its_time_by_command(cli, bench):
    ward = running(cli, bench, steady())
    ward.do("--yes", "temporary-rate", "150ug/d", "--for", "3h", *WHO)
    ward.advance(MINUTE_MS)
    assert ward.status()["rate_nl_per_day"] == 300_000
    ward.do("--yes", "temporary-rate", "--end")
    assert ward.status()["rate_nl_per_day"] == RATE


@pytest.mark.case("EC15")
@pytest.mark.parametrize(
    "words",
    [("temporary-rate", "50%", "--for", "3h"), ("plan", "hold"), ("plan", "cut-back", "90ug/d")],
    ids=["temporary rate", "hold", "cut-back"],
)
def test_a_dose_of_another_patient_is_not_touched(cli, bench, words):
    ward = running(cli, bench, titration(115_000))
    assert ward.refused("--yes", *words, "--patient", "SOMEBODY-ELSE")["message"]
    assert ward.status()["rate_nl_per_day"] == RATE


@pytest.mark.parametrize("rate", ["0.1ug/d", "5000ug/d"])
@pytest.mark.case("EC3")
def test_a_temporary_rate_that_the_pump_does_not_give_is_refused_with_its_range(cli, bench, rate):
    ward = running(cli, bench, steady())
    refused = ward.refused("--yes", "temporary-rate", rate, "--for", "3h", *WHO)
    assert refused["field"] == "dose_ng_per_day" and refused["low"] < refused["high"]
    assert ward.status()["rate_nl_per_day"] == RATE


def test_a_plan_is_held_cut_back_and_let_go_on(cli, bench):
    ward = running(cli, bench, titration(115_000, 130_000))
    ward.do("--yes", "plan", "hold", *WHO)
    ward.advance(2 * DAY_MS)
    held = ward.do("plan", "show")
    assert (held["held"], held["dose_ng_per_day"]) == (True, 100_000)
    ward.do("--yes", "plan", "cut-back", "80%", *WHO)
    assert ward.status()["rate_nl_per_day"] == RATE * 8 // 10
    ward.do("--yes", "plan", "go-on", *WHO)
    assert not ward.do("plan", "show")["held"]
    ward.advance(4 * DAY_MS)
    assert ward.do("plan", "show")["dose_ng_per_day"] > 80_000


def test_a_dose_is_cut_back_and_never_raised_by_that_command(cli, bench):
    ward = running(cli, bench, titration(115_000))
    ward.refused("--yes", "plan", "cut-back", "120ug/d", *WHO)
    assert ward.status()["rate_nl_per_day"] == RATE


def test_a_stop_with_a_time_resumes_by_itself_and_a_resume_with_one_starts_later(cli, bench):
    ward = running(cli, bench, steady())
    assert ward.do("stop", "--for", "30min")["start_in_ms"]
    assert ward.steps_in(29 * MINUTE_MS) == 0
    ward.advance(2 * MINUTE_MS)
    assert ward.state == "infusing"
    ward.do("stop")
    ward.do("--yes", "resume", "--in", "2h")
    assert ward.steps_in(119 * MINUTE_MS) == 0
    ward.advance(2 * MINUTE_MS)
    assert ward.state == "infusing"


@pytest.mark.case("UC9")
def test_a_catheter_is_primed_by_its_dimensions_and_counted_apart(cli, bench):
    ward = prepared(cli, bench, steady())
    told = ward.do(
        "--yes", "prime", "--catheter-length", "60cm", "--lumen", "2.2ul/cm", "--dead-space", "0.1ml", "--over", "2min"
    )
    assert told["volume_nl"] == 232_000
    ward.advance(3 * MINUTE_MS)
    now = ward.status()
    assert now["delivered_steps"]["priming"] == 232_000 * 1000 // STEP_PL == ward.truth()["steps_made"]
    assert now["delivered_total_nl"] == 0


@pytest.mark.case("UC8")
def test_the_path_is_flushed_and_the_reservoir_drained_before_a_pump_is_put_away(cli, bench):
    ward = prepared(cli, bench, steady())
    ward.do("--yes", "flush", "0.5ml", "--over", "1min")
    ward.advance(2 * MINUTE_MS)
    ward.do("--yes", "drain", "--over", "25min")
    ward.advance(30 * MINUTE_MS)
    now = ward.status()
    assert (now["state"], now["reservoir_nl"], now["alarms"]) == ("suspended", 0, [])
    assert now["delivered_total_nl"] == 0
    ward.refused("--yes", "resume")
