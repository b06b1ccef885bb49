"""The patient and the screening in a therapy file: read, written, shown, and held against a drug library."""

from pathlib import Path

import pytest
from desk import declined, document
from wirepeer import EMPTY_STATUS, Peer

from infuser.wire import errors as wire_errors
from infuser.wire import messages
from infuser.wire import program as programs
from infuser.wire.messages import Refusal
from pumpctl import errors, library, program, program_changes, program_view
from pumpctl.cli import main
from pumpctl.comparison import Change
from pumpctl.errors import FileProblem

THERAPY = program.example().read_text(encoding="utf-8")
FLEX = program.example("flex-280ug-evening")


def problems(text: str) -> list[str]:
    with pytest.raises(FileProblem) as caught:
        program.loads(text)
    return [str(problem) for problem in caught.value.problems]


def changed(old: str, new: str) -> str:
    assert old in THERAPY
    return THERAPY.replace(old, new)


def written(folder: Path, text: str) -> str:
    file = folder / "therapy.toml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_age_weight_indication_and_screening_are_read_in_the_wires_units() -> None:
    told = program.loads(THERAPY)
    assert (told["age_years"], told["weight_hg"], told["indication"]) == (47, 720, programs.SPINAL)
    assert (told["screening_ng"], told["screening_response"]) == (50_000, programs.POSITIVE)
    assert (told["contraindications"], told["cautions"]) == (0, 0)


def test_contraindications_and_cautions_are_bits_in_the_order_of_their_names() -> None:
    lists = 'contraindications = ["body-too-small"]\ncautions = ["pregnancy", "impaired-kidneys"]\n\n[screening]'
    told = program.loads(changed("[screening]", lists))
    assert (told["contraindications"], told["cautions"]) == (0b100, 0b101)
    assert program.loads(program.dumps(told)) == told


def test_what_is_not_told_is_null_in_the_document_and_said_in_words() -> None:
    screening = THERAPY[THERAPY.index("[screening]") : THERAPY.index("[drug]")]
    bare = THERAPY.replace(screening, "")
    for line in ('age = "47y"\n', 'weight = "72kg"\n', 'indication = "spinal"\n'):
        bare = bare.replace(line, "")
    told = program.loads(bare)
    shown = program_view.document(told)
    names = ("age_years", "weight_hg", "indication", "screening_ng", "screening_response")
    assert [shown[name] for name in names] == [None] * 5
    lines = dict(program_view.lines(told))
    assert (lines["age, weight, indication"], lines["screening"]) == ("not told", "none recorded")
    assert program.loads(program.dumps(told)) == told


def test_patient_screening_and_cautions_stand_beside_those_of_the_program_before() -> None:
    old = program.loads(THERAPY)
    lists = 'age = "48y"\ncautions = ["stroke"]'
    new = program.loads(changed('age = "47y"', lists).replace('"positive"', '"positive over 8 h"'))
    rows = {name: (now, then, change) for name, now, then, change in map(Change.row, program_changes.changes(old, new))}
    assert rows["age, weight, indication"] == ("47 years, 72 kg, spinal", "48 years, 72 kg, spinal", "changed")
    assert rows["screening"] == ("50 ug, positive", "50 ug, positive over 8 h", "changed")
    assert rows["contraindications, cautions"] == ("none", "caution: stroke", "!! new")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('age = "47y"', "age = 47", 'patient.age: is a number without a unit; write it like "54y"'),
        ('age = "47y"', 'age = "121y"', "patient.age: 121 years is out of range, allowed 0 years to 120 years"),
        ('age = "47y"', 'age = "4.5y"', "finer than 1 year"),
        ('weight = "72kg"', 'weight = "72"', 'patient.weight: "72" has no unit'),
        ('weight = "72kg"', 'weight = "1kg"', "patient.weight: 1 kg is out of range, allowed 2 kg to 400 kg"),
        ('indication = "spinal"', 'indication = "spinl"', "did you mean 'spinal'?"),
        ('dose = "50ug" ', 'dose = "150ug" ', "screening.dose: 150 ug is out of range, allowed 0.001 ug to 100 ug"),
        ('response = "positive"', "", "screening.response: is missing"),
        ('response = "positive"', 'response = "good"', "allowed: negative, positive, positive over 8 h"),
        ("[screening]", 'cautions = "stroke"\n[screening]', "patient.cautions: must be a list of words"),
        ("[screening]", 'cautions = ["strok"]\n[screening]', "did you mean 'stroke'?"),
        ("[screening]", 'contraindications = ["infection", "infection"]\n[screening]', "names one of them twice"),
        ("[screening]", "contraindications = [3]\n[screening]", "has a number in it, must be contraindications"),
    ],
)
def test_a_mistake_about_the_patient_is_named_with_its_place(old: str, new: str, expected: str) -> None:
    told = problems(changed(old, new))
    assert any(expected in one for one in told), told


