"""What is in memory only while it works: each part is listed with all that comes with it, and nothing else uses it."""

import ast
from pathlib import Path

import pytest
from tree import FIRMWARE, imports

from infuser.app.overlay import PARTS
from infuser.wire import messages

# What must not depend on reading a file, by the message that asks for it.
ALWAYS = {
    messages.HELLO,
    messages.STATUS,
    messages.STOP,
    messages.BOLUS_CANCEL,
    messages.MINIMUM_RATE,
    messages.ALARM_ACK,
    messages.AUDIO_PAUSE,
}
OVERLAID = {f"infuser.{name}" for names in PARTS.values() for name in names.split()}


def file_of(module: str) -> Path:
    return FIRMWARE.joinpath(*module.split(".")).with_suffix(".py")


def reached(module: str, leaving_out: set[str]) -> set[str]:
    """All modules of the firmware that one brings along."""
    found, todo = set(), [module]
    while todo:
        name = todo.pop()
        if name not in found and name not in leaving_out and file_of(name).exists():
            found.add(name)
            todo += imports(file_of(name))
    return found


# What the start builds the pump of stays.
RESIDENT = reached("main", set()) | reached("infuser.app.replay", OVERLAID - {"infuser.app.replay"}) - OVERLAID


def test_nothing_that_stays_imports_what_is_forgotten() -> None:
    assert not RESIDENT & OVERLAID


@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_listed_with_all_that_comes_with_it(part: str) -> None:
    first = f"infuser.{PARTS[part].split()[0]}"
    assert reached(first, RESIDENT) == {f"infuser.{name}" for name in PARTS[part].split()}


@pytest.mark.parametrize("module", sorted(OVERLAID))
def test_what_is_forgotten_keeps_no_state(module: str) -> None:
    for node in ast.parse(file_of(module).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign):
            assert all(isinstance(target, ast.Name) and target.id.strip("_").isupper() for target in node.targets)
            assert not isinstance(node.value, ast.List | ast.Dict | ast.Set)
        assert not isinstance(node, ast.Global)


def test_what_stops_delivery_or_tells_how_it_stands_is_always_in_memory() -> None:
    from infuser.app.commands import HANDLERS

    assert set(HANDLERS) == set(messages.MESSAGES)
    assert all(callable(HANDLERS[command]) for command in ALWAYS)
    for handler in HANDLERS.values():
        assert callable(handler) or handler[0] in PARTS
