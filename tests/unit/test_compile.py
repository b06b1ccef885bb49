"""Every file that runs on the board compiles for it."""

from pathlib import Path

import pytest
from tree import FIRMWARE

from pumpctl import firmware_files
from pumpctl.errors import PumpctlError
from pumpctl.flash_plan import compiler, make_plan, naming

FILES = [
    *sorted(FIRMWARE.glob("infuser/**/*.py")),
    *(FIRMWARE / name for name in ("main.py", "launcher.py", "onboard.py")),
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(FIRMWARE).as_posix())
def test_it_compiles_for_the_rp2040(path: Path) -> None:
    plan = make_plan(compiler(), {path.name: path})
    assert plan.files[0].data[:1] == b"M"


def test_a_file_that_does_not_compile_is_named_with_its_line(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("x = 1\nif x:\n")
    with pytest.raises(PumpctlError, match=r"(?s)broken\.py.*line 3"):
        make_plan(compiler(), {"broken.py": broken})


def test_the_application_is_every_file_but_those_that_never_stay_on_the_board() -> None:
    on_disk = {path.relative_to(FIRMWARE).as_posix() for path in FIRMWARE.rglob("*.py")}
    assert on_disk - set(firmware_files.application()) == {"launcher.py", "manifest.py", "onboard.py"}


def test_names_that_several_files_spell_are_put_before_a_docstring_where_they_change_nothing(tmp_path: Path) -> None:
    texts = {
        "one.py": '"""One."""\n\ntold = {"delivered_total_nl": 1, "only_here_is_it": 2}\n',
        "two.py": '"""Two."""\n\nother = told["delivered_total_nl"]\n',
        "bare.py": 'bare = "delivered_total_nl"\n',
    }
    sources = {}
    for name, text in texts.items():
        sources[name] = tmp_path / name
        sources[name].write_text(text)
    together = {file.path: file.data for file in make_plan(compiler(), sources).files}
    alone = {name: make_plan(compiler(), {name: path}).files[0].data for name, path in sources.items()}
    assert together["bare.mpy"] == alone["bare.py"]
    told: dict[str, dict[str, object]] = {}
    for name in ("one", "two"):
        assert together[f"{name}.mpy"] != alone[f"{name}.py"]
        prepared = naming(texts[f"{name}.py"], {"delivered_total_nl"})
        assert prepared.splitlines()[1:] == texts[f"{name}.py"].splitlines()[1:]
        told[name] = {"told": told.get("one", {}).get("told")}
        exec(prepared, told[name])
    assert told["one"]["told"] == {"delivered_total_nl": 1, "only_here_is_it": 2} and told["two"]["other"] == 1