# Without a pump


def test_a_therapy_within_the_label_is_valid_without_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["program", "check", str(program.example()), "--json"]) == errors.DONE
    told = document(capsys)
    assert (told["valid"], told["warnings"]) == (True, [])
    assert told["library"]["name"] == library.starting()["name"]


@pytest.mark.case("EC2")
def test_what_a_pump_would_want_confirmed_is_told_without_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["program", "check", str(FLEX)]) == errors.DONE
    assert "warning, to be confirmed: a first dose of 280 ug a day is above twice" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "path", "said"),
    [
        pytest.param('"500ug/ml"', '"450ug/ml"', "drug.concentration", "450", marks=pytest.mark.case("EC16")),
        pytest.param('"baclofen"', '"morphine"', "drug.name", "does not have", marks=pytest.mark.case("EC16")),
        pytest.param('max = "50ug"', 'max = "210ug"', "bolus.max", "200 ug", marks=pytest.mark.case("EC3")),
        pytest.param('age = "47y"', 'age = "3y"', "patient.age", "4 years", marks=pytest.mark.case("UC1")),
        pytest.param('"positive"', '"negative"', "screening.response", "negative", marks=pytest.mark.case("UC1")),
    ],
)
def test_what_the_library_forbids_is_refused_without_a_pump_and_names_the_library(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, path: str, said: str
) -> None:
    file = written(tmp_path, changed(old, new))
    assert main.run(["program", "check", file, "--json"]) == errors.USAGE
    (problem,) = document(capsys)["error"]["problems"]
    assert problem["path"] == path
    assert said in problem["message"] and library.starting()["name"] in problem["message"]


def test_a_therapy_is_held_against_the_library_that_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = library.STARTING.read_text(encoding="utf-8")
    own = tmp_path / "own.toml"
    own.write_text(text.replace('bolus_hard = "200ug"', 'bolus_hard = "45ug"').replace(
        'bolus_soft = "100ug"', 'bolus_soft = "40ug"'), encoding="utf-8")  # fmt: skip
    assert main.run(["program", "check", str(program.example()), "--library", str(own)]) == errors.USAGE
    assert "45 ug" in capsys.readouterr().err


# Orders


def strict(warned: bool = True) -> Peer:
    """A pump that wants every order confirmed, if it is to warn at all."""

    def bolus(request: dict) -> dict:
        if warned and not request["confirmed"]:
            raise Refusal(wire_errors.CONFIRMATION_NEEDED, "dose_ng", text="a bolus of much is above the usual")
        return {"volume_nl": 100_000, "rate_nl_per_day": 14_400_000, "ends_ms": 0}

    return Peer({messages.BOLUS: bolus, messages.STATUS: lambda request: EMPTY_STATUS})


BOLUS = ["bolus", "50ug", "--over", "10min", "--patient", "BENCH-001"]


@pytest.mark.case("EC2")
def test_yes_alone_overrides_no_soft_limit_of_a_bolus(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with strict() as peer:
        assert main.run(["-p", peer.port, "--yes", *BOLUS]) == errors.USAGE
        assert "--confirm-warnings" in capsys.readouterr().err
        confirmed = [request["confirmed"] for seen, _, request in peer.seen if seen == messages.BOLUS]
        assert confirmed == [False]
        assert main.run(["-p", peer.port, "--yes", "--json", *BOLUS, "--confirm-warnings"]) == errors.DONE
    assert document(capsys)["warnings"] == ["a bolus of much is above the usual"]


def test_a_bolus_within_its_limits_is_sent_once_and_unconfirmed(home: Path) -> None:
    with strict(warned=False) as peer:
        assert main.run(["-p", peer.port, "--yes", *BOLUS, "--confirm-warnings"]) == errors.DONE
        confirmed = [request["confirmed"] for seen, _, request in peer.seen if seen == messages.BOLUS]
    assert confirmed == [False]


def test_at_a_terminal_an_order_is_asked_about_before_anything_is_sent(home: Path) -> None:
    with strict() as peer:
        assert "Give 50 ug over 10 min to BENCH-001?" in declined(peer, *BOLUS)
        assert peer.ids_of(messages.BOLUS) == []
