"""The application on the flash is held against the list of its hashes."""

from pathlib import Path

import pytest
from vmworld import World

from pumpctl import firmware_files

CONTENTS = {"infuser/core/dose.py": b"NAME = 1\n", "infuser/long.py": b"#" * 5000, "main.py": b""}
_CHECK = """
import sys
sys.path.append(FOLDER)
from infuser.hw.image import Image
image, passed = Image(), []
result = [image.listed, image.check(lambda: passed.append(1)), len(passed)]
singly = [image.check_next() for _ in range(8)]
result.append(singly)
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    for path, data in {**CONTENTS, firmware_files.IMAGE_LIST: firmware_files.image_list(CONTENTS)}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def test_an_image_as_it_was_installed_passes_as_a_whole_and_file_by_file(world: World, installed: Path) -> None:
    assert world.run(_CHECK.replace("FOLDER", repr(str(installed)))) == [True, "", 3, [""] * 8]


@pytest.mark.parametrize("path", CONTENTS)
def test_a_file_that_is_changed_or_missing_is_named(world: World, installed: Path, path: str) -> None:
    for spoil in (lambda file: file.write_bytes(CONTENTS[path][:-1] + b"?"), lambda file: file.unlink()):
        spoil(installed / path)
        _, wrong, _, singly = world.run(_CHECK.replace("FOLDER", repr(str(installed))))
        assert wrong == path
        assert set(singly) == {"", path}


@pytest.mark.parametrize("at", [0, 40, 70, 150])
@pytest.mark.parametrize("bit", [0, 7])
def test_a_flipped_bit_in_the_list_itself_is_found(world: World, installed: Path, at: int, bit: int) -> None:
    listed = installed / firmware_files.IMAGE_LIST
    data = bytearray(listed.read_bytes())
    data[at] ^= 1 << bit
    listed.write_bytes(data)
    assert world.run(_CHECK.replace("FOLDER", repr(str(installed))))[1]


def test_an_application_without_a_list_is_told_as_not_checked(world: World) -> None:
    told = world.run("from infuser.hw.image import Image; image = Image(); result = [image.listed, image.check_next()]")
    assert told == [False, ""]


@pytest.mark.parametrize("path", ["infuser/core/dose.py", "infuser/long.py"])
def test_the_files_of_single_modules_are_held_against_the_list_alone(world: World, installed: Path, path: str) -> None:
    script = _CHECK.replace("FOLDER", repr(str(installed))) + (
        "modules = ['infuser/core/dose', 'infuser/long']\n"
        "result = [image.check_these(modules), image.check_these(modules[:1]), image.check_these(['infuser/none'])]\n"
    )
    assert world.run(script) == ["", "", "infuser/none in image.txt"]
    (installed / path).write_bytes(b"another")
    told = world.run(script)
    assert told[:2] == [path, path if "dose" in path else ""]
    (installed / firmware_files.IMAGE_LIST).write_bytes(b"\xff" * 200)
    assert world.run(script)[0] == "infuser/core/dose in image.txt"
