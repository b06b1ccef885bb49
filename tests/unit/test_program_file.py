"""Therapy files: read, refused with everything that is wrong, written back."""

from pathlib import Path

import pytest

from infuser.core.schedule import Schedule
from infuser.wire import program as programs
from infuser.wire import units
from pumpctl import program, program_view, week
from pumpctl.errors import FileProblem

CONTINUOUS = program.example("start-100ug-continuous").read_text(encoding="utf-8")
FLEX = program.example("flex-280ug-evening").read_text(encoding="utf-8")


def problems(text: str) -> list[str]:
    with pytest.raises(FileProblem) as caught:
        program.loads(text, "file.toml")
    assert caught.value.exit_code == 2
    return [str(problem) for problem in caught.value.problems]


def test_the_continuous_example_is_100_ug_a_day_at_500_ug_per_ml() -> None:
    told = program.loads(CONTINUOUS)
    assert told["mode"] == programs.CONTINUOUS
    assert program_view.figures(told)["dose_ng_per_day"] == 100_000
    assert program_view.figures(told)["volume_nl_per_day"] == 200_000


def test_the_flex_example_is_280_ug_a_day_and_strongest_in_the_evening() -> None:
    told = program.loads(FLEX)
    assert program_view.figures(told)["dose_ng_per_day"] == 280_000
    strongest = max(week.from_wire(told["step_list"]), key=lambda step: step.dose_ng_per_day)
    assert (strongest.start_min, strongest.end_min) == (17 * 60, 22 * 60)


@pytest.mark.parametrize("text", [CONTINUOUS, FLEX])
def test_a_program_written_as_a_file_gives_the_same_bytes(text: str) -> None:
    told = program.loads(text)
    again = program.loads(program.dumps(told, "Therapy read from a pump."))
    assert program.encode(again) == program.encode(told)


def test_a_rate_may_be_written_as_volume_and_is_converted_by_the_concentration() -> None:
    told = program.loads(CONTINUOUS.replace('dose = "100ug/d"', 'rate = "0.2ml/d"'))
    assert told["step_list"][0]["dose_ng_per_day"] == 100_000
    assert program.loads(CONTINUOUS.replace('dose = "100ug/d"', 'rate = "5ug/h"'))["step_list"] == [
        {"day_mask": programs.EVERY_DAY, "start_min": 0, "dose_ng_per_day": 120_000}
    ]


def test_a_dose_that_its_step_cannot_hold_evenly_is_rounded_down() -> None:
    text = FLEX.replace('from = "22:00"\nto = "06:00"', 'from = "23:00"\nto = "06:00"').replace(
        'from = "17:00"\nto = "22:00"', 'from = "17:00"\nto = "23:00"'
    )
    rate = next(step for step in program.loads(text)["step_list"] if step["start_min"] == 23 * 60)
    assert rate["dose_ng_per_day"] == 70_000 * 24 // 7 == 240_000
    text = text.replace('dose = "70ug"', 'dose = "80ug"')
    rate = next(step for step in program.loads(text)["step_list"] if step["start_min"] == 23 * 60)
    assert rate["dose_ng_per_day"] * 7 <= 80_000 * 24 < (rate["dose_ng_per_day"] + 1) * 7


