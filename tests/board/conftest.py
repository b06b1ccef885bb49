"""The emulated chip for the tests of this folder; without an image of MicroPython they are skipped."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from chiplife import apart

from pumpctl.board import requirements
from pumpctl.errors import PumpctlError


@pytest.fixture(scope="session")
def uf2() -> Path:
    """The image to run."""
    try:
        return requirements.image(None)
    except PumpctlError as error:
        pytest.skip(f"{error.message}; {error.remedy}")


@pytest.fixture(scope="session")
def prompt_uf2(uf2: Path) -> Path:
    """An image that shows MicroPython's prompt on a board with an empty flash."""
    if b"infuser" in uf2.read_bytes():
        pytest.skip("the image has the firmware in it: what is measured at the prompt needs one that has not")
    return uf2


@pytest.fixture
def on_chip(prompt_uf2: Path, tmp_path: Path) -> Callable[..., Any]:
    """on_chip(function, ...): what function(folder, uf2, ...) returns, called in a process of its own."""
    return lambda function, *more: apart(function, tmp_path, prompt_uf2, *more)
