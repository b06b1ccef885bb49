"""The monitor's screen as lines of words with a kind each; the same for a terminal and for plain text."""

import textwrap
from dataclasses import dataclass

from infuser.wire import alarms, units
from pumpctl import monitor_day, monitor_plot, quantity, status_view, timetext
from pumpctl import monitor_view as view
from pumpctl.monitor_look import Look
from pumpctl.monitor_plot import UNICODE, Glyphs
from pumpctl.printable import printable

MIN_WIDTH, MIN_HEIGHT = 80, 24
_LABEL = 17
_PLOT_MIN, _PLOT_MAX = 10, 16
_LOG_MIN, _LOG_LEAST = 6, 2
_ALARMS_LEAST = 3
_KINDS = {alarms.HIGH: "high", alarms.MEDIUM: "medium", alarms.LOW: "low"}
KEYS = "a acknowledge  p pause sound  s STOP  r resume  l log  ? help  q quit"

Part = tuple[str, str]  # text, kind
Line = list[Part]


@dataclass(frozen=True)
class Scene:
    """What is to be drawn. `age_s`: how old the look is; `live`: it is what the pump does now; `link`: why not.

    `message` is the last thing to tell, of the kind `message_kind`.
    """

    look: Look | None
    live: bool = True
    age_s: int = 0
    link: str = ""
    message: str = ""
    message_kind: str = "note"
    problem: str = ""
    footer: str = KEYS


def screen(scene: Scene, width: int, height: int, glyphs: Glyphs = UNICODE) -> list[Line]:
    """Exactly `height` lines of at most `width` characters."""
    if width < MIN_WIDTH or height < MIN_HEIGHT:
        lines = _too_small(scene, width, height)
    elif scene.look is None:
        lines = [_padded(" pumpctl monitor", "bar", width), [], *_folded(scene.link, width, "strong")]
        lines += [[]] * (height - 2 - len(lines)) + [*_message(scene, width), _footer(scene, width)]
    else:
        lines = _full(scene, scene.look, width, height, glyphs)
    return [_cut(line, width, glyphs) for line in lines[:height]]


def text(lines: list[Line]) -> str:
    """The lines without their kinds."""
    return "\n".join("".join(part for part, _ in line).rstrip() for line in lines)


def _full(scene: Scene, look: Look, width: int, height: int, glyphs: Glyphs) -> list[Line]:
    top = [_heading(scene, look, width), *_link(scene, look, width)]
    bottom = [*_message(scene, width), _footer(scene, width)]
    most = height - len(top) - len(bottom) - _LOG_LEAST - 1 - min(_ALARMS_LEAST, max(1, len(look.status["alarm_list"])))
    body = _values(scene, look, width, glyphs)
    if len(body) > most:
        body = _values(scene, look, width, glyphs, bars=False)
    if len(body) > most:
        body = [*body[: most - 1], [(f"     {glyphs.cut} and more: enlarge the window", "strong")]]
    room = height - len(top) - len(body) - len(bottom) - 1  # 1: the log's rule
    raised = _alarms(look, width, max(1, room - _LOG_LEAST), glyphs, scene.live)
    room -= len(raised)
    plot: list[str] = []
    if room - _LOG_MIN >= _PLOT_MIN:
        plot = monitor_plot.day_plot(monitor_day.of(look), width - 2, min(_PLOT_MAX, room - _LOG_MIN), glyphs)
    room -= len(plot)
    kind = "plain" if scene.live else "old"
    lines = [*top, *raised, *body, *([(line, kind)] for line in plot), _rule(_log_title(scene), width, glyphs)]
    told = _log(look, room, width)
    return [*lines, *told, *([[]] * (room - len(told))), *bottom]


def once(scene: Scene, width: int, glyphs: Glyphs, log_lines: int = 10) -> str:
    """The screen as plain text for scripts: everything that there is, without keys."""
    assert scene.look is not None
    look = scene.look
    lines = [_heading(scene, look, width), *_link(scene, look, width), *_alarms(look, width, 99, glyphs)]
    lines += _values(scene, look, width, glyphs)
    lines += [_rule(_log_title(scene), width, glyphs), *_log(look, log_lines, width)]
    return text([_cut(line, width, glyphs) for line in lines])


# The parts


def _heading(scene: Scene, look: Look, width: int) -> Line:
    was = "" if scene.live else "WAS "
    left = f" {was}{view.state(look)}  {view.rate(look)}"
    right = f"{view.therapy(look)} "
    return _padded(left + " " * max(2, width - len(left) - len(right)) + right, _severity(scene, look), width)


def _severity(scene: Scene, look: Look) -> str:
    """The kind of the heading: that of the highest alarm."""
    if not scene.live:
        return "alert"
    worst = max((entry["priority"] for entry in look.status["alarm_list"]), default=0)
    return f"{_KINDS[worst]}-bar" if worst in _KINDS else "bar"


