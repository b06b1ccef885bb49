"""Draws what stands on a terminal, colours included, as an SVG that needs no font of its own and no network."""

import io
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

# Calm colours on white that keep their contrast in print.
_BLACK, _RED, _GREEN, _YELLOW = (33, 37, 41), (176, 32, 32), (30, 110, 50), (140, 95, 0)
_BLUE, _MAGENTA, _CYAN, _GREY = (30, 80, 170), (125, 50, 140), (0, 105, 115), (90, 96, 102)
_NORMAL = [_BLACK, _RED, _GREEN, _YELLOW, _BLUE, _MAGENTA, _CYAN, _GREY]
_BRIGHT = [_GREY, _RED, _GREEN, _YELLOW, _BLUE, _MAGENTA, _CYAN, _BLACK]
THEME = TerminalTheme((255, 255, 255), _BLACK, _NORMAL, _BRIGHT)
SHAPE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">
<style>
.{unique_id}-matrix {{ font: {char_height}px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
 line-height: {line_height}px; white-space: pre; }}
{styles}
</style>
<rect width="100%" height="100%" rx="8" fill="#fff" stroke="#ced4da"/>
<g transform="translate({terminal_x}, 8)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g></g></svg>
"""


def picture(captured: str, columns: int, name: str) -> str:
    """The SVG of a screen: `captured` has a line a row, with escape sequences as the terminal shows them."""
    console = Console(record=True, file=io.StringIO(), width=columns, force_terminal=True, legacy_windows=False)
    for line in captured.rstrip("\n").split("\n"):
        console.print(Text.from_ansi(line), no_wrap=True, crop=True, end="\n", soft_wrap=False)
    return console.export_svg(title="", theme=THEME, code_format=SHAPE, unique_id=name)


def save(captured: str, columns: int, path: Path) -> None:
    """Write the picture of a screen as `path`."""
    path.write_text(picture(captured, columns, path.stem), encoding="utf-8")
