"""Limits of the drug library and the patient's data at the port: refused, or confirmed and logged."""

import pytest
from modes import fill, patient_bolus, prepared, records, running, steady
from ward import CONTINUOUS, HOUR_MS, PATIENT, SECOND_MS, Ward, filled, therapy

from infuser.wire import program as programs
from pumpctl import program
from pumpctl.errors import Refused

WHO = ("--patient", PATIENT)
OVER = ("--over", "10min")
NOT_TOLD = {"age_years": programs.AGE_NOT_TOLD, "weight_hg": 0, "indication": 0, "screening_ng": 0,
            "screening_response": 0}  # fmt: skip


def commit(ward: Ward, values: dict) -> Refused:
    """What the pump says to a program that a host commits without a check and with every confirmation."""
    data = programs.encode(values)
    with ward.client() as pump:
        pump.stage_program(data)
        with pytest.raises(Refused) as caught:
            pump.commit_program(programs.digest(data), confirmed=True)
    return caught.value


def idle(cli, bench) -> Ward:
    ward = Ward(cli, bench())
    ward.advance(5 * SECOND_MS)
    return ward


def overrides(ward: Ward) -> list[tuple[str, str]]:
    return [(record["field"], record["operator"]) for record in records(ward, "override")]


@pytest.mark.case("EC2")
def test_each_soft_limit_of_a_program_is_confirmed_and_logged_with_the_operator_before_it(cli, bench, tmp_path):
    ward = filled(cli, bench)
    ward.do("program", "clear", "--yes")
    file = therapy(tmp_path, dose="210ug/d", cautions='["impaired-kidneys", "stroke"]')
    with ward.client() as pump:
        data = program.encode(program.load(file))
        pump.stage_program(data)
        with pytest.raises(Refused) as caught:
            pump.commit_program(programs.digest(data))
    assert (caught.value.name, caught.value.field) == ("confirmation-needed", "cautions")
    assert ward.status()["mode"] == "none" and overrides(ward) == []
    ward.do("--operator", "Ada", "program", "send", file, "--yes", "--confirm-warnings")
    assert overrides(ward) == [("cautions", "Ada"), ("cautions", "Ada"), ("dose_ng_per_day", "Ada")]
    kinds = [record["kind"] for record in ward.do("log", "show", "--all")["records"]]
    last = len(kinds) - 1 - kinds[::-1].index("program")
    assert kinds[last - 3 : last] == ["override"] * 3


@pytest.mark.case("EC2")
def test_a_program_within_every_soft_limit_logs_no_override_though_it_was_confirmed(cli, bench):
    ward = prepared(cli, bench, steady())
    assert overrides(ward) == []
    assert [record["confirmed"] for record in records(ward, "program")] == [False]


@pytest.mark.case("EC2")
def test_a_program_without_screening_data_is_asked_about_once(cli, bench):
    ward = idle(cli, bench)
    with ward.client() as pump:
        pump.stage_program(programs.encode(steady(**NOT_TOLD)))
        told = pump.check_program()["warning_list"]
    assert [warning["field"] for warning in told] == ["screening_response"]


@pytest.mark.case("EC2")
@pytest.mark.parametrize(
    "words",
    [("bolus", "120ug", *OVER, *WHO), ("temporary-rate", "1450ug/d", "--for", "3h", *WHO)],
    ids=["bolus", "temporary rate"],
)
def test_an_order_outside_a_soft_limit_needs_a_confirmation_of_its_own(cli, bench, words):
    ward = running(cli, bench, steady(bolus_max_ng=150_000))
    before = ward.status()
    ran = cli("--port", ward.plant.name, "--json", *words, "--yes")
    assert ran.exit_code == 2
    error = ran.json["error"]
    assert "soft limit" in error["message"] and "--confirm-warnings" in error["remedy"]
    assert ward.status()["state"] == "infusing" and overrides(ward) == []
    assert ward.status()["rate_nl_per_day"] == before["rate_nl_per_day"]
    told = ward.do("--operator", "Ada", *words, "--yes", "--confirm-warnings")
    assert len(told["warnings"]) == 1
    assert [who for _, who in overrides(ward)] == ["Ada"]
    ward.advance(5 * SECOND_MS)
    now = ward.status()
    assert now["state"] == "bolus" or now["rate_nl_per_day"] == 2_900_000


