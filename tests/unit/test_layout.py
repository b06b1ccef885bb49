"""The tree keeps its shape: names at the top, directions of import, edges where they belong."""

from pathlib import Path

import pytest
from tree import FIRMWARE, HOST, imports, layers, roots, top_level

ALLOWED_AT_THE_TOP = {"firmware", "host", "tests", "Makefile", "README.md", "LICENSE"}
# A layer imports itself and the layers named here.
DIRECTIONS = {"wire": set(), "core": {"wire"}, "app": {"core", "wire"}, "hw": {"core", "wire"}}
# Modules of MicroPython and CPython alike that reach nothing outside the program.
PURE = {"array", "binascii", "gc", "hashlib", "json", "micropython", "struct"}
EDGES = {"machine", "rp2", "time", "utime"}
POSIX_ONLY = {"fcntl", "grp", "pty", "pwd", "resource", "termios", "tty"}


def firmware_files() -> list[Path]:
    return sorted(FIRMWARE.glob("infuser/*/**/*.py"))


def host_files() -> list[Path]:
    return [path for path in sorted(HOST.glob("pumpctl/**/*.py")) if not {"device", "world"} & set(path.parts)]


def named(path: Path) -> str:
    return path.name if path.parent == HOST else "/".join(path.parts[-3:])


def layer_of(path: Path) -> str:
    return path.relative_to(FIRMWARE / "infuser").parts[0]


def test_only_the_agreed_names_stand_at_the_top() -> None:
    assert {name for name in top_level() if not name.startswith(".")} <= ALLOWED_AT_THE_TOP


def test_the_firmware_has_its_four_layers_and_no_more() -> None:
    assert {layer_of(path) for path in firmware_files()} == set(DIRECTIONS)


@pytest.mark.parametrize("path", firmware_files(), ids=named)
def test_imports_run_one_way(path: Path) -> None:
    assert layers(path) - {"VERSION"} <= {layer_of(path)} | DIRECTIONS[layer_of(path)]


@pytest.mark.parametrize("path", [path for path in firmware_files() if layer_of(path) != "hw"], ids=named)
def test_only_the_edges_reach_outside_the_program(path: Path) -> None:
    # What loads code and forgets it again has to do with the interpreter.
    assert roots(path) - {"infuser"} <= PURE | ({"sys"} if path.name == "overlay.py" else set())


def test_main_alone_joins_the_edges_to_the_rest() -> None:
    assert "hw" in layers(FIRMWARE / "main.py")
    assert not roots(FIRMWARE / "main.py") & EDGES


@pytest.mark.parametrize("path", host_files(), ids=named)
def test_the_host_shares_only_what_is_pure(path: Path) -> None:
    edges = {name for name in imports(path) if name.startswith("infuser.hw")}
    # The wiring is a table of numbers, which the bench behind an emulated chip's pins reads too.
    pure = {"wire", "core", "hw"} if edges <= {"infuser.hw", "infuser.hw.board"} else {"wire", "core"}
    assert layers(path) - {"VERSION"} <= pure


@pytest.mark.parametrize("path", host_files(), ids=named)
def test_only_the_virtual_pump_needs_a_posix_system(path: Path) -> None:
    if "virtual" not in path.parts:
        assert not roots(path) & POSIX_ONLY


@pytest.mark.parametrize("path", [*firmware_files(), *host_files()], ids=named)
def test_a_module_says_what_it_is_for_and_stays_readable(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith('"""'), "the first line says what the module is for"
    assert len(text.splitlines()) <= 300


def test_relative_imports_do_not_hide_a_direction() -> None:
    for path in [*firmware_files(), *host_files(), FIRMWARE / "main.py"]:
        imports(path)
