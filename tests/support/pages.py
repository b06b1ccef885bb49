"""The fenced blocks of a page, each with its language and the heading that it stands under, and their command lines."""

import re
from dataclasses import dataclass
from pathlib import Path

_EXIT = re.compile(r"#.*\bexit (\d+)\b")


@dataclass(frozen=True)
class Block:
    """A fenced block: `language` as written after the fence, empty for what a command prints."""

    heading: str
    language: str
    text: str

    @property
    def commands(self) -> list[tuple[str, int]]:
        """(line as typed, exit code that its comment promises; 0 without one), lines that are comments left out."""
        lines = [line for line in self.text.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
        return [(line, int(told[1]) if (told := _EXIT.search(line)) else 0) for line in lines]


def blocks(page: Path, language: str | None = None) -> list[Block]:
    """All blocks in order, or those of one language."""
    heading, found = "", []
    fence: list[str] | None = None
    opened = ""
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("```"):
            if fence is None:
                fence, opened = [], line[3:].strip()
            else:
                found.append(Block(heading, opened, "\n".join(fence)))
                fence = None
        elif fence is not None:
            fence.append(line)
        elif line.startswith("#"):
            heading = line.lstrip("# ")
    assert fence is None, f"{page}: a fence is not closed"
    return [block for block in found if language is None or block.language == language]


def unlike(shown: str, printed: str) -> str:
    """The first line of what a page shows that is not among the lines `printed`, in order; empty if all are.

    `...` stands for any lines, in a line for any text; durations in seconds and the number of blanks are not compared.
    """
    rest = iter(printed.splitlines())
    for line in shown.splitlines():
        if line.strip() == "...":
            continue
        words = " ".join(line.split())
        parts = (r"\d+\.\d s".join(map(re.escape, re.split(r"\d+\.\d s\b", part))) for part in words.split("..."))
        pattern = re.compile(".*".join(parts))
        if not any(pattern.fullmatch(" ".join(real.split())) for real in rest):
            return line
    return ""
