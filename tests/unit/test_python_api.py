"""`import pumpctl` from somebody's own program: light, typed, and true to what the pump says."""

import subprocess
import sys
from typing import Any, get_type_hints

import pytest

import pumpctl
from infuser.wire import codec, messages
from pumpctl import errors, replies, replies_orders

_TYPES = {"bool": bool, "text": str, "blob": bytes}


def declared(kind: type[replies.Reply], fields: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    """Name -> type as the tables of the wire have it, lists by the class that the reply has for their items."""
    found: dict[str, Any] = {}
    for name, of in fields:
        if isinstance(of, tuple):
            item = kind._LISTS[name]
            assert hints(item) == declared(item, of), name
            found[name] = list[item]  # type: ignore[valid-type]
        else:
            found[name] = _TYPES.get(of, int)
    return found


def hints(kind: type[replies.Reply]) -> dict[str, Any]:
    return {name: of for name, of in get_type_hints(kind).items() if not name.startswith("_")}


@pytest.mark.parametrize("command", replies_orders.REPLIES, ids=lambda command: messages.MESSAGES[command][0])
def test_a_reply_has_the_fields_and_types_that_the_wire_declares(command: int) -> None:
    kind = replies_orders.REPLIES[command]
    fields = codec.fields(messages.MESSAGES[command][3])
    assert hints(kind) == declared(kind, fields)
    assert list(hints(kind)) == [name for name, _ in fields]
    assert not set(hints(kind)) & set(dir(dict)), "a field that a method of dict hides"


def test_every_command_that_changes_something_has_a_typed_reply() -> None:
    changing = {command for command, (_, flags, *_) in messages.MESSAGES.items() if flags & messages.MUTATES}
    assert changing - set(replies_orders.REPLIES) == {messages.SIGN_IN}


def test_a_reply_is_a_dict_and_its_fields_are_attributes() -> None:
    told = {"passed": False, "failed_list": [{"part": "motor"}]}
    reply = replies_orders.SelfTest(told)
    assert reply == told and reply.passed is False and reply.failed_list[0].part == "motor"
    with pytest.raises(AttributeError, match="SelfTest has no field pased"):
        _ = reply.pased


def test_importing_the_package_loads_nothing_and_its_names_are_those_of_their_modules() -> None:
    told = (
        "import sys, pumpctl; print([n for n in sys.modules if n.startswith('pumpctl.') or n in ('click', 'serial')])"
    )
    shown = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout
    assert shown == "[]\n"
    for name in pumpctl.__all__:
        assert getattr(pumpctl, name) is not None
    assert pumpctl.Refused is errors.Refused and "Pump" in dir(pumpctl)
    assert {name for name in vars(errors) if name.endswith(("Problem", "Error", "Refused"))} <= set(pumpctl.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Pmup'"):
        _ = pumpctl.Pmup
