"""Scenario files: what is wrong with one is named with its line, key, value and what is allowed."""

import tomllib
from pathlib import Path

import jsonschema
import pytest
from tree import HOST

from pumpctl.errors import FileProblem
from pumpctl.scenario import keys, orders, reader, schema, therapy

SHIPPED = sorted((HOST / "examples" / "scenarios").glob("*.toml"))
HEAD = 'title = "t"\n'
EXPECT = '[[expect]]\nat = "1h"\nstate = "idle"\n'


def told(tmp_path: Path, text: str) -> str:
    """The lines in which a file's problems are explained."""
    file = tmp_path / "s.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(FileProblem) as caught:
        reader.load(file)
    return "\n".join(caught.value.lines())


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("title = ", "not TOML"),
        (EXPECT, "line 1, title: is missing"),
        (HEAD, "nothing expected"),
        (HEAD + EXPECT + "[seutp]\n", "line 5, seutp: unknown key; did you mean 'setup'?"),
        (HEAD + '[setup]\nreservoir = "20"\n' + EXPECT, 'line 3, setup.reservoir: "20" has no unit'),
        (HEAD + "[setup]\nstarted = 1\n" + EXPECT, "line 3, setup.started: is a number, must be true or false"),
        (HEAD + EXPECT + '[[step]]\nat = "1h"\n', "line 5, step[1]: there is no action; give one of command, program"),
        (HEAD + EXPECT + '[[step]]\nat = "1x"\nfault = "air"\n', 'line 6, step[1].at: "1x" is not a time; units'),
        (HEAD + EXPECT + '[[step]]\nfault = "aer"\n', "step[1].fault: \"aer\" is not known; did you mean 'air'?"),
        (HEAD + EXPECT + '[[step]]\nfault = "air"\nclear = "air"\n', "both fault and clear are given"),
        (HEAD + EXPECT + '[[step]]\nat = "1s"\nafter = "1s"\nfault = "air"\n', "both at and after are given"),
        (HEAD + EXPECT + '[[step]]\ncommand = "bolsu"\n', "did you mean 'bolus'?"),
        (HEAD + EXPECT + '[[step]]\ncommand = "bolus"\ndosis = "1ug"\n', 'command "bolus" has dose, over, patient'),
        (HEAD + EXPECT + '[[step]]\ncommand = "bolus"\ndose = "1ul"\n', "step[1].dose: "),
        (HEAD + EXPECT + '[[step]]\ncommand = "stop"\nrefused = "later"\n', "step[1].refused: \"later\" is not known"),
        (HEAD + '[[expect]]\nstate = "idle"\n', "give one of at, between, within, not none of them"),
        (HEAD + '[[expect]]\nat = "1h"\n', "line 2, expect[1]: expects nothing; give one of state"),
        (HEAD + '[[expect]]\nbetween = ["2h", "1h"]\nstate = "idle"\n', "2h is more than 1h; the lower"),
        (HEAD + '[[expect]]\nat = "1h"\nflow = "1ml/d"\n', "is measured over a span"),
        (HEAD + '[[expect]]\nat = "1h"\nalarm = { priority = "high" }\n', "line 4, expect[1].alarm.id: is missing"),
        (HEAD + '[[expect]]\nat = "1h"\nlamp = { colour = "red", hz = 2 }\n', "expect[1].lamp.hz: is a number, must"),
        (HEAD + EXPECT + '[[expect]]\nat = "1h"\nlog = { kind = "stat" }\n', "line 7, expect[2].log.kind: \"stat\""),
        (HEAD + 'expect = 3\n', "expect: is a number, must be [[expect]] tables"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line_and_what_is_allowed(tmp_path: Path, text: str, wrong: str) -> None:
    assert wrong in told(tmp_path, text)


def test_all_mistakes_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    text = HEAD + '[setup]\nreservoir = 3\n[[step]]\nfault = "x"\n[[expect]]\nat = "1h"\nstate = "x"\n'
    assert told(tmp_path, text).startswith(f"{tmp_path / 's.toml'}: 3 problems")


def test_the_shipped_scenarios_are_read_and_fit_the_schema() -> None:
    validator = jsonschema.Draft202012Validator(schema.schema())
    for path in SHIPPED:
        therapy.of_setup(reader.load(path))
        validator.validate(tomllib.loads(path.read_text(encoding="utf-8")))


def test_the_schema_is_one_and_refuses_what_the_reader_refuses() -> None:
    validator = jsonschema.Draft202012Validator(schema.schema())
    validator.check_schema(validator.schema)
    assert not validator.is_valid({"title": "t", "expect": [{"at": "1h", "state": "asleep"}]})


def test_the_template_names_every_key() -> None:
    text = schema.template()
    names = [*keys.SETUP, *keys.STEP, *keys.ACTIONS, *keys.EXPECT, *keys.CHECKS]
    assert [name for name in names if f"  {name}: " not in text] == []


def test_steps_follow_one_another_by_after(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text(
        HEAD + EXPECT + '[[step]]\nat = "2h 3min"\nfault = "air"\n[[step]]\nafter = "1min 30s"\nclear = "air"\n'
    )
    assert [step.at_ms for step in reader.load(file).steps] == [7_380_000, 7_470_000]


def test_a_command_is_typed_as_it_would_be_by_hand(tmp_path: Path) -> None:
    typed = orders.words("bolus", {"over": "5min", "dose": "20ug", "patient": "P"}, tmp_path, tmp_path)
    assert typed == ["bolus", "--over", "5min", "--patient", "P", "--", "20ug"]
    assert orders.words("program send", {"start": False, "file": "t.toml"}, tmp_path, tmp_path / "s") == [
        "program", "send", "--no-start", "--", str(tmp_path / "t.toml"),
    ]  # fmt: skip
    assert orders.words("log pull", {"raw": "scratch:a.bin"}, tmp_path, tmp_path / "s")[-1] == str(tmp_path / "s/a.bin")


def test_a_therapy_of_a_step_differs_from_the_setups_only_where_it_says_so(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    therapy_file = HOST / "examples" / "start-100ug-continuous.toml"
    (tmp_path / "t.toml").write_text(therapy_file.read_text(encoding="utf-8"), encoding="utf-8")
    step = '[[step]]\nprogram = { infusion = { dose = "80ug/d" } }\n'
    file.write_text(HEAD + '[setup]\ntherapy = "t.toml"\n' + step + EXPECT)
    scenario = reader.load(file)
    before = tomllib.loads(therapy_file.read_text(encoding="utf-8"))
    after = tomllib.loads(therapy.changed(scenario, scenario.steps[0].value))
    assert after == {**before, "infusion": {**before["infusion"], "dose": "80ug/d"}}
