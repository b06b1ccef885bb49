"""Values for declared fields, each with nothing in it."""

from typing import Any

from infuser.wire import codec

_ZERO = {"bool": False, "text": "", "blob": b""}


def blank(fields: str | tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    """Declared fields, each with nothing in it."""
    return {name: [] if isinstance(kind, tuple) else _ZERO.get(kind, 0) for name, kind in codec.fields(fields)}
