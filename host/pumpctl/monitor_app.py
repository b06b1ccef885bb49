"""The monitor on a terminal: draws what a thread hears of the pump, and turns keys into orders. Needs Textual."""

import contextlib
import os
import sys
import time
from collections.abc import Callable
from itertools import zip_longest
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import App, ComposeResult
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from pumpctl import monitor_ask, monitor_draw, monitor_link
from pumpctl.monitor_draw import Line, Scene
from pumpctl.monitor_link import LIVE, OTHER, Linked, Order, Seen, Told, Watcher
from pumpctl.monitor_look import Look
from pumpctl.monitor_plot import UNICODE, Glyphs
from pumpctl.timetext import iso, now

# Sixteen colours and attributes only; each also differs in words or signs.
STYLES = {
    "plain": Style(),
    "value": Style(bold=True),
    "strong": Style(bold=True),
    "old": Style(italic=True, dim=True),
    "rule": Style(bold=True),
    "bar": Style(reverse=True),
    "key": Style(reverse=True, bold=True, underline=True),
    "alert": Style(reverse=True, bold=True),
    "high": Style(color="white", bgcolor="red", bold=True),
    "medium": Style(color="black", bgcolor="yellow", bold=True),
    "low": Style(color="black", bgcolor="cyan", bold=True),
}
STYLES.update({f"{name}-bar": STYLES[name] for name in ("high", "medium", "low")})
# Without colours what they mark is turned round, so that it still stands out.
PLAIN_STYLES = {**STYLES, **dict.fromkeys(("high", "medium", "low"), Style(reverse=True, bold=True))}
PLAIN_STYLES.update(dict.fromkeys(("high-bar", "medium-bar", "low-bar"), Style(reverse=True, bold=True)))
# What has been on the screen for so long can have been read.
_READ_S = 1.0
# An answer may come so much later than asked for before what is shown counts as old.
_LATE_S = 3.0


class Heard(Message):
    """An event of the thread that talks to the pump."""

    def __init__(self, event: monitor_link.Event) -> None:
        self.event = event
        super().__init__()


class Canvas(Widget):
    """Shows the lines that the monitor draws, as they are."""

    DEFAULT_CSS = "Canvas { width: 1fr; height: 1fr; background: ansi_default; color: ansi_default; }"

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[Line] = []

    def show(self, lines: list[Line]) -> None:
        """Draw the lines that differ from those shown: a slow line to a distant terminal carries no more."""
        before, self._lines = self._lines, lines
        width = self.size.width
        changed = [y for y, (old, new) in enumerate(zip_longest(before, lines)) if old != new]
        if changed:
            self.refresh(*(Region(0, y, width, 1) for y in changed))

    def render_line(self, y: int) -> Strip:
        styles = PLAIN_STYLES if os.environ.get("NO_COLOR") else STYLES
        line = self._lines[y] if y < len(self._lines) else []
        return Strip([Segment(text, styles[kind]) for text, kind in line]).adjust_cell_length(self.size.width)


