"""A titration's steps: within the increment, readable, deliverable, a day apart, never past the target, or why not."""

import tomllib
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from math import gcd
from pathlib import Path
from typing import Any

import libraries
import pytest
from desk import document
from hypothesis import given
from hypothesis import strategies as st
from wirepeer import EMPTY_STATUS, Peer

from infuser.core import prescription
from infuser.wire import library as wire_library
from infuser.wire import messages, states, units
from infuser.wire import program as programs
from pumpctl import errors, library, program, quantity, therapy_plan, titration, titration_start, titration_view
from pumpctl.cli import main
from pumpctl.errors import FileProblem, UsageProblem

pytestmark = pytest.mark.usefixtures("home")

BEGIN_MIN = 29_935_200  # 2026-12-01T08:00 local
DAY_MIN = units.MIN_PER_DAY
PERSON = {
    "patient": "BENCH-001", "drug": "baclofen", "concentration_ug_per_ml": 500, "age_years": 47,
    "indication": programs.SPINAL, "screening_ng": 75_000, "screening_response": programs.POSITIVE,
}  # fmt: skip
NEW = (
    "titrate", "--patient", "BENCH-001", "--age", "47y", "--indication", "spinal", "--screening", "75ug",
    "--response", "positive", "--concentration", "500ug/ml", "--target", "300ug/d", "--start", "2026-12-01T08:00",
)  # fmt: skip


def begun(target: int = 300_000, **changed: Any) -> dict[str, Any]:
    return titration_start.after_screening({**PERSON, **changed}, library.starting(), target)


def built(target: int = 300_000, person: dict[str, Any] | None = None, **order: Any) -> titration.Plan:
    asked = titration.Order(target, BEGIN_MIN, **order)
    return titration.build(begun(target, **(person or {})), library.starting(), asked)


# Doses