def _link(scene: Scene, look: Look, width: int) -> list[Line]:
    """Whether this is what the pump does now, and its clock; two lines at most of why it is not."""
    if scene.live:
        left = f" LIVE, {scene.age_s} s ago  pump {look.hello.serial}"
        right = f"{view.clock(look)} "
        return [[(left + " " * max(2, width - len(left) - len(right)) + right, "plain")]]
    here = timetext.people(look.host_ms, timetext.now()[1])
    since = quantity.format_duration(max(1, scene.age_s) * units.MS_PER_S)
    told = f"NOT LIVE: all below is {since} old, of {here}, pump {look.hello.serial}. {scene.link}"
    return [_padded(f" {line}", "alert", width) for line in textwrap.wrap(printable(told), width - 2)[:2]]


def _alarms(look: Look, width: int, room: int, glyphs: Glyphs, live: bool = True) -> list[Line]:
    """The alarms in at most `room` lines: all of them in a line each first, then what to do, the worst first."""
    found = view.alarm_list(look)
    if not found:
        return _row("alarms", "none", width, live)
    shown = found if len(found) <= room else found[: max(1, room - 1)]
    spare = room - len(shown) - (len(found) > len(shown))
    lines: list[Line] = []
    for alarm in shown:
        kind = _KINDS.get(alarm.priority, "strong")
        head = f"{' ' if live else '?'}{alarm.mark:<3} {alarm.priority_name.upper():<6} "
        rest = f" {alarm.name}, since {alarm.since}, {alarm.standing}"
        # The whole line for what nobody has answered, the priority alone for the rest.
        lines.append([(head, kind), (rest, "strong")] if alarm.acknowledged else [((head + rest).ljust(width), kind)])
        more = textwrap.wrap(f"{alarm.text}. Do: {alarm.remedy}", width - 6)
        if len(more) <= spare:
            lines += [[("     " + line, "plain")] for line in more]
            spare -= len(more)
    if len(found) > len(shown):
        lines.append([(f"     {glyphs.cut} and {len(found) - len(shown)} more alarms", "strong")])
    return lines


def _values(scene: Scene, look: Look, width: int, glyphs: Glyphs, bars: bool = True) -> list[Line]:
    """The rows of names and values between alarms and log; without `bars` and space where there is little room."""
    status, day = look.status, monitor_day.of(look)
    wide = width - _LABEL - 2
    began = day.planned_nl is not None and day.start_ms > day.midnight_ms
    name = f"since {view.time_text(day.start_ms)}" if began else "today"
    of_day = f" of {view.amount(look, day.whole_nl)} planned" if day.whole_nl is not None else ""
    rows: list[tuple[str, str]] = [
        *([("", "")] if bars else []),
        (name, f"{view.amount(look, day.delivered_nl)}{of_day}"),
    ]
    if day.whole_nl and bars:
        rows.append(("", monitor_plot.bar(day.delivered_nl, day.whole_nl, wide, glyphs, day.planned_nl)))
    rows.append(("", "; ".join([view.progress(look, day), *view.interruptions(day)])))
    total = quantity.format_volume(status["delivered_total_nl"])
    today = f"{quantity.format_volume(status['delivered_today_nl'])} today, " if began else ""
    rows.append(("delivered", f"{today}{total} in all"))
    rows.append(("room left", ", ".join(view.room(look)) or "no limits"))
    capacity_nl, low_nl = units.RESERVOIR_CAPACITY_NL, status["low_reservoir_nl"]
    left, low = quantity.format_volume(status["reservoir_nl"]), quantity.format_volume(low_nl)
    rows.append(("reservoir", f"{left}, alarm at {low}, {view.refill(look)}"))
    if bars:
        rows.append(("", monitor_plot.bar(status["reservoir_nl"], capacity_nl, wide, glyphs, low_nl)))
    rows += view.running(look)
    rows.append(("device", status_view.measured(status)))
    return [line for name, value in rows for line in _row(name, value, width, scene.live)]


def _row(name: str, value: str, width: int, live: bool = True) -> list[Line]:
    """A name with its value, folded; a value that is not live has a ? before its name."""
    if not name and not value:
        return [[]]
    if name == "" and len(set(value)) <= 3:
        return [[(" " * (_LABEL + 1), "plain"), (value, "plain" if live else "old")]]
    mark = " " if live or not name else "?"
    first, *rest = textwrap.wrap(value, width - _LABEL - 2) or [""]
    kind = "value" if live else "old"
    lines: list[Line] = [[(f"{mark}{name:<{_LABEL}}", "plain"), (first, kind)]]
    return lines + [[(" " * (_LABEL + 1), "plain"), (line, kind)] for line in rest]


def _log_title(scene: Scene) -> str:
    if scene.problem:
        return f"log: {scene.problem}"
    return "log" if scene.live else "log as it was"


def _log(look: Look, room: int, width: int) -> list[Line]:
    if room <= 0:
        return []
    rows = view.log_tail(look)[-room:]
    return [[(f" {time:<15}", "plain"), (sentence, "plain")] for time, _, sentence in rows]


