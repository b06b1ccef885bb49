"""Text that others wrote made fit for a terminal: control and direction characters become visible marks."""

import json
import unicodedata
from typing import Any

MARK = "\ufffd"
# Control characters, format characters (direction marks among them), lone surrogates, line and paragraph separators.
_HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")


def printable(text: str, kept: str = "") -> str:
    """The text with a mark in place of each character that would act instead of being seen, but for those `kept`."""
    if text.isprintable():
        return text
    return "".join(MARK if _hidden(c) and c not in kept else c for c in text)


def printable_values(told: Any) -> Any:
    """The same for every text in a reply's fields, at any depth; all else as it is."""
    if isinstance(told, str):
        return printable(told)
    if isinstance(told, dict):
        return {name: printable_values(value) for name, value in told.items()}
    return [printable_values(value) for value in told] if isinstance(told, list) else told


def json_text(document: Any, indent: int | None = None, ascii_only: bool = False) -> str:
    """JSON in which such characters are escaped: nothing is lost, and nothing acts on a terminal."""
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    if text.isascii() and "\x7f" not in text:
        return text
    return "".join(_escaped(c) if c != "\n" and _hidden(c) else c for c in text)


def _hidden(char: str) -> bool:
    return unicodedata.category(char) in _HIDDEN


def _escaped(char: str) -> str:
    pair = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{pair[at : at + 2].hex()}" for at in range(0, len(pair), 2))