class Monitor(App[None]):
    """One pump on the whole screen."""

    ENABLE_COMMAND_PALETTE = False
    CSS = "Screen { background: ansi_default; overflow: hidden; }"

    def __init__(
        self, spec: str, operator: str, interval_s: float, glyphs: Glyphs = UNICODE,
        find: Callable[[], str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(ansi_color=True)
        self._interval_s = interval_s
        self._glyphs = glyphs
        self._watcher = Watcher(spec, operator, interval_s, self._hear, find)
        self._canvas = Canvas()
        self._look: Look | None = None
        self._heard_s = 0.0
        self._alarms: dict[int, float] = {}  # unanswered ones -> when they came onto the screen
        self._problem = ""
        self._link = Linked(monitor_link.CONNECTING, f"asking the pump on {spec}")
        self.told = Told("")
        self._dialog: monitor_ask.Dialog | None = None
        self._page: tuple[int, bool] | None = None  # the log's page: lines scrolled back, whether with hourly records

    def compose(self) -> ComposeResult:
        yield self._canvas

    def on_mount(self) -> None:
        self._watcher.start()
        self.set_interval(1.0, self._tick)
        self.draw()

    def _tick(self) -> None:
        """Draw anew; a change of the terminal's size whose signal was missed is seen here."""
        with contextlib.suppress(OSError, AttributeError, ValueError):
            size = Size(*os.get_terminal_size(sys.__stderr__.fileno()))  # type: ignore[union-attr]
            if size != self.size:
                self.post_message(events.Resize(size, size))
        self.draw()

    def on_unmount(self) -> None:
        self._watcher.close()

    def on_resize(self, _event: events.Resize) -> None:
        self.draw()

    def _hear(self, event: monitor_link.Event) -> None:
        """What the thread calls; the event is taken up by the screen's own loop."""
        self.post_message(Heard(event))

    def on_heard(self, heard: Heard) -> None:
        event = heard.event
        if isinstance(event, Seen):
            self._look, self._heard_s, self._problem = event.look, event.heard_s, event.problem
            self._alarms = {
                one["alarm"]: self._alarms.get(one["alarm"], time.monotonic())
                for one in event.look.status["alarm_list"] if not one["acknowledged"]
            }  # fmt: skip
        elif isinstance(event, Linked):
            self._link = event
        else:
            self._tell(event)
        self.draw()

    @property
    def live(self) -> bool:
        """Whether what is shown is what the pump does now."""
        return self._link.state == LIVE and time.monotonic() - self._heard_s <= self._interval_s + _LATE_S

    def draw(self) -> None:
        """The scene of this moment on the canvas."""
        width, height = self.size
        scene = self._scene()
        small = self._small
        if self._page and not small:
            lines = monitor_draw.log_page(scene, width, height, *self._page, self._glyphs)
        else:
            lines = monitor_draw.screen(scene, width, height, self._glyphs)
        if self._dialog and not small:
            lines = monitor_ask.over(lines, self._dialog, width, self._glyphs)
        self._canvas.show(lines)

    @property
    def _small(self) -> bool:
        """Whether the screen has no room for what a key would act upon."""
        width, height = self.size
        return width < monitor_draw.MIN_WIDTH or height < monitor_draw.MIN_HEIGHT

    def _scene(self) -> Scene:
        why = self._link.why or "the pump does not answer"
        hint = "; c watches it, its cable back resumes" if self._link.state == OTHER else "; trying again"
        age_s = int(time.monotonic() - self._heard_s) if self._look else 0
        return Scene(
            self._look, self.live, age_s, why + hint, self.told.text, self.told.kind, self._problem,
        )  # fmt: skip

    def _tell(self, told: Told) -> None:
        """Tell something, after the time; what is uncertain stays beside what comes after it."""
        stamp = (iso(*now()) or "")[11:19]
        text = f"{stamp} {told.text}"
        if self.told.kind == "uncertain" and told.kind == "note":
            self.told = Told(f"{text}. Before: {self.told.text}", "uncertain")
        else:
            self.told = Told(text, told.kind)

    # Keys

    def on_key(self, event: events.Key) -> None:
        event.stop()
        key = event.character if event.character and event.character.isprintable() else event.key
        if key == "s":  # at once, whatever is on the screen
            self._dialog = None
            self._order(Order("stop"), "stop is on its way")
        elif self._small:  # nothing is answered that cannot be read
            self._dialog = None
            if key in ("q", "ctrl+c"):
                self.exit()
        elif self._dialog is not None:
            dialog, self._dialog = self._dialog, None
            answer = dialog.answers.get(key)
            if isinstance(answer, Order):
                self._order(answer, f"{answer.name} is on its way")
            elif dialog.no:
                self._tell(Told(dialog.no))
        elif key in ("q", "ctrl+c"):
            self.exit()
        elif self._page is not None and self._turn(key):
            pass
        elif key in self._KEYS:
            self._KEYS[key](self)
        self.draw()

    def action_help_quit(self) -> None:
        """Ctrl-C ends it, as it ends every command."""
        self.exit()

    def _order(self, order: Order, told: str) -> None:
        self._tell(Told(told))
        self._watcher.order(order)

    def _acknowledge(self) -> None:
        if self._answered():
            read = [code for code, since_s in self._alarms.items() if time.monotonic() - since_s >= _READ_S]
            self._open(monitor_ask.acknowledge(self._look, read))

    def _pause(self) -> None:
        if self._answered() and self._look:
            on = bool(self._look.status["audio_pause_ms"])
            order = Order("pause", pause_s=0 if on else monitor_link.PAUSE_S)
            self._order(order, "the end of the pause is on its way" if on else "the audio pause is on its way")

    def _resume(self) -> None:
        if self._answered():
            self._open(monitor_ask.resume(self._look))

    def _answered(self) -> bool:
        """Whether there is a live look to act on; tells it if not."""
        if self._look is None or not self.live:
            self._tell(Told("nothing is sent: what is shown is not live", "refused"))
            return False
        return True

    def _open(self, asked: "monitor_ask.Dialog | Order | str") -> None:
        """A dialog, an order that needs none, or why there is nothing to do."""
        if isinstance(asked, str):
            self._tell(Told(asked))
        elif isinstance(asked, Order):
            self._order(asked, f"{asked.name} is on its way")
        else:
            self._dialog = asked

    def _show_log(self) -> None:
        self._page = (0, False)

    def _help(self) -> None:
        self._dialog = monitor_ask.HELP

    def _other(self) -> None:
        if self._link.state == OTHER:
            self._look = None
            self._watcher.order(Order("other"))

    def _turn(self, key: str) -> bool:
        """A key on the log's page; False if it is none of this page's."""
        assert self._page is not None
        back, routine = self._page
        page = max(1, self.size.height - 4)
        moves = {"up": back + 1, "down": back - 1, "pageup": back + page, "pagedown": back - page,
                 "home": 1 << 20, "end": 0, "k": back + 1, "j": back - 1}  # fmt: skip
        if key in ("l", "escape"):
            self._page = None
        elif key == "f":
            self._page = (0, not routine)
        elif key in moves:
            most = monitor_draw.log_length(self._scene(), self.size.width, routine) - (self.size.height - 3)
            self._page = (min(max(0, moves[key]), max(0, most)), routine)
        else:
            return False
        return True

    _KEYS: ClassVar = {
        "a": _acknowledge,
        "p": _pause,
        "r": _resume,
        "l": _show_log,
        "?": _help,
        "c": _other,
    }


def run(
    spec: str, operator: str, interval_s: float, glyphs: Glyphs = UNICODE, find: Callable[[], str] | None = None
) -> Told:
    """Watch the pump on `spec` until a person ends it, see Watcher; returns what was told last."""
    for told in ("COLUMNS", "LINES"):  # the size when a shell began, where it exports them; the terminal knows better
        os.environ.pop(told, None)
    app = Monitor(spec, operator, interval_s, glyphs, find)
    app.run(mouse=False)
    return app.told