def test_without_optional_tables_there_is_no_bolus_and_the_alarm_volume_is_2_ml() -> None:
    told = program.loads(CONTINUOUS.split("[bolus]")[0])
    assert (told["bolus_max_ng"], told["bolus_lockout_min"], told["dose_max_ng_per_day"]) == (0, 0, 0)
    assert told["low_reservoir_nl"] == units.LOW_RESERVOIR_DEFAULT_NL


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('dose = "100ug/d"', "dose = 100", 'infusion.dose: is a number without a unit; write it like "90ug/d"'),
        ('dose = "100ug/d"', 'dose = "100"', 'infusion.dose: "100" has no unit'),
        ('dose = "100ug/d"', 'dose = "100mgg/d"', "did you mean 'mg/d'"),
        ('dose = "100ug/d"', 'dsoe = "100ug/d"', "infusion.dsoe: unknown key; did you mean 'dose'?"),
        ('dose = "100ug/d"', "", "infusion: neither dose nor rate is given"),
        ('dose = "100ug/d"', 'dose = "100ug/d"\nrate = "4ug/h"', "infusion: both dose and rate are given"),
        ('dose = "100ug/d"', 'dose = "20ug/d"', "infusion.dose: 20 ug/d at 500 ug/mL is out of range, allowed 24 ug/d"),
        ('dose = "100ug/d"', 'dose = "300ug/d"', "infusion: dose = 300 ug/d, allowed 0.001 ug/d to 250 ug/d"),
        ('minimum = "25ug/d"', "", "infusion.minimum: is missing"),
        ('minimum = "25ug/d"', 'minimum = "150ug/d"', "150 ug/d is out of range, allowed 24 ug/d to 100 ug/d"),
        ('mode = "continuous"', 'mode = "continuos"', "did you mean 'continuous'?"),
        ('mode = "continuous"', 'mode = "flex"', "infusion.step: is missing"),
        ('id = "BENCH-001"', 'id = ""', "patient.id: must be 1 to 60 characters"),
        ('id = "BENCH-001"', "id = 7", "patient.id: is a number, must be text in quotes"),
        ('"500ug/ml"', '"9mg/ml"', "drug.concentration: 9000 ug/mL is out of range, allowed 1 ug/mL to 4000 ug/mL"),
        ('max = "50ug"', 'max = "5mg"', "bolus.max: 5000 ug is out of range, allowed 0.001 ug to 1000 ug"),
        ('lockout = "4h"', 'lockout = "90s"', "bolus.lockout: 1 min 30 s is not a whole number of minutes"),
        ('lockout = "4h"', "", "bolus.lockout: is missing"),
        ('alarm_volume = "2ml"', 'alarm_volume = "15ml"', "15 mL is out of range, allowed 500 uL to 10 mL"),
        ('dose_max = "250ug/d"', 'dose_max = "3mg/d"', "limits.dose_max: 3000 ug/d is out of range"),
        ("[reservoir]", "[reservior]", "reservior: unknown key; did you mean 'reservoir'?"),
        ("[patient]", "[patient", "not TOML"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_what_is_allowed(old: str, new: str, expected: str) -> None:
    assert old in CONTINUOUS
    assert any(expected in told for told in problems(CONTINUOUS.replace(old, new)))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            'to = "17:00"', 'to = "18:00"',
            "infusion.step[2]: step 1 (06:00-18:00) and step 2 (17:00-22:00) overlap from 17:00 to 18:00",
        ),
        ('to = "17:00"', 'to = "16:30"', "infusion.step: gap from 16:30 to 17:00: no step covers it"),
        ('to = "17:00"', 'to = "5pm"', 'infusion.step[1].to: "5pm" is not a time, allowed "00:00" to "24:00"'),
        ('from = "06:00"', 'from = "24:00"', 'infusion.step[1].from: "24:00" is not a time'),
        ('from = "06:00"', 'from = "06:00"\ndays = ["mon"]', "gap from 06:00 to 17:00 (tue, wed, thu, fri, sat, sun)"),
        ('from = "06:00"', 'from = "06:00"\ndays = ["monday"]', "did you mean 'mon'?"),
        ('from = "06:00"', 'from = "06:00"\ndays = []', "infusion.step[1].days: must be a list of days"),
        ('dose = "110ug"', 'dose = "110ug/d"', "infusion.step[1].dose"),
        ('dose = "110ug"', 'dose = "5ug"', "step[1].dose: 5 ug in 11 h at 500 ug/mL is out of range, allowed 11 ug"),
        ('dose = "110ug"', "", "infusion.step[1]: neither dose nor rate is given"),
        ('mode = "flex"', 'mode = "flex"\ndose = "5ug/d"', 'infusion.dose: belongs to mode = "continuous"'),
        ('mode = "flex"', 'mode = "continuous"', 'infusion.step: belongs to mode = "flex"'),
    ],
)  # fmt: skip
def test_a_mistake_in_a_step_is_named_with_its_number_and_times(old: str, new: str, expected: str) -> None:
    assert old in FLEX
    told = problems(FLEX.replace(old, new, 1))
    assert any(expected in one for one in told), told


def test_all_problems_of_a_file_are_told_at_once() -> None:
    text = (
        FLEX.replace('id = "BENCH-001"', "id = 1")
        .replace('"500ug/ml"', '"500"')
        .replace('to = "17:00"', 'to = "16:00"')
    )
    assert [line.split(":")[0] for line in problems(text)] == ["patient.id", "drug.concentration", "infusion.step"]


def test_too_many_steps_a_day_are_counted() -> None:
    steps = "".join(
        f'[[infusion.step]]\nfrom = "{week.clock_text(at)}"\nto = "{week.clock_text(at + 24)}"\nrate = "200ug/d"\n'
        for at in range(0, 1440, 24)
    )
    head, rest = FLEX.split("[[infusion.step]]", 1)
    assert any(
        "60 steps begin on mon, allowed 48" in told
        for told in problems(head + steps + "[bolus]" + rest.split("[bolus]")[1])
    )


def test_a_file_that_is_not_text_or_not_there_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(FileProblem, match="binary.toml"):
        program.load(tmp_path / "binary.toml")
    with pytest.raises(program.UsageProblem, match="No such file"):
        program.load(tmp_path / "none.toml")


def test_steps_longer_than_a_day_are_told_day_by_day_and_deliver_the_same() -> None:
    weekly = [
        {"day_mask": 0b0000001, "start_min": 480, "dose_ng_per_day": 100_000},
        {"day_mask": 0b0100000, "start_min": 600, "dose_ng_per_day": 200_000},
    ]
    again = week.to_wire(week.from_wire(weekly))
    told = program.loads(FLEX)
    ways = [Schedule({**told, "step_list": steps}) for steps in (weekly, again)]
    for minute in range(0, units.MIN_PER_WEEK, 7):
        assert len({way.rate_at(minute * units.MS_PER_MIN)[0] for way in ways}) == 1
