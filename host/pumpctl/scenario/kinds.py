"""Kinds of values in a scenario file: each reads a value, says what is wrong with it, and gives its JSON Schema."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pumpctl import quantity


class Wrong(Exception):
    """What is wrong with a value, in words; `at` is the key below, where it is in a table."""

    def __init__(self, text: str, at: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.at = at


class Kind(Protocol):
    """A kind of value."""

    def read(self, value: Any) -> Any:
        """The value as the player uses it; Wrong says what is allowed."""

    def schema(self) -> dict[str, Any]:
        """Its JSON Schema."""


@dataclass(frozen=True)
class Key:
    """One key of a table."""

    kind: Kind
    about: str
    required: bool = False


def type_name(value: Any) -> str:
    """The type of a TOML value, for people."""
    names = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list", dict: "a table"}
    return names.get(type(value), "a date or time")


def plain(value: Any) -> str:
    """A TOML value for people, without quotes."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return ", ".join(f"{name} {plain(one)}" for name, one in value.items())
    if isinstance(value, list):
        several = any(isinstance(one, dict) for one in value)
        return ("; " if several else ", ").join(map(plain, value)) or "none"
    return str(value)


def near(value: str, allowed: Sequence[str]) -> str:
    """Nearest of the names allowed, or all of them."""
    found = difflib.get_close_matches(value, allowed, n=1, cutoff=0.5)
    return f"did you mean {found[0]!r}?" if found else f"allowed: {', '.join(allowed)}"


class Text:
    """Text in quotes."""

    def __init__(self, pattern: str = r"\S(.*\S)?", example: str = "") -> None:
        self._pattern = pattern
        self._example = example

    def read(self, value: Any) -> str:
        """The text."""
        if not isinstance(value, str):
            raise Wrong(f"is {type_name(value)}, must be text in quotes{self._like()}")
        if not re.fullmatch(self._pattern, value):
            raise Wrong(f'"{value}" is not of the right form{self._like()}')
        return value

    def schema(self) -> dict[str, Any]:
        """Its JSON Schema."""
        return {"type": "string", "pattern": f"^({self._pattern})$"}

    def _like(self) -> str:
        return f', for example "{self._example}"' if self._example else ""


class Choice:
    """One of a few names."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)

    def read(self, value: Any) -> str:
        """The name."""
        if not isinstance(value, str):
            raise Wrong(f"is {type_name(value)}, must be text; allowed: {', '.join(self.names)}")
        if value not in self.names:
            raise Wrong(f'"{value}" is not known; {near(value, self.names)}')
        return value

    def schema(self) -> dict[str, Any]:
        """Its JSON Schema."""
        return {"enum": list(self.names)}


class Flag:
    """true or false."""

    def read(self, value: Any) -> bool:
        """The value."""
        if not isinstance(value, bool):
            raise Wrong(f"is {type_name(value)}, must be true or false without quotes")
        return value

    def schema(self) -> dict[str, Any]:
        """Its JSON Schema."""
        return {"type": "boolean"}


class Number:
    """A number without quotes within bounds."""

    def __init__(self, low: float, high: float, whole: bool = False) -> None:
        self._low = low
        self._high = high
        self._whole = whole

    def read(self, value: Any) -> float:
        """The number."""
        right = int if self._whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, right):
            raise Wrong(f"is {type_name(value)}, must be a {'whole ' if self._whole else ''}number without quotes")
        if not self._low <= value <= self._high:
            raise Wrong(f"{value} is out of range, allowed {self._low} to {self._high}")
        return value

    def schema(self) -> dict[str, Any]:
        """Its JSON Schema."""
        return {"type": "integer" if self._whole else "number", "minimum": self._low, "maximum": self._high}


class Quantity:
    """A quantity with its unit, as in therapy files."""

    def __init__(self, name: str) -> None:
        self.kind = quantity.KINDS[name]

    def read(self, value: Any) -> int:
        """The quantity in the wire's unit."""
        if not isinstance(value, str):
            raise Wrong(f'is {type_name(value)} without a unit; write it like "{self.kind.example}"')
        try:
            return self.kind.parse(value)
        except quantity.QuantityError as error:
            raise Wrong(f"{error.message}; {error.remedy}") from None

    def schema(self) -> dict[str, Any]:
        """Its JSON Schema."""
        return {"type": "string", "pattern": self.kind.pattern, "examples": [self.kind.example]}


