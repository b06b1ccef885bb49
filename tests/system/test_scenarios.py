"""Scenarios: those that are shipped go as expected, and one that does not says so."""

import json
import re
import tomllib
from pathlib import Path

import jsonschema
import pytest
from tree import HOST

from pumpctl.errors import PumpctlError
from pumpctl.virtual import launcher

SHIPPED = sorted((HOST / "examples" / "scenarios").glob("*.toml"))
CONTINUOUS = HOST / "examples" / "start-100ug-continuous.toml"
UNMET = 6


def cases(path: Path) -> list[pytest.MarkDecorator]:
    """A mark for every case that a scenario names."""
    return [pytest.mark.case(case) for case in tomllib.loads(path.read_text(encoding="utf-8")).get("case", ())]


@pytest.fixture(autouse=True)
def virtual_pump() -> None:
    """Without MicroPython there is no virtual pump."""
    try:
        launcher.micropython()
    except PumpctlError as error:
        pytest.skip(f"{error.message}; {error.remedy}")


def written(folder: Path, text: str) -> Path:
    """A scenario file about the continuous therapy."""
    (folder / CONTINUOUS.name).write_text(CONTINUOUS.read_text(encoding="utf-8"), encoding="utf-8")
    file = folder / "scenario.toml"
    head = f'title = "of a test"\n[setup]\ntherapy = "{CONTINUOUS.name}"\n'
    file.write_text(text if text.startswith("title") else head + text, encoding="utf-8")
    return file


def verdicts(ran) -> list[dict]:
    """What a play of one scenario judged."""
    return ran.json["scenarios"][0]["verdicts"]


@pytest.mark.parametrize("path", [pytest.param(path, marks=cases(path), id=path.stem) for path in SHIPPED])
def test_a_shipped_scenario_goes_as_expected(cli, path: Path) -> None:
    ran = cli("virtual", "play", path, "--json")
    unmet = [f"{one['at_ms']} {one['expected']}: {one['seen']}" for one in verdicts(ran) if not one["met"]]
    assert (unmet, ran.exit_code) == ([], 0), ran.stderr


