"""Therapy files of patient's and periodic boluses, delayed start, plans of doses and dose windows."""

from pathlib import Path

import pytest

from infuser.wire import codec, units
from infuser.wire import program as programs
from pumpctl import program, program_changes, program_view, program_words, therapy_times
from pumpctl.comparison import Change
from pumpctl.errors import FileProblem, UsageProblem

EXAMPLES = {path.stem: path for path in sorted(program.example().parent.glob("*.toml"))}
PATIENT, PERIODIC, TITRATION, TAPER, FLEX = (
    EXAMPLES[name].read_text(encoding="utf-8")
    for name in (
        "patient-bolus-10ug",
        "periodic-bolus-20ug-6h",
        "titration-100ug-to-170ug",
        "taper-200ug-to-end",
        "flex-280ug-evening",
    )
)
FIRST_OF_DECEMBER_MIN = 20_788 * units.MIN_PER_DAY  # 2026, since 1970


def problems(text: str) -> list[str]:
    with pytest.raises(FileProblem) as caught:
        program.loads(text, "file.toml")
    return [str(problem) for problem in caught.value.problems]


def changed(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


def shown(text: str) -> dict[str, str]:
    return dict(program_view.lines(program.loads(text)))


@pytest.mark.parametrize("path", EXAMPLES.values(), ids=list(EXAMPLES))
def test_every_example_is_sound_and_gives_the_same_bytes_when_it_is_written_back(path: Path) -> None:
    told = program.load(path)
    assert program.encode(program.loads(program.dumps(told, "Therapy read from a pump."))) == program.encode(told)
    assert program.example(path.stem) == path


def test_an_example_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(UsageProblem) as caught:
        program.example("none")
    assert "titration-100ug-to-170ug" in caught.value.remedy


def test_a_patients_bolus_has_dose_duration_lock_out_and_a_number_a_day() -> None:
    told = program.loads(PATIENT)
    names = ("patient_bolus_ng", "patient_bolus_min", "patient_lockout_min", "patient_boluses_per_day")
    assert [told[name] for name in names] == [10_000, 10, 240, 4]
    assert (told["dose_max_1h_ng"], told["dose_max_4h_ng"], told["dose_max_ng_per_day"]) == (40_000, 65_000, 240_000)


def test_a_periodic_bolus_has_dose_duration_and_interval_and_counts_in_the_daily_dose() -> None:
    told = program.loads(PERIODIC)
    names = ("periodic_bolus_ng", "periodic_bolus_min", "periodic_interval_min")
    assert [told[name] for name in names] == [20_000, 10, 360]
    assert program_view.figures(told)["dose_ng_per_day"] == 60_000 + 4 * 20_000


def test_a_plan_and_a_start_are_in_local_minutes_and_a_date_alone_means_eight_in_the_morning() -> None:
    told = program.loads(TITRATION)
    assert told["start_min"] == FIRST_OF_DECEMBER_MIN + 8 * 60
    day = units.MIN_PER_DAY
    assert told["plan_list"] == [
        {"at_min": FIRST_OF_DECEMBER_MIN + 2 * day + 8 * 60, "dose_ng_per_day": 115_000},
        {"at_min": FIRST_OF_DECEMBER_MIN + 4 * day + 8 * 60, "dose_ng_per_day": 130_000},
        {"at_min": FIRST_OF_DECEMBER_MIN + 6 * day + 8 * 60, "dose_ng_per_day": 150_000},
        {"at_min": FIRST_OF_DECEMBER_MIN + 8 * day + 10 * 60 + 30, "dose_ng_per_day": 170_000},
    ]
    assert told["plan_increase_permille"] == 200


def test_a_rising_plan_without_a_largest_increase_has_the_pumps_own_and_a_falling_one_has_none() -> None:
    rising = program.loads(changed(TITRATION, 'increase_max = "20%"', ""))
    assert rising["plan_increase_permille"] == units.PLAN_INCREASE_MAX_PERMILLE
    assert program.loads(TAPER)["plan_increase_permille"] == 0
    assert program.loads(TAPER)["plan_list"][-1]["dose_ng_per_day"] == 0


def test_without_the_tables_there_is_no_such_thing() -> None:
    told = program.loads(FLEX)
    tables = ("patient_", "periodic_", "plan_", "start_min", "dose_max_1h", "dose_max_4h")
    assert not any(told[name] for name, _ in codec.fields(programs.PROGRAM_FIELDS) if name.startswith(tables))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("per_day = 4", 'per_day = "4"', "patient_bolus.per_day: is text, must be a whole number without quotes"),
        ("per_day = 4", "per_day = true", "patient_bolus.per_day: is true or false, must be a whole number"),
        ("per_day = 4", "per_day = 25", "patient_bolus.per_day: 25 is out of range, allowed 1 to 24"),
        ("per_day = 4", "", "patient_bolus.per_day: is missing. Most of them in any 24 hours"),
        ('dose = "10ug"', 'dose = "0.1ug"', "patient_bolus.dose: 0.1 ug is out of range, allowed 0.5 ug to 1000 ug"),
        ('dose = "10ug"', 'dose = "50ug"', "patient_bolus.dose: 50 ug is more than limits.dose_max_1h allows, 40 ug"),
        ('"10min"', '"90s"', "patient_bolus.duration: 1 min 30 s is not a whole number of minutes"),
        ('"10min"', '"20s"', "patient_bolus.duration: 20 s is out of range, allowed 1 min to 1 d"),
        ('lockout = "4h"', 'lockout = "4min"', "patient_bolus.lockout: 4 min is out of range, allowed 5 min to 7 d"),
        (
            'duration = "10min"\nlockout = "4h"', 'duration = "30min"\nlockout = "20min"',
            "patient_bolus.lockout: 20 min is shorter than the bolus, allowed from 30 min (patient_bolus.duration)",
        ),
        ('dose_max_1h = "40ug"', 'dose_max_1h = "70ug"', "limits.dose_max_1h: 70 ug is more than dose_max_4h allows"),
        ('dose_max_4h = "65ug"', 'dose_max_4h = "65ug/d"', 'limits.dose_max_4h: "65ug/d" has an unknown unit'),
        (
            'dose_max_4h = "65ug"\ndose_max = "240ug/d"', 'dose_max_4h = "300ug"\ndose_max = "240ug/d"',
            "limits.dose_max_4h: 300 ug is more than dose_max allows in a longer time, 240 ug",
        ),
        ("[patient_bolus]", "[patients_bolus]", "patients_bolus: unknown key; did you mean 'patient_bolus'?"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_patients_bolus_is_named(old: str, new: str, expected: str) -> None:
    told = problems(changed(PATIENT, old, new))
    assert any(expected in one for one in told), told


def test_an_empty_table_of_limits_is_a_mistake() -> None:
    text = PATIENT.split("[limits]")[0] + "[limits]\n"
    assert problems(text) == [
        "limits: is empty; give one of dose_max_1h, dose_max_4h, dose_max, or leave the table out"
    ]


def test_a_bolus_faster_than_the_motor_is_told_the_shortest_time() -> None:
    text = changed(changed(PATIENT, 'dose = "10ug"', 'dose = "1mg"'), '"10min"', '"2min"').split("[limits]")[0]
    assert problems(text) == [
        "patient_bolus.duration: 2 min is too short for 1000 ug at 500 ug/mL, allowed from 3 min",
    ]
    assert program.loads(text.replace('"2min"', '"3min"'))["patient_bolus_min"] == 3


def test_a_dose_window_that_the_program_fills_by_itself_is_refused_where_it_stands() -> None:
    (told,) = problems(changed(PATIENT, 'dose_max_1h = "40ug"', 'dose_max_1h = "10.1ug"').replace('"150ug', '"230ug'))
    assert told.startswith("limits.dose_max_1h: dose max 1h = 10.1 ug, allowed 11.")
    assert told.endswith("what the program gives by itself must fit with room to spare")
    (told,) = problems(changed(PERIODIC, 'dose_max_4h = "60ug"', 'dose_max_4h = "31ug"'))
    assert told.startswith("limits.dose_max_4h: ")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('every = "6h"', 'every = "20min"', "periodic_bolus.every: 20 min is out of range, allowed 30 min to 7 d"),
        (
            'duration = "10min"', 'duration = "6h"',
            "periodic_bolus.duration: 6 h is not shorter than the interval, 6 h (periodic_bolus.every)",
        ),
        ('every = "6h"', "", "periodic_bolus.every: is missing"),
        (
            "[reservoir]", '[plan]\n[[plan.step]]\nat = "2026-12-02"\ndose = "70ug/d"\n[reservoir]',
            "plan: a plan and [periodic_bolus] exclude each other; leave one of them out",
        ),
    ],
)  # fmt: skip
def test_a_mistake_in_a_periodic_bolus_is_named(old: str, new: str, expected: str) -> None:
    told = problems(changed(PERIODIC, old, new))
    assert any(expected in one for one in told), told


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('"2026-12-01T08:00"', "2026-12-01T08:00:00", "start.at: is a date or time, must be text in quotes"),
        ('"2026-12-01T08:00"', '"2026-12-01T08:00Z"', 'start.at: "2026-12-01T08:00Z" is not a local time without off'),
        ('"2026-12-01T08:00"', '"2026-02-30"', 'start.at: "2026-02-30" is not a day of the calendar'),
        ('"2026-12-01T08:00"', '"1999-12-01"', "start.at: 1999-12-01 is out of range, allowed 2020-01-01 00:00"),
        ('"20%"', '"35%"', "plan.increase_max: 35 % is out of range, allowed 0.1 % to 30 %"),
        ('"20%"', "20", 'plan.increase_max: is a number without a unit; write it like "80%"'),
        ('"115ug/d"', '"125ug/d"', "plan.step[1].dose: 125 ug/d is out of range, allowed up to 120 ug/d, 20 % more"),
        ('"130ug/d"', '"110ug/d"', "plan.step[2].dose: 110 ug/d comes after 115 ug/d, but the plan rises; it may do"),
        ('"170ug/d"', '"0ug/d"', "plan.step[1].dose: 115 ug/d comes after 100 ug/d, but the plan falls"),
        ('"115ug/d"', '"115ug"', 'plan.step[1].dose: "115ug" has an unknown unit'),
        ('at = "2026-12-03" ', "", "plan.step[1].at: is missing"),
        (
            '"2026-12-03"', '"2026-12-02T07:59"',
            "plan.step[1].at: 2026-12-02 07:59 is too early, allowed from 2026-12-02 08:00: 24 h after the start",
        ),
        (
            '"2026-12-07"', '"2026-12-06T07:59"',
            "plan.step[3].at: 2026-12-06 07:59 is too early, allowed from 2026-12-06 08:00: 24 h after step 2",
        ),
        (
            'dose_max = "280ug/d"', 'dose_max = "160ug/d"',
            "plan.step[4].dose: 170 ug/d is out of range, allowed 24 ug/d to 160 ug/d by motor and dose limit",
        ),
        (
            'dose_max = "280ug/d"', 'dose_max = "170.5ug/d"',
            "limits.dose_max: dose max = 170.5 ug/d, allowed 171.",
        ),
    ],
)  # fmt: skip
def test_a_mistake_in_a_titration_is_named(old: str, new: str, expected: str) -> None:
    told = problems(changed(TITRATION, old, new))
    assert any(expected in one for one in told), told


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('"160ug/d"', '"210ug/d"', "plan.step[1].dose: 210 ug/d comes after 200 ug/d, but the plan falls"),
        ('"34ug/d"', '"0ug/d"', "plan.step[8].dose: 0 ug/d ends the therapy and can only be the last step"),
        ('"27ug/d"', '"20ug/d"', "plan.step[9].dose: 20 ug/d is out of range, allowed 24 ug/d to 250 ug/d by motor"),
        (
            '"2026-12-07T08:00"', '"2026-12-05T08:00"',
            "plan.step[3].at: 2026-12-05 08:00 is too early, allowed from 2026-12-05 08:01: after step 2",
        ),
    ],
)  # fmt: skip
def test_a_mistake_in_a_taper_is_named(old: str, new: str, expected: str) -> None:
    told = problems(changed(TAPER, old, new))
    assert any(expected in one for one in told), told