@given(
    st.sampled_from([50, 400, 500, 1000, 1300, 2000, 3000, 4000]), st.integers(0, 10**6), st.integers(0, 10**6),
    st.integers(1, 300), st.booleans(),
)  # fmt: skip
def test_every_step_is_within_the_share_deliverable_and_never_beyond_the_target(
    concentration: int, at: int, to: int, share: int, ends: bool
) -> None:
    low = units.dose_ng(units.THERAPY_MIN_NL_PER_DAY, concentration)
    span = units.DOSE_MAX_NG_PER_DAY - low
    start, target = low + span * at // 10**6, 0 if ends else low + span * to // 10**6
    rises = target >= start
    doses, short = titration.ladder(start, target, share, (low, units.DOSE_MAX_NG_PER_DAY), concentration)
    before = start
    for dose in doses:
        if rises:
            assert before < dose <= min(target, before * (1000 + share) // 1000)
        elif dose:
            assert before > dose >= target and (before - dose) * 1000 <= share * before
        volume = units.volume_nl(dose, concentration)
        assert units.dose_ng(volume, concentration) == dose and (dose >= low or dose == 0)
        before = dose
    assert 0 not in doses[:-1]
    off = abs((doses or [start])[-1] - target)
    assert bool(short) or len(doses) > units.PLAN_STEPS_MAX or off < concentration // gcd(concentration, 1000)


def test_doses_are_readable_and_a_step_is_not_much_less_than_it_may_be() -> None:
    assert built(300_000).doses == [150_000, 170_000, 195_000, 220_000, 250_000, 285_000, 300_000]
    for before, dose in zip(built().doses, built().doses[1:-1], strict=False):
        assert (dose - before) * 1000 >= 150 * before * 3 // 4 and dose % 5000 == 0


@pytest.mark.parametrize(
    ("response", "first"), [(programs.POSITIVE, 150_000), (programs.POSITIVE_OVER_8H, 75_000)]
)  # fmt: skip
def test_the_first_dose_is_twice_the_screening_dose_or_that_dose_itself(response: int, first: int) -> None:
    assert built(person={"screening_response": response}).doses[0] == first
    assert built(60_000, {"screening_response": response}).doses == [60_000], "never above the target"


@pytest.mark.parametrize(
    ("person", "share", "most"),
    [
        ({}, 150, 300),
        ({"indication": programs.CEREBRAL}, 75, 150),
        ({"age_years": 9}, 75, 150),
        ({"indication": 0}, 75, 150),
    ],
)
def test_a_step_is_half_of_what_the_library_allows_for_the_patient_and_never_more_than_that(
    person: dict[str, Any], share: int, most: int
) -> None:
    assert built(person=person).share_permille == share
    assert built(person=person, share_permille=most).share_permille == most
    with pytest.raises(UsageProblem, match="by the drug library for this patient"):
        built(person=person, share_permille=most + 1)


@given(
    st.sampled_from([500, 1000, 2000]), st.integers(4, 90), st.sampled_from([0, programs.SPINAL, programs.CEREBRAL]),
    st.integers(50_000, 100_000), st.sampled_from([programs.POSITIVE, programs.POSITIVE_OVER_8H]),
    st.integers(100_000, 1_500_000), st.integers(0, 5000),
)  # fmt: skip
def test_a_plan_is_one_that_the_pump_takes_without_a_warning_of_its_steps(
    concentration: int, age: int, indication: int, screening: int, response: int, target: int, later_min: int
) -> None:
    person = {
        "concentration_ug_per_ml": concentration, "age_years": age, "indication": indication,
        "screening_ng": screening, "screening_response": response,
    }  # fmt: skip
    if 48 * concentration > min(target, screening):
        return  # below the motor's least
    plan = built(target, person, hold_min=DAY_MIN + later_min, every_min=DAY_MIN + later_min)
    prescription.check(plan.program)
    assert program.loads(program.dumps(plan.program)) == plan.program
    assert not any("raises the dose" in warning or "first dose" in warning for warning in plan.warnings)
    times, doses = plan.times_min, plan.doses
    assert all(later - earlier >= DAY_MIN for earlier, later in zip(times, times[1:], strict=False))
    assert doses == sorted(doses) and (plan.short or target - doses[-1] < 2)


def test_a_taper_ends_in_nothing_by_way_of_the_least_that_the_motor_gives() -> None:
    base = titration_start.of_therapy(program.load(program.example("flex-280ug-evening")))
    plan = titration.build(base, library.starting(), titration.Order(0, BEGIN_MIN, share_permille=200))
    low, _ = therapy_plan.bounds(base, 280_000)
    assert plan.doses[-2:] == [low, 0] and plan.doses[1] == 230_000
    prescription.check(plan.program)


def test_what_sixty_steps_do_not_reach_is_told_with_the_day_to_go_on() -> None:
    plan = built(1_400_000, share_permille=5, every_min=2 * DAY_MIN)
    assert len(plan.doses) == 61 and plan.short == "a plan holds 60 steps"
    first, onward = titration_view.sentences(plan)
    assert "The target of 1400 ug/d is not reached" in first and quantity.format_dose_rate(plan.doses[-1]) in first
    assert "Go on from 2027-04-01 08:00" in onward


def test_refills_are_due_where_the_alarm_volume_is_reached_time_after_time() -> None:
    plan = built(1_400_000, share_permille=20)
    steps = titration_view.steps(plan, 20 * units.NL_PER_ML)
    used, due = 0, 18 * units.NL_PER_ML
    for step in steps[:-1]:
        for at_min in step.refill_min:
            reached = used + step.rate_nl_per_day * (at_min - step.at_min) // DAY_MIN
            assert abs(reached - due) <= step.rate_nl_per_day // DAY_MIN + 1
            due += 18 * units.NL_PER_ML
        used += step.rate_nl_per_day * step.minutes // DAY_MIN
    assert due == 36 * units.NL_PER_ML and used < due


# Refusals


@pytest.mark.parametrize(
    ("person", "target", "named"),
    [
        ({"screening_response": programs.NEGATIVE}, 300_000, "the screening response was negative"),
        ({"contraindications": 2}, 300_000, "contraindication: an infection"),
        ({"age_years": 3}, 300_000, "allowed from 4 years"),
        ({"concentration_ug_per_ml": 50}, 300_000, "for screening only"),
        ({"concentration_ug_per_ml": 700}, 300_000, "500, 1000, 2000 ug/mL"),
        ({"drug": "other"}, 300_000, "does not have this drug"),
    ],
)
def test_what_forbids_the_therapy_is_named(person: dict[str, Any], target: int, named: str) -> None:
    with pytest.raises(FileProblem) as caught:
        built(target, person)
    assert named in str(caught.value.problems[0])


@pytest.mark.parametrize(
    ("target", "order", "named"),
    [
        (2_003_001, {}, "allowed 24 ug/d to 2003 ug/d"),
        (300_000, {"every_min": DAY_MIN - 1}, "a dose is raised at most once in 24 h"),
        (300_000, {"hold_min": 0}, "no increase in the first 24 h"),
    ],
)
def test_what_no_plan_can_be_is_refused_with_what_can(target: int, order: dict[str, Any], named: str) -> None:
    with pytest.raises(UsageProblem, match=named):
        built(target, **order)


def test_a_first_dose_below_the_motors_least_asks_for_a_weaker_drug() -> None:
    with pytest.raises(UsageProblem, match="less than the motor's least at 2000 ug/mL, 96 ug/d"):
        built(person={"concentration_ug_per_ml": 2000, "screening_response": programs.POSITIVE_OVER_8H})


# The command


def test_the_table_the_plot_the_file_and_the_page_tell_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, page = tmp_path / "t.toml", tmp_path / "t.html"
    assert main.run([*NEW, "-o", str(file), "--html", str(page)]) == errors.DONE
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "BENCH-001: 150 ug/d to 300 ug/d, at most +15 % a step, one every 24 h at 08:00"
    assert shown[3].split() == ["1", "2026-12-02", "170", "+13.3", "%", "340", "14.17", "1", "0.64"]
    assert "300 ug/d is reached on 2026-12-07 08:00, in 6 steps." in shown
    assert max(map(len, shown)) <= 80 and sum("#" in line for line in shown) == 10
    told = program.load(file)
    assert [step["dose_ng_per_day"] for step in told["plan_list"]] == built().doses[1:]
    assert tomllib.loads(file.read_text())["start"] == {"at": "2026-12-01T08:00"}
    assert main.run(["program", "check", str(file)]) == errors.DONE
    drawn = page.read_text(encoding="utf-8")
    ElementTree.fromstring(drawn.split("<body>")[1].split("</body>")[0])
    assert drawn.count('<svg class="plot"') == 2 and "2026-12-07" in drawn
    assert "http" not in drawn.replace("http-equiv", "")


def test_scripts_get_every_step_in_the_wires_units(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run([*NEW, "--json", "--increase", "30%", "--every", "48h"]) == errors.DONE
    told = document(capsys)
    assert told["reached"] and told["share_permille"] == 300 and told["file"] is None
    assert [step["dose_ng_per_day"] for step in told["steps"]] == [150_000, 190_000, 240_000, 300_000]
    assert told["steps"][2] == {
        "at": "2026-12-04T08:00", "dose_ng_per_day": 240_000, "percent_permille": 263, "volume_nl_per_day": 480_000,
        "minutes": 2880, "used_nl": 300_000 + 2 * 380_000 + 2 * 480_000, "refill_due": [],
    }  # fmt: skip


def in_parts(data: bytes, digest: bytes) -> Callable[[Any], dict[str, Any]]:
    """How a pump tells what does not fit into one reply."""
    return lambda request: {
        "total": len(data), "digest": digest, "chunk": data[request["offset"] : request["offset"] + messages.CHUNK_MAX],
    }  # fmt: skip


def test_a_pumps_therapy_is_led_on_from_the_dose_in_force_by_its_own_library(
    capsys: pytest.CaptureFixture[str],
) -> None:
    held = program.load(program.example("titration-100ug-to-170ug"))
    data = programs.encode(held)
    stored = library.encode(libraries.newer(increase_spinal_permille=200)) + bytes(wire_library.SIGNATURE_BYTES)
    status = {
        **EMPTY_STATUS, "state": states.INFUSING, "plan_position": 4, "plan_dose_ng_per_day": 170_000,
        "time_valid": True, "time_ms": BEGIN_MIN * units.MS_PER_MIN - 1000, "reservoir_nl": 9_000_000,
    }  # fmt: skip
    with Peer({
        messages.STATUS: lambda request: status,
        messages.PROGRAM_READ: in_parts(data, programs.digest(data)),
        messages.LIBRARY_READ: in_parts(stored, library.digest(stored)),
    }) as peer:  # fmt: skip
        words = ["-p", peer.port, "--json", "titrate", "--from-pump", "--target", "220ug/d"]
        assert main.run(words) == errors.DONE
        assert {command for command, _, _ in peer.seen} == {
            messages.HELLO, messages.STATUS, messages.PROGRAM_READ, messages.LIBRARY_READ,
        }  # fmt: skip
    told = document(capsys)
    assert [step["dose_ng_per_day"] for step in told["steps"]] == [170_000, 186_000, 204_000, 220_000]
    assert [step["at"] for step in told["steps"]][:2] == ["2026-12-01T08:00", "2026-12-02T08:00"]
    assert told["program"]["start_at"] is None and told["warnings"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["titrate", "--target", "300ug/d"], "--patient, --screening, --response, --concentration missing"),
        ([*NEW, "--increase", "10%", "--decrease", "10%"], "both given"),
        ([*NEW, "--increase", "0%"], "a step of 0 % leads nowhere"),
        ([*NEW, "--from", str(program.example())], "--screening is told by the therapy already"),
        ([*NEW, "--limit", "200ug/d"], "allowed 24 ug/d to 200 ug/d"),
        ([*NEW, "--start", "2099-12-30"], "beyond 2099-12-31 23:59"),
        (["titrate", "--target", "90ug/d", "--from", str(program.example("periodic-bolus-20ug-6h"))], "no periodic"),
    ],
)
def test_a_titration_that_cannot_be_meant_is_refused(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(words) == errors.USAGE
    assert said in capsys.readouterr().err