@pytest.mark.case("EC2")
def test_an_increase_on_the_day_of_the_start_is_asked_about_and_the_day_after_it_is_not(cli, bench, tmp_path):
    ward = running(cli, bench, steady())
    more = therapy(tmp_path, dose="120ug/d")
    ward.advance(23 * HOUR_MS)
    assert cli("--port", ward.plant.name, "program", "send", more, "--yes").exit_code == 2
    ward.advance(2 * HOUR_MS)
    assert ward.do("program", "send", more, "--yes")["warnings"] == []


@pytest.mark.case("EC3")
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"bolus_max_ng": 200_001}, "bolus_max_ng"),
        (patient_bolus(dose_ng=50_001), "patient_bolus_ng"),
        (
            {"periodic_bolus_ng": 200_001, "periodic_bolus_min": 60, "periodic_interval_min": 10_000},
            "periodic_bolus_ng",
        ),
        ({"screening_ng": 100_001}, "screening_ng"),
    ],
)
def test_a_program_outside_a_hard_limit_of_the_library_is_refused_whatever_the_host_confirms(
    cli, bench, changes, field
):
    ward = idle(cli, bench)
    refused = commit(ward, steady(**changes))
    assert (refused.name, refused.field) == ("out-of-range", field)
    assert ward.status()["mode"] == "none"


@pytest.mark.case("EC3")
def test_a_bolus_above_the_hard_limit_of_the_library_is_refused_though_it_is_confirmed(cli, bench):
    ward = running(cli, bench, steady(bolus_max_ng=200_000))
    error = ward.refused("bolus", "201ug", *OVER, *WHO, "--yes", "--confirm-warnings")
    assert (error["name"], error["field"], error["high"]) == ("out-of-range", "dose_ng", 200_000)
    assert ward.state == "infusing" and overrides(ward) == []


@pytest.mark.case("EC16")
@pytest.mark.parametrize(
    ("changes", "field"),
    [({"drug": "morphine"}, "drug"), ({"concentration_ug_per_ml": 750}, "concentration_ug_per_ml")],
)
def test_a_drug_or_concentration_that_the_library_does_not_have_is_refused_and_logged(cli, bench, changes, field):
    ward = idle(cli, bench)
    refused = commit(ward, steady(minimum_ng_per_day=50_000, **changes))
    assert (refused.name, refused.field) == ("not-in-library", field)
    assert ward.status()["mode"] == "none"
    assert [record["error"] for record in records(ward, "command")][-1] == refused.code


@pytest.mark.case("UC1")
@pytest.mark.parametrize(
    ("settings", "field", "word"),
    [
        ({"age": "3y"}, "age_years", "4 years"),
        ({"response": "negative"}, "screening_response", "negative"),
        ({"contraindications": '["infection"]'}, "contraindications", "infection"),
    ],
    ids=["too young", "no response", "contraindicated"],
)
def test_a_patient_who_must_not_be_given_the_therapy_is_refused_by_the_pump(
    cli, bench, tmp_path, settings, field, word
):
    ward = idle(cli, bench)
    error = ward.refused("program", "send", therapy(tmp_path, **settings), "--yes", "--confirm-warnings")
    assert (error["name"], error["field"]) == ("not-eligible", field)
    assert word in error["message"]
    assert ward.status()["mode"] == "none"


@pytest.mark.case("UC1")
def test_a_screened_patient_is_programmed_and_started_without_a_question(cli, bench):
    ward = idle(cli, bench)
    fill(ward)
    sent = ward.do("program", "send", CONTINUOUS, "--yes")
    assert (sent["warnings"], sent["started"]) == ([], True)
    shown = ward.do("program", "show")["program"]
    assert (shown["age_years"], shown["indication"], shown["screening_response"]) == (47, "spinal", "positive")