def _message(scene: Scene, width: int) -> list[Line]:
    """What is to be told: always one line at least, so that nothing jumps."""
    kind = {"uncertain": "alert", "refused": "alert", "done": "strong"}.get(scene.message_kind, "strong")
    lines = textwrap.wrap(printable(scene.message), width - 2)[:3]
    return [_padded(f" {line}", kind, width) if kind == "alert" else [(f" {line}", kind)] for line in lines] or [[]]


def _footer(scene: Scene, width: int) -> Line:
    parts: Line = []
    for at, word in enumerate(f" {scene.footer}".split("  ")):
        key, _, what = word.strip().partition(" ")
        parts += [("  " if at else " ", "bar"), (key, "key"), (f" {what}", "bar")]
    return [*parts, (" " * max(0, width - sum(len(part) for part, _ in parts)), "bar")]


def _too_small(scene: Scene, width: int, height: int) -> list[Line]:
    """A clear word, and still what must not be missed."""
    lines = _folded(f"{width} x {height} is too small: the monitor needs {MIN_WIDTH} x {MIN_HEIGHT}.", width, "alert")
    if scene.look is not None:
        was = "" if scene.live else "NOT LIVE; was: "
        lines += _folded(f"{was}{view.state(scene.look)}, {view.rate(scene.look)}", width, "strong")
        found = view.alarm_list(scene.look)
        told = "; ".join(f"{alarm.mark} {alarm.name}" for alarm in found) or "no alarms"
        lines += _folded(told, width, "strong")
    lines += _folded(scene.message, width, "strong") if scene.message else []
    lines = lines[: max(0, height - 1)]
    return [*lines, *([[]] * (height - 1 - len(lines))), [("s STOP  q quit", "bar")]]


# Lines


def _folded(told: str, width: int, kind: str) -> list[Line]:
    return [[(line, kind)] for line in textwrap.wrap(printable(told), max(1, width - 1))]


def _padded(told: str, kind: str, width: int) -> Line:
    return [(printable(told).ljust(width), kind)]


def _rule(title: str, width: int, glyphs: Glyphs) -> Line:
    head = f"{glyphs.rule} {title} "
    return [(head + glyphs.rule * max(0, width - len(head)), "rule")]


def _cut(line: Line, width: int, glyphs: Glyphs) -> Line:
    """A line of at most `width` characters; what is cut off leaves a sign."""
    told: Line = []
    left = width
    for part, kind in line:
        if len(part) > left:
            return [*told, (part[: max(0, left - 1)] + glyphs.cut if left else "", kind)]
        told.append((part, kind))
        left -= len(part)
    return told


def log_page(scene: Scene, width: int, height: int, back: int, routine: bool, glyphs: Glyphs = UNICODE) -> list[Line]:
    """The log on the whole screen, `back` lines scrolled up from its end; sentences are folded, not cut."""
    rows, lines = _page_lines(scene, width, routine)
    what = "every record" if routine else "events, without the hourly records"
    top = _page_top(scene, f"log: {what}; the newest {rows}", width)
    told = _message(scene, width) if scene.message else []
    room = height - len(top) - len(told) - 2
    end = max(min(room, len(lines)), len(lines) - back)
    shown = lines[max(0, end - room) : end]
    below = len(lines) - end
    said = f" {below} line{'s' if below > 1 else ''} below" if below > 0 else " end of the log"
    where: Line = [(said, "plain")]
    keys = Scene(None, footer="up/down scroll  f filter  home first  end last  l back  s STOP  q quit")
    page = [*top, *shown, *([[]] * (room - len(shown))), where, *told, _footer(keys, width)]
    return [_cut(line, width, glyphs) for line in page]


def _page_top(scene: Scene, title: str, width: int) -> list[Line]:
    """State, alarms and link in few words above the log."""
    if scene.look is None:
        return [_padded(f" {title}", "bar", width)]
    names = ", ".join(f"{alarm.mark} {alarm.name}" for alarm in view.alarm_list(scene.look)) or "no alarms"
    if scene.live:
        return [_heading(scene, scene.look, width), _padded(f" {names}", "plain", width), [(f" {title}", "strong")]]
    why = _padded(f" NOT LIVE: {scene.link}", "alert", width)
    return [_heading(scene, scene.look, width), why, _padded(f"?{names}", "old", width), [(f" {title}", "strong")]]


def log_length(scene: Scene, width: int, routine: bool) -> int:
    """How many lines the whole log's page has."""
    return len(_page_lines(scene, width, routine)[1])


def _page_lines(scene: Scene, width: int, routine: bool) -> tuple[int, list[Line]]:
    """(records, their lines) of the log's page."""
    rows = view.log_rows(scene.look, routine) if scene.look else []
    lines: list[Line] = []
    for time, kind, sentence in rows:
        first, *rest = textwrap.wrap(sentence, max(20, width - 32)) or [""]
        lines.append([(f" {time:<15}{kind[:14]:<15}", "plain"), (first, "value")])
        lines += [[(" " * 31, "plain"), (more, "value")] for more in rest]
    return len(rows), lines