def test_the_scenario_of_the_readme_goes_as_expected_and_fits_the_schema(cli, tmp_path: Path) -> None:
    text = (HOST / "README.md").read_text(encoding="utf-8")
    found = re.search(r"^## Scenarios$.*?```toml\n(.*?)```", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    jsonschema.validate(tomllib.loads(found[1]), cli("virtual", "play", "--schema", "--json").json)
    ran = cli("virtual", "play", written(tmp_path, found[1]))
    assert ran.exit_code == 0, ran.stdout + ran.stderr
    assert "1 scenario: everything as expected." in ran.stdout


def test_the_template_plays(cli, tmp_path: Path) -> None:
    file = tmp_path / "template.toml"
    file.write_text(cli("virtual", "play", "--template").stdout, encoding="utf-8")
    ran = cli("virtual", "play", file)
    assert ran.exit_code == 0, ran.stdout + ran.stderr


WRONG = [
    ('at = "1h"\nstate = "suspended"', "infusing"),
    ('at = "1h"\nrate = "201ul/d"', "200 uL/d"),
    ('between = ["1h", "2h"]\nflow = "240ul/d"', "200"),
    ('at = "1h"\ncounted = "9ul"', "8.2"),
    ('at = "1h"\ndelivered = ["9ul", "10ul"]', "8.2"),
    ('at = "1h"\nmotor = "off"', "on"),
    ('at = "1h"\nalarms = ["stall"]', "none"),
    ('at = "1h"\npresent = ["stall"]', "none"),
    ('at = "1h"\nalarm = { id = "stall" }', "none"),
    ('at = "1h"\nlamp = "red"', "none"),
    ('at = "1h"\nsounder = "on"', "off"),
    ('at = "1h"\nmelody = "C d g"', "silence"),
    ('at = "1h"\nlog = { kind = "bolus-started" }', "0 bolus-started"),
    ('at = "1h"\nlog = { kind = "state", count = 5 }', "0 state"),
    ('at = "1h"\nstatus = { patient = "BENCH-002" }', "BENCH-001"),
    ('at = "1h"\ntruth = { battery_mv = [0, 100] }', "4100"),
    ('within = ["1h", "1h 1min"]\nmotor = "off"', "on, to the end"),
    ('between = ["1h", "1h 1min"]\nstate = "idle"', "infusing"),
]


def test_every_expectation_that_is_not_met_is_told_with_what_was_seen(cli, tmp_path: Path) -> None:
    ran = cli("virtual", "play", written(tmp_path, "".join(f"[[expect]]\n{told}\n" for told, _ in WRONG)), "--json")
    assert ran.exit_code == UNMET
    found = {one["number"]: one for one in verdicts(ran)}
    assert [found[at]["met"] for at in sorted(found)] == [False] * len(WRONG)
    for number, (told, seen) in enumerate(WRONG, 1):
        assert seen in found[number]["seen"], told


def test_a_refusal_that_does_not_come_and_one_that_was_not_expected_are_told(cli, tmp_path: Path) -> None:
    steps = """
[[step]]
at = "1min"
command = "bolus"
dose = "20ug"
over = "5min"
refused = "lock-out"
[[step]]
at = "10min"
command = "bolus"
dose = "20ug"
over = "5min"
[[step]]
at = "11min"
command = "bolus"
dose = "20ug"
over = "5min"
refused = "no-program"
[[step]]
at = "12min"
set = { gravity = 9 }
"""
    ran = cli("virtual", "play", written(tmp_path, steps), "--json")
    assert ran.exit_code == UNMET
    told = verdicts(ran)
    assert [one["met"] for one in told] == [False] * 4
    assert told[0]["seen"] == "carried out"
    assert told[1]["seen"].startswith("lock-out: ") and told[2]["seen"].startswith("lock-out: ")
    assert told[3]["seen"].startswith("tool: there is no 'gravity'")


def test_a_pump_that_does_not_answer_is_told_and_the_play_goes_on(cli, tmp_path: Path) -> None:
    text = (
        '[[step]]\nat = "1min"\nfault = "cable-out"\n[[step]]\nat = "2min"\ncommand = "stop"\nrefused = "no-answer"\n'
    )
    text += '[[step]]\nat = "4min"\nclear = "cable-out"\n'
    text += "".join(f'[[expect]]\nat = "{at}min"\nstate = "infusing"\n' for at in (3, 5))
    ran = cli("virtual", "play", written(tmp_path, text), "--json")
    assert ran.exit_code == UNMET
    assert [one["met"] for one in verdicts(ran)] == [True, True, False, True, True]
    assert "did not answer status" in verdicts(ran)[2]["seen"]


def test_a_therapy_that_the_pump_does_not_take_is_told_with_its_file(cli, tmp_path: Path) -> None:
    expect = '[[expect]]\nat = "1h"\nstate = "idle"\n'
    file = tmp_path / "bad.toml"
    file.write_text(f'title = "t"\n[setup]\ntherapy = {{ name = "x" }}\n{expect}')
    ran = cli("virtual", "play", file)
    assert ran.exit_code == 2 and f"{file}: therapy" in ran.stderr and "Traceback" not in ran.stderr
    file.write_text(f'title = "t"\n[setup]\ntherapy = "{CONTINUOUS}"\nconcentration = "2mg/ml"\n{expect}')
    ran = cli("virtual", "play", file)
    assert ran.exit_code == 3 and str(file) in ran.stderr and "Traceback" not in ran.stderr


def test_two_plays_with_one_seed_see_the_same(cli, tmp_path: Path) -> None:
    text = '[[step]]\nat = "1h"\nfault = "occlude"\n[[expect]]\nwithin = ["1h", "2h"]\nmotor = "off"\n'
    text += '[[expect]]\nat = "1h 10min"\nlamp = "yellow"\ntruth = { outlet_pa = [0, 90000] }\n'
    file = written(tmp_path, text)
    first, second = (cli("virtual", "play", file, "--json", "--seed", "7") for _ in range(2))
    assert first.exit_code == 0, first.stdout
    assert first.stdout == second.stdout


def test_the_pump_of_a_play_can_be_kept_and_no_other_remains(cli, tmp_path: Path) -> None:
    file = written(tmp_path, '[[expect]]\nat = "1h"\nstate = "infusing"\n')
    assert cli("virtual", "play", file).exit_code == 0
    assert cli("virtual", "list", "--json").json == {"pumps": []}
    assert cli("virtual", "play", file, "--keep", "ward1").exit_code == 0
    assert cli("--port", "ward1", "status", "--json").json["state"] == "infusing"
    again = cli("virtual", "play", file, "--keep", "ward1")
    assert again.exit_code == 2 and "there is a virtual pump 'ward1' already" in again.stderr
    folder = cli("virtual", "play", SHIPPED[0].parent, "--keep", "ward2")
    assert folder.exit_code == 2 and "one pump to keep" in folder.stderr


def test_only_what_fits_the_pattern_is_played(cli, tmp_path: Path) -> None:
    expect = '[[expect]]\nat = "1s"\nstate = "idle"\n'
    (tmp_path / "one.toml").write_text(f'title = "first"\ncase = ["EC91"]\n{expect}')
    (tmp_path / "two.toml").write_text(f'title = "second"\ncase = ["EC92"]\n{expect}')
    for pattern in ("two", "sec*", "ec92"):
        ran = cli("virtual", "play", tmp_path, "--only", pattern, "--json")
        assert [one["title"] for one in ran.json["scenarios"]] == ["second"], pattern
    assert "there is no scenario to play" in cli("virtual", "play", tmp_path, "--only", "x").stderr
    assert json.loads(cli("virtual", "play", tmp_path, "--json").stdout)["met"]
