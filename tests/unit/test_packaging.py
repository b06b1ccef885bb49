"""The wheel, the freeze list and the list for mip carry the whole firmware, in one version."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tree import FIRMWARE, HOST, ROOT

from infuser import VERSION
from pumpctl import docs, firmware_files, flash_budget, flash_plan
from pumpctl.flash_plan import PlannedFile

APPLICATION = sorted(firmware_files.application())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that `pip install ./host` builds, by the same backend."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=HOST, check=True, capture_output=True, timeout=120)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's content as an installation lays it out, out of reach of the source tree."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run_installed(unpacked: Path, code: str) -> str:
    """What `code` prints when only the unpacked wheel holds pumpctl and infuser."""
    kept = f"[p for p in sys.path if 'site-packages' in p or not p.startswith({str(ROOT)!r})]"
    script = f"import sys; sys.path[:] = {kept}; {code}"
    environment = {**os.environ, "PYTHONPATH": str(unpacked)}
    done = subprocess.run([sys.executable, "-c", script], cwd=unpacked, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_is_pure_python_and_carries_the_firmwares_version(wheel: Path) -> None:
    assert wheel.name == f"pumpctl-{VERSION}-py3-none-any.whl"


def test_the_wheel_holds_the_firmware_the_schema_the_examples_and_the_device_files(unpacked: Path) -> None:
    held = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    package = {path for path in APPLICATION if path != "main.py"}
    beside = {f"pumpctl/firmware/{name}" for name in ("main.py", "launcher.py", "onboard.py")}
    own = {
        path.relative_to(HOST).as_posix()
        for path in (HOST / "pumpctl").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    examples = {
        f"pumpctl/{path.relative_to(HOST).as_posix()}" for path in (HOST / "examples").rglob("*") if path.is_file()
    }
    assert examples
    wanted = package | beside | own | examples | {"pumpctl/LICENSE", "pumpctl/therapy.schema.json"}
    assert sorted(wanted - held) == []


def test_the_wheel_holds_nothing_that_is_made_on_the_way(unpacked: Path) -> None:
    strays = [path for path in unpacked.rglob("*") if path.suffix in (".pyc", ".mpy") or path.name.startswith(".")]
    assert strays == []


def test_an_installed_tool_finds_the_firmware_in_itself(unpacked: Path) -> None:
    told = run_installed(
        unpacked, "from pumpctl import firmware_files as f; print(*f.application().values(), sep='\\n')"
    )
    assert len(told.splitlines()) == len(APPLICATION)
    assert all(Path(line).is_relative_to(unpacked) for line in told.splitlines())


def test_an_installed_tool_finds_its_examples_in_itself(unpacked: Path) -> None:
    told = run_installed(unpacked, "from pumpctl import program; print(program.example())")
    assert Path(told.strip()).is_relative_to(unpacked)


def test_an_editable_install_holds_no_copy_that_would_shadow_the_source() -> None:
    import infuser
    import pumpctl

    assert Path(infuser.__file__).is_relative_to(FIRMWARE)
    assert Path(pumpctl.__file__).is_relative_to(HOST)


def test_mips_list_names_every_file_of_the_application() -> None:
    told = json.loads((FIRMWARE / "package.json").read_text(encoding="utf-8"))
    launcher = told["urls"].pop()
    assert launcher == ["main.py", "launcher.py"]
    assert sorted(source for _, source in told["urls"]) == APPLICATION, "run `make docs`"
    assert all(target == f"app/{source}" for target, source in told["urls"])
    assert told["version"] == VERSION
    assert docs.package(FIRMWARE) == (FIRMWARE / "package.json").read_text(encoding="utf-8"), "run `make docs`"


def test_the_freeze_list_covers_every_file_of_the_application() -> None:
    """Run as MicroPython's build does, with its functions noting what is frozen."""
    frozen: set[str] = set()
    version: dict[str, str] = {}

    def package(name: str) -> None:
        frozen.update(path.relative_to(FIRMWARE).as_posix() for path in (FIRMWARE / name).rglob("*.py"))

    functions = {"include": lambda path: None, "package": package, "module": frozen.add}
    functions["metadata"] = lambda **told: version.update(told)
    exec((FIRMWARE / "manifest.py").read_text(encoding="utf-8"), functions)
    assert sorted(frozen) == APPLICATION
    assert version["version"] == VERSION


def test_the_application_and_each_module_stay_within_their_budgets() -> None:
    budget = flash_plan.make_plan(flash_plan.compiler()).budget
    assert budget.over == []
    assert len(budget.modules) == len(APPLICATION) and budget.used == sum(size for _, size in budget.modules)
    assert budget.sentence().startswith(f"Bytecode: {budget.used} of {flash_budget.APPLICATION_BYTES} bytes; largest")


def test_what_is_too_large_is_named() -> None:
    module = PlannedFile("infuser/big.mpy", bytes(flash_budget.MODULE_BYTES + 1))
    listed = PlannedFile("image.txt", bytes(1 << 20))
    assert flash_budget.of([module, listed]).over == ["infuser/big.mpy has 8193 bytes of 8192"]
    assert flash_budget.of([module] * 22).over[0] == "the application has 180246 bytes of 180224"
