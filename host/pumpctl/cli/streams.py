"""Standard output and error as the tool needs them: no character ends it, nor a reader who has seen enough.

A pipe whose reader went away swallows what is still written: whatever a command has begun it ends as it would have,
and its exit code is that of what it did.
"""

import codecs
import errno
import io
import os
import sys
from typing import Any, TextIO, cast

_HANDLER = "pumpctl"
# What a terminal that lacks the character gets instead; anything else is shown by its number, never left out.
_TWINS = {
    "µ": "u", "μ": "u", "±": "+/-", "×": "x", "·": ".", "°": " deg ", "–": "-", "—": "-", "−": "-", "…": "...",
    "→": "->", "≤": "<=", "≥": ">=", "Δ": "d", "’": "'", "“": '"', "”": '"', "\ufffd": "?",
}  # fmt: skip
_BARS = "━─═╸╺│┃█▇▆▅▄▃▂▁▌▐░▒▓"


def in_ascii(error: UnicodeError) -> tuple[str, int]:
    """For codecs: the nearest that every terminal can show."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_twin, error.object[error.start : error.end])), error.end


def _twin(char: str) -> str:
    if char in _TWINS:
        return _TWINS[char]
    if char in _BARS:
        return "|" if char in "│┃" else "-" if char in "━─═╸╺" else "#"
    return char.encode("ascii", "backslashreplace").decode("ascii")


class Lasting(io.RawIOBase):
    """A raw stream that swallows what is written after its reader has gone."""

    def __init__(self, raw: Any) -> None:
        super().__init__()
        self._raw = raw
        self.gone = False

    def writable(self) -> bool:
        """It is for nothing else."""
        return True

    def fileno(self) -> int:
        """Of the stream below."""
        return int(self._raw.fileno())

    def isatty(self) -> bool:
        """Whether a person sees it."""
        return bool(self._raw.isatty())

    def write(self, data: Any) -> int:
        """All of it, or into nothing."""
        if not self.gone:
            try:
                return cast(int, self._raw.write(data))
            except OSError as error:
                # Windows tells a pipe without a reader so.
                if error.errno != errno.EPIPE and not (os.name == "nt" and error.errno == errno.EINVAL):
                    raise
                self.gone = True
        return len(data)


def _wrapped(stream: TextIO | None) -> TextIO:
    if stream is None:  # closed before the tool began
        return open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    below = getattr(stream, "buffer", None)
    raw = getattr(below, "raw", below)  # with PYTHONUNBUFFERED there is no buffer between
    if not isinstance(raw, io.RawIOBase):  # somebody's own stream
        return stream
    stream.flush()
    lasting = Lasting(raw)
    buffer = io.BufferedWriter(cast(Any, lasting))
    return io.TextIOWrapper(buffer, stream.encoding, _HANDLER, line_buffering=lasting.isatty())


def prepare() -> None:
    """Put such streams in place of Python's own; once, at the start of the tool."""
    codecs.register_error(_HANDLER, in_ascii)
    # The ones before stay alive: they would close what lies below.
    _KEPT.extend((sys.stdout, sys.stderr))
    sys.stdout, sys.stderr = _wrapped(sys.stdout), _wrapped(sys.stderr)


_KEPT: list[TextIO | None] = []


def gone() -> bool:
    """Whether nobody reads standard output any more: what repeats itself ends then."""
    sys.stdout.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return isinstance(raw, Lasting) and raw.gone


def finish() -> str:
    """Write out what is left; why it cannot be written, empty if it can."""
    try:
        sys.stdout.flush()
    except OSError as error:
        # What is still buffered goes nowhere when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return error.strerror or str(error)
    return ""