def test_a_plan_of_a_flex_day_is_bounded_by_its_slowest_and_fastest_part() -> None:
    plan = '[plan]\n[[plan.step]]\nat = "2026-12-02"\ndose = "{}ug/d"\n'
    # 210 ug/d at night are three quarters of the mean, 280 ug/d; the motor's least is 24 ug/d.
    assert program.loads(FLEX + plan.format(32))["plan_list"][0]["dose_ng_per_day"] == 32_000
    (told,) = problems(FLEX + plan.format(31))
    assert told.startswith("plan.step[1].dose: 31 ug/d is out of range, allowed 32 ug/d to 450 ug/d")


def test_a_plan_is_not_longer_than_the_pump_can_hold() -> None:
    steps = "".join(
        f'[[plan.step]]\nat = "2026-12-01T{at // 60:02d}:{at % 60:02d}"\ndose = "90ug/d"\n' for at in range(61)
    )
    text = program.example().read_text(encoding="utf-8") + "[plan]\n" + steps
    assert problems(text) == ["plan.step: 61 steps, allowed 60"]


def test_a_mistake_elsewhere_does_not_hide_those_of_the_plan_and_is_told_beside_them() -> None:
    text = changed(changed(TITRATION, '"115ug/d"', '"125ug/d"'), 'lockout = "6h"', 'lockout = "6"')
    assert [told.split(":")[0] for told in problems(text)] == ["bolus.lockout", "plan.step[1].dose"]


