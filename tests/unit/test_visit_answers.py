"""Answers of a visit in a file: every key is shown by the template, and what is wrong is told with its key."""

from pathlib import Path

import pytest

from pumpctl import program as therapies
from pumpctl import timetext, visit_adjust, visit_answers, visit_facts, visit_kinds
from pumpctl.errors import FileProblem, UsageProblem
from pumpctl.program_view import figures
from pumpctl.visit_discrepancy import Discrepancy

ML = 1_000_000


def answers(folder: Path, text: str, kind: str = "refill") -> dict[str, object]:
    file = folder / "visit.toml"
    file.write_text(text, encoding="utf-8")
    return visit_answers.load(file, kind)


@pytest.mark.parametrize("kind", visit_kinds.KINDS)
def test_the_template_of_each_visit_shows_every_key_and_is_read(kind: str, tmp_path: Path) -> None:
    (tmp_path / "therapy.toml").touch()
    (tmp_path / "ward.lib").touch()
    text = visit_answers.template(kind)
    told = [line.removeprefix("# ") for line in text.splitlines() if " = " in line]
    keys = {question.key for question in visit_kinds.questions(kind)}
    assert {line.split(" = ")[0] for line in told} == keys
    assert set(answers(tmp_path, "\n".join(told), kind)) == keys
    assert answers(tmp_path, text, kind).keys() <= keys


def test_no_visit_asks_for_one_key_twice() -> None:
    for kind, steps in visit_kinds.KINDS.items():
        keys = [question.key for question in visit_kinds.questions(kind)]
        assert len(keys) == len(set(keys)) and len({step.name for step in steps}) == len(steps), kind


def test_quantities_are_read_in_the_pumps_units(tmp_path: Path) -> None:
    told = answers(tmp_path, 'residual = "1.8ml"\nconcentration = "2mg/ml"\nresume = false\nlimit_share = "25%"')
    assert told == {"residual": 1_800_000, "concentration": 2000, "resume": False, "limit_share": 250}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("residul = '1ml'", "did you mean residual?"),
        ("residual = 1.8", "is not a volume with its unit"),
        ("residual = '1.8'", "has no unit"),
        ("residual = '1.8ug'", "unknown unit"),
        ("resume = 'perhaps'", "neither true nor false"),
        ("patient = ''", "is not a text"),
        ("volume = ", "not TOML"),
    ],
)
def test_a_senseless_line_is_told_with_its_key(line: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(FileProblem) as wrong:
        answers(tmp_path, line)
    assert why in " ".join(wrong.value.lines()) and "visit template refill" in wrong.value.remedy


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r"none\.toml"):
        visit_answers.load(tmp_path / "none.toml", "refill")
    with pytest.raises(FileProblem) as wrong:
        answers(tmp_path, 'therapy = "none.toml"', "implant")
    assert "names no file" in str(wrong.value.problems[0])


@pytest.mark.parametrize(
    ("expected_nl", "measured_nl", "over"),
    [
        (10 * ML, 10 * ML, False),
        (10 * ML, 8 * ML, False),
        (10 * ML, 8 * ML - 1, True),
        (10 * ML, 12 * ML + 1, True),
        (2 * ML, 2_400_000, False),
        (2 * ML, 2_400_001, True),
        (18 * ML, 16 * ML - 1, True),
        (0, 100_000, False),
        (0, 100_001, True),
        (2_052, 0, False),
        (0, 0, False),
    ],
)
def test_a_discrepancy_is_looked_into_beyond_a_share_or_a_volume(
    expected_nl: int, measured_nl: int, over: bool
) -> None:
    told = Discrepancy(expected_nl, measured_nl)
    assert told.over == over and bool(told.advice()) == over


def test_more_left_and_less_left_have_their_own_advice() -> None:
    more, less = (" ".join(Discrepancy(10 * ML, nl).advice()) for nl in (14 * ML, 6 * ML))
    assert "+40 %" in more and "less may have gone out" in more
    assert "-40 %" in less and "more may have gone out" in less


@pytest.mark.parametrize(
    ("text", "ng_per_day"),
    [("120ug/d", 120_000), ("110%", 110_000), ("+10%", 110_000), ("-10%", 90_000), ("5ug/h", 120_000)],
)
def test_a_dose_is_given_outright_as_a_share_or_as_a_change(text: str, ng_per_day: int) -> None:
    assert visit_adjust.dose_ng_per_day(text, 100_000) == ng_per_day


@pytest.mark.parametrize("name", ["start-100ug-continuous", "flex-280ug-evening", "periodic-bolus-20ug-6h"])
def test_a_rescaled_program_gives_the_dose_and_never_more(name: str) -> None:
    program = therapies.load(therapies.example(name))
    now = figures(program)["dose_ng_per_day"]
    wanted = now * 11 // 10
    told = visit_adjust.rescaled(program, wanted)
    assert wanted - 600 <= figures(told)["dose_ng_per_day"] <= wanted
    assert [step["start_min"] for step in told["step_list"]] == [step["start_min"] for step in program["step_list"]]


@pytest.mark.parametrize(
    ("off_ms", "told"), [(0, ""), (9 * 60_000, ""), (-26 * 3_600_000, "1 d 2 h behind"), (3_600_000, "1 h ahead of")]
)
def test_a_clock_that_dates_the_visit_wrong_is_told_but_not_that_of_a_virtual_pump(off_ms: int, told: str) -> None:
    slack_ms = 1_000 if off_ms > 0 else -1_000  # for the time that passes meanwhile
    status = {"time_valid": True, "time_ms": timetext.now()[0] + off_ms + slack_ms}
    said = visit_facts.clock_off(status)
    assert told in said and bool(said) == bool(told)
    assert visit_facts.clock_off(status, virtual=True) == ""
    assert "is not set" in visit_facts.clock_off({**status, "time_valid": False}, virtual=True)