class Span:
    """A duration, also of several parts: `2h 3min`."""

    _PART = quantity.KINDS["duration"].pattern.strip("^$")

    def read(self, value: Any) -> int:
        """The duration in ms."""
        if not isinstance(value, str):
            raise Wrong(f'is {type_name(value)} without a unit; write it like "2h 3min"')
        if not re.fullmatch(self._pattern(), value):
            raise Wrong(f'"{value}" is not a time; units: {quantity.KINDS["duration"].shown}; for example "2h 3min"')
        return sum(quantity.parse_duration_ms(part[0]) for part in re.finditer(self._PART, value))

    def schema(self) -> dict[str, Any]:
        """Its JSON Schema."""
        return {"type": "string", "pattern": f"^{self._pattern()}$", "examples": ["2h 3min"]}

    def _pattern(self) -> str:
        return f"{self._PART}( {self._PART})*"


class Either:
    """A value of one of several kinds; reads as (number of the kind, value)."""

    def __init__(self, *kinds: Kind) -> None:
        self._kinds = kinds

    def read(self, value: Any) -> tuple[int, Any]:
        """Which kind it was, and the value."""
        wrong = []
        for at, kind in enumerate(self._kinds):
            try:
                return at, kind.read(value)
            except Wrong as error:
                wrong.append(error)
        tables = [error for error, kind in zip(wrong, self._kinds, strict=True) if isinstance(kind, Table)]
        raise tables[0] if tables and isinstance(value, dict) else wrong[0]

    def schema(self) -> dict[str, Any]:
        """Its JSON Schema."""
        return {"anyOf": [kind.schema() for kind in self._kinds]}


class Pair:
    """A list of two values, the lower one first."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind

    def read(self, value: Any) -> tuple[Any, Any]:
        """(low, high)."""
        if not isinstance(value, list) or len(value) != 2:
            raise Wrong(f"is {type_name(value)}, must be a list of two values")
        low, high = (self._kind.read(one) for one in value)
        if low > high:
            raise Wrong(f"{value[0]} is more than {value[1]}; the lower value stands first")
        return low, high

    def schema(self) -> dict[str, Any]:
        """Its JSON Schema."""
        return {"type": "array", "items": self._kind.schema(), "minItems": 2, "maxItems": 2}


class Many:
    """A list of values; where `alone` is set, one value without the list too."""

    def __init__(self, kind: Kind, alone: bool = True) -> None:
        self._kind = kind
        self._alone = alone

    def read(self, value: Any) -> tuple[Any, ...]:
        """The values."""
        if not isinstance(value, list):
            if not self._alone:
                raise Wrong(f"is {type_name(value)}, must be a list")
            value = [value]
        return tuple(self._kind.read(one) for one in value)

    def schema(self) -> dict[str, Any]:
        """Its JSON Schema."""
        several = {"type": "array", "items": self._kind.schema()}
        return {"anyOf": [self._kind.schema(), several]} if self._alone else several


class Free:
    """Any value."""

    def read(self, value: Any) -> Any:
        """The value."""
        return value

    def schema(self) -> dict[str, Any]:
        """Its JSON Schema."""
        return {}


class Table:
    """A table of known keys, or of any keys with values of one kind."""

    def __init__(self, keys: Mapping[str, Key] | None = None, each: Kind | None = None) -> None:
        self.keys = keys
        self._each = each

    def read(self, value: Any) -> dict[str, Any]:
        """The table with its values read; the first thing wrong with it is told."""
        if not isinstance(value, dict):
            raise Wrong(f"is {type_name(value)}, must be a table, {{ key = value }}")
        if self.keys is None:
            return {name: _below(name, self._each, told) for name, told in value.items() if self._each}
        for name in value:
            if name not in self.keys:
                raise Wrong(f"unknown key; {near(name, list(self.keys))}", name)
        for name, key in self.keys.items():
            if key.required and name not in value:
                raise Wrong(f"is missing. {key.about}", name)
        return {name: _below(name, self.keys[name].kind, told) for name, told in value.items()}

    def schema(self) -> dict[str, Any]:
        """Its JSON Schema."""
        if self.keys is None:
            return {"type": "object", "additionalProperties": self._each.schema() if self._each else True}
        return {
            "type": "object",
            "properties": {name: {"description": key.about, **key.kind.schema()} for name, key in self.keys.items()},
            "required": [name for name, key in self.keys.items() if key.required],
            "additionalProperties": False,
        }


def _below(name: str, kind: Kind, value: Any) -> Any:
    try:
        return kind.read(value)
    except Wrong as error:
        raise Wrong(error.text, f"{name}.{error.at}" if error.at else name) from None