def test_people_read_every_part_in_clinical_words() -> None:
    patient, periodic, titration, taper = (shown(text) for text in (PATIENT, PERIODIC, TITRATION, TAPER))
    assert patient["patient bolus"] == "10 ug (20 uL) over 10 min\nlock-out 4 h, 4 in 24 h"
    assert patient["with patient boluses"] == "190 ug/d if all are taken"
    assert patient["dose limit"] == "40 ug in 1 h, 65 ug in 4 h, 240 ug/d"
    assert periodic["periodic bolus"] == "20 ug (40 uL) over 10 min\nevery 6 h, the first 6 h after the start: 80 ug/d"
    assert periodic["dose per day"] == "140 ug/d"
    assert titration["start"] == "not before 2026-12-01 08:00 local time"
    assert titration["plan"].splitlines()[:2] == [
        "titration, at most +20 % a step", "2026-12-03 08:00  115 ug/d  +15 %",
    ]  # fmt: skip
    assert taper["plan"].splitlines()[0] == "taper"
    assert taper["plan"].splitlines()[-2:] == ["2026-12-19 08:00  27 ug/d  -20.6 %", "2026-12-21 08:00  end of therapy"]
    assert (taper["start"], taper["patient bolus"], taper["with patient boluses"]) == ("when resumed", "none", "none")


