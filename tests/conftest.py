"""What all tests share: Hypothesis without a clock, and without chance where a red test must mean a fault; what shows
which case."""

import os

import pytest
from case_results import CaseResults, label
from hypothesis import settings

settings.register_profile("bench", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "bench")


def pytest_configure(config: pytest.Config) -> None:
    """One process of a run tells the results: not the workers that pytest-xdist starts."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(CaseResults())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    label(items)
