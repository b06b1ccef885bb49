"""Numbers put where they are used: each is the right one, nothing else changes, and no name is missed on the board."""

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pumpctl import firmware_files, flash_numbers

SOURCES = {path: file.read_text(encoding="utf-8") for path, file in firmware_files.application().items()}
PLACED = flash_numbers.in_place(SOURCES)
# Those whose imports a host has.
SHARED = sorted(path for path in SOURCES if path.split("/")[1:2] and path.split("/")[1] in ("wire", "core", "app"))
# In a folder with the application: every module is imported, and each name that one uses of another is looked up in it.
LOOK = """
import ast, importlib, pathlib, sys
for path in sys.argv[1:]:
    module = importlib.import_module(path.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    for node in ast.walk(ast.parse(pathlib.Path(path).read_text())):
        if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
            continue
        of = vars(module).get(node.value.id)
        if type(of) is type(sys) and of.__name__.startswith("infuser") and not hasattr(of, node.attr):
            print(path, node.value.id, node.attr)
"""


def dotted(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def pairs(old: object, new: object) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Nodes at which two trees part: a name before, what stands there now."""
    if isinstance(old, ast.AST) and isinstance(new, ast.AST):
        if type(old) is not type(new):
            yield old, new
        else:
            for name in old._fields:
                yield from pairs(getattr(old, name, None), getattr(new, name, None))
    elif isinstance(old, list) and isinstance(new, list):
        assert len(old) == len(new)
        for one, other in zip(old, new, strict=True):
            yield from pairs(one, other)
    else:
        assert old == new


@pytest.mark.parametrize("path", SHARED)
def test_what_stands_for_a_name_is_its_value_and_nothing_else_is_changed(path: str) -> None:
    meant = vars(importlib.import_module(dotted(path)))
    for name, number in pairs(ast.parse(SOURCES[path]), ast.parse(PLACED[path])):
        if isinstance(name, ast.Assign):  # left out: nobody asks for it any more
            assert ast.unparse(number) == "0" and all(ast.unparse(one).isupper() for one in name.targets)
        else:
            assert isinstance(name, ast.Name | ast.Attribute)
            assert ast.literal_eval(ast.unparse(number)) == eval(ast.unparse(name), dict(meant))
    assert PLACED[path].count("\n") == SOURCES[path].count("\n")


def test_no_module_asks_another_for_a_name_that_was_left_out(tmp_path: Path) -> None:
    for path, text in PLACED.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    looked = [sys.executable, "-c", LOOK, *SHARED]
    assert subprocess.run(looked, cwd=tmp_path, capture_output=True, text=True, check=True).stdout == ""


def test_most_names_of_numbers_are_gone_and_a_module_that_lists_its_names_keeps_them() -> None:
    assert PLACED["infuser/wire/records.py"].splitlines().count("0") > 30
    assert "\nOUT_OF_RANGE = 10\n" in PLACED["infuser/wire/errors.py"]


@pytest.mark.parametrize(
    ("user", "placed"),
    [
        ("from a import b\nx = b.ONE\n", "x = 1\n"),
        ("from a import b as c\nx = [c.TWO, -c.TWO]\n", "x = [6, -6]\n"),
        ("from a.b import ONE\nx = ONE\n", "x = 1\n"),
        ("from a import b\ndef f(b):\n    return b.ONE\n", "    return b.ONE\n"),
        ("from a import b\nx = b.SET\nb.SET = 9\n", "x = b.SET\nb.SET = 9\n"),
        ("from a import b\nx = b.TWICE\n", "x = b.TWICE\n"),
        ("from a import b\nx = b.TEXT, b.YES, b.small, b.ITSELF\n", "x = b.TEXT, b.YES, b.small, b.ITSELF\n"),
        ("from a import b\nx = b.BELOW - 1\n", "x = (-2) - 1\n"),
        ("ONE = 5\nclass C:\n    ONE = 2\n    x = ONE\n", "    x = ONE\n"),
    ],
)
def test_a_name_is_a_number_only_where_it_is_bound_once_to_a_whole_one(user: str, placed: str) -> None:
    used = (
        "ONE = 1\nTWO = ONE * 2 + (1 << 2)\nSET = 3\nTWICE = 1\nTWICE = 2\nTEXT = 't'\nYES = True\nsmall = 1\n"
        "ITSELF = ITSELF + 1\nBELOW = -2\n"
    )
    assert flash_numbers.in_place({"a/b.py": used, "u.py": user})["u.py"].endswith(placed)


def test_a_name_stays_that_is_imported_or_told_by_a_string() -> None:
    sources = {"a.py": "ONE = 1\nTWO = 2\nTHREE = 3  # said\n", "b.py": "from a import ONE\nx = getattr(m, 'TWO')\n"}
    assert flash_numbers.in_place(sources)["a.py"] == "ONE = 1\nTWO = 2\n0  # said\n"