def test_the_pumps_own_limit_is_shown_where_the_program_has_none() -> None:
    weak = program.loads(FLEX.split("[limits]")[0])
    assert program_words.limits(weak) == "2503.75 ug/d"
    # At 50 ug/mL the motor's largest daily volume, 26 mL, is the tighter bound.
    assert program_words.limits({**weak, "concentration_ug_per_ml": 50}) == "1300 ug/d"


def test_scripts_read_local_times_and_doses_in_ng() -> None:
    told = program_view.document(program.loads(TITRATION))
    assert told["start_at"] == "2026-12-01T08:00"
    assert told["plan"][-1] == {"at": "2026-12-09T10:30", "dose_ng_per_day": 170_000}
    assert program_view.document(program.loads(FLEX))["start_at"] is None
    patient = program_view.document(program.loads(PATIENT))
    assert (patient["patient_bolus_nl"], patient["dose_with_patient_boluses_ng_per_day"]) == (20_000, 190_000)


def test_old_and_new_side_by_side_show_a_plan_that_changes() -> None:
    old = program.loads(TITRATION)
    new = program.loads(changed(TITRATION, '"170ug/d"', '"160ug/d"'))
    rows = {name: change for name, _, _, change in map(Change.row, program_changes.changes(old, new))}
    assert {name for name, change in rows.items() if change} == {"plan step 4"}


def test_a_new_program_is_compared_with_the_dose_that_a_plan_has_come_to_not_with_its_first() -> None:
    told = program.loads(TITRATION)
    rows = {name: row for name, *row in map(Change.row, program_changes.changes(told, told, plan_ng_per_day=150_000))}
    assert rows["dose per day"] == ["150 ug/d", "100 ug/d", "!! -33.3 %"]
    assert rows["volume per day"][:2] == ["300 uL/d", "200 uL/d"]


def test_a_local_time_reads_back_and_may_be_written_with_a_space() -> None:
    for text in ("2026-12-02T08:00", "2020-01-01T00:00", "2099-12-31T23:59"):
        assert therapy_times.iso(therapy_times.parse(text)) == text
        assert therapy_times.parse(therapy_times.people(therapy_times.parse(text))) == therapy_times.parse(text)
