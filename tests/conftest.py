"""What all tests share: Hypothesis without a clock, and without chance where a red test must mean a fault; what shows
which case."""

import os
from pathlib import Path

import pytest
from case_results import CaseResults, label
from hypothesis import settings

# What only the chip shows; it needs no marker.
BOARD = Path(__file__).parent / "board"

settings.register_profile("bench", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "bench")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--chip rp2040`: the system tests marked so, against the real image on an emulated chip."""
    parser.addoption("--chip", choices=("vm", "rp2040"), default="vm", help="what runs the firmware of virtual pumps")


def pytest_configure(config: pytest.Config) -> None:
    """One process of a run tells the results: not the workers that pytest-xdist starts."""
    config.addinivalue_line("markers", "on_chip: also played on the emulated RP2040 with --chip rp2040")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(CaseResults())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--chip") == "rp2040":
        chosen = [item for item in items if item.get_closest_marker("on_chip") or BOARD in item.path.parents]
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = chosen
    label(items)
