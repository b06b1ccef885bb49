"""Therapy files of any content: what is written reads back, and loader, pump and schema agree on what is right."""

import copy
import json
import tomllib
from typing import Any

import jsonschema
from hypothesis import given
from hypothesis import strategies as st
from therapies import programs_of_files, sound_programs

from infuser.core import prescription
from pumpctl import program, program_changes, program_view, schema, therapy_keys, therapy_shape
from pumpctl.comparison import Change

EXAMPLES = [path.read_text(encoding="utf-8") for path in sorted(program.example().parent.glob("*.toml"))]


@given(sound_programs)
def test_any_program_survives_being_written_and_read(told: dict[str, Any]) -> None:
    text = program.dumps(told)
    assert program.encode(program.loads(text)) == program.encode(told)
    jsonschema.validate(tomllib.loads(text), schema.schema())


@given(sound_programs)
def test_any_program_can_be_shown_to_people_and_to_scripts(told: dict[str, Any]) -> None:
    absent, shown = program_view.lines(None), program_view.lines(told)
    assert [name for name, _ in absent] == [name for name, _ in shown]
    assert all(value for _, value in shown)
    assert json.loads(json.dumps(program_view.document(told)))["patient"] == told["patient"]
    assert all(not change for change in map(Change.word, program_changes.changes(told, told)))


@given(programs_of_files(), st.data())
def test_what_the_loader_takes_the_pump_takes(told: dict[str, Any], data: st.DataObject) -> None:
    document = tomllib.loads(program.dumps(told))
    _shift(document, data)
    read, found = program.read(document)
    assert (read is None) == bool(found)
    if read is not None:
        prescription.check(read)


_SHIFTED = [
    ("infusion", "minimum", "ug/d"),
    ("bolus", "max", "ug"),
    ("patient_bolus", "dose", "ug"),
    ("patient_bolus", "duration", "min"),
    ("patient_bolus", "lockout", "min"),
    ("periodic_bolus", "duration", "min"),
    ("periodic_bolus", "every", "min"),
    ("plan", "increase_max", "%"),
    ("limits", "dose_max_1h", "ug"),
    ("limits", "dose_max", "ug/d"),
]


def _shift(document: dict[str, Any], data: st.DataObject) -> None:
    """Move a value of a document by orders of magnitude."""
    for table, key, unit in data.draw(st.lists(st.sampled_from(_SHIFTED), max_size=3)):
        if key in document.get(table, {}):
            size = 10 ** data.draw(st.integers(0, 6))
            document[table][key] = f"{data.draw(st.integers(0, 9)) * size}{unit}"
    steps = document.get("plan", {}).get("step", [])
    if steps and data.draw(st.booleans()):
        step = data.draw(st.sampled_from(steps))
        step["dose"] = f"{data.draw(st.integers(0, 2000))}ug/d"
        step["at"] = f"2026-12-{data.draw(st.integers(1, 31)):02d}"


def test_the_schema_in_the_package_is_the_one_made_from_the_table() -> None:
    assert schema.PATH.read_text(encoding="utf-8") == schema.text()
    jsonschema.Draft202012Validator.check_schema(schema.schema())


WRONG = [1, 1.5, 4.0, True, "", "90", "90ug/d", "50 ug", "2ml", "4h", "30%", "06:00", "24:00", "6:00", "2026-12-02",
         "2026-12-02T08:00", "2026-12-02 08:00", "2026-12-02T08:00Z", "2026-13-02", "flex", "continuous", "x",
         [], ["mon"], ["mon", "mon"], ["someday"], {}, [{}], [1]]  # fmt: skip


def _places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    return [place for key, value in items for place in [(*path, key), *_places(value, (*path, key))]]


def _damaged(text: str, data: st.DataObject) -> Any:
    """A document with a few of its parts deleted, replaced, renamed, or parts added that do not belong there."""
    document: Any = copy.deepcopy(tomllib.loads(text))
    for _ in range(data.draw(st.integers(1, 3))):
        places = _places(document)
        if not places:
            break
        *path, last = data.draw(st.sampled_from(places))
        holder = document
        for key in path:
            holder = holder[key]
        what = data.draw(st.sampled_from(["delete", "replace", "rename", "add"]))
        if what == "replace":
            holder[last] = copy.deepcopy(data.draw(st.sampled_from(WRONG)))
        elif what == "add" and isinstance(holder, dict):
            name = data.draw(st.sampled_from(["step", "dose", "rate", "days", "at", "extra", *therapy_keys.TABLES]))
            holder[name] = copy.deepcopy(data.draw(st.sampled_from(WRONG)))
        elif what == "rename" and isinstance(holder, dict):
            holder[f"{last}x"] = holder.pop(last)
        else:
            del holder[last]
    return document


@given(st.sampled_from(EXAMPLES), st.data())
def test_schema_and_loader_agree_on_the_shape_of_any_document(text: str, data: st.DataObject) -> None:
    document = _damaged(text, data)
    validator = jsonschema.Draft202012Validator(json.loads(schema.text()))
    found = therapy_shape.check(document)
    assert validator.is_valid(document) == (not found), [str(one) for one in found]


@given(st.sampled_from(EXAMPLES), st.data())
def test_a_damaged_file_is_read_or_refused_with_its_problems(text: str, data: st.DataObject) -> None:
    read, found = program.read(_damaged(text, data))
    assert (read is None) == bool(found)
    assert all(str(problem) for problem in found)
