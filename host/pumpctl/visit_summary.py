"""The summary of a visit: its figures, one printable page and the same as plain text."""

from datetime import datetime
from pathlib import Path
from typing import Any

from pumpctl import __version__, paths, program_view, quantity, timetext
from pumpctl import program as therapies
from pumpctl.cli.output import plain_table
from pumpctl.printable import printable
from pumpctl.quantity import format_volume
from pumpctl.report_html import pairs, table
from pumpctl.report_style import STYLE
from pumpctl.report_text import escape, in_print
from pumpctl.store_visits import Visit
from pumpctl.visit_discrepancy import SHARE_PERMILLE, VOLUME_NL, Discrepancy
from pumpctl.wholefile import writing

Row = tuple[str, str]
WARNING = "From an open bench pump, a prototype that is never connected to a person."
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_OWN_STYLE = """
.sign{display:grid;grid-template-columns:1fr 1fr;gap:44px 36px;margin-top:48px}
.sign p{border-top:1px solid var(--ink);padding-top:4px;margin:0;font-size:13px;color:var(--soft)}
dl{gap:4px 28px;grid-template-columns:1fr 1fr 1fr}
h2{margin:20px 0 4px;padding-top:8px}ul{margin:2px 0;padding-left:20px}
@media print{@page{margin:10mm 14mm}body{font-size:8.5pt;line-height:1.3}main p{margin:2px 0}
h1{font-size:16pt}h2{font-size:11pt;margin:8px 0 2px;padding-top:4px}
table{font-size:8pt}th,td{padding-top:1px;padding-bottom:1px}.sign{margin-top:36px}footer{margin-top:8px}}
"""


def discrepancy(visit: Visit) -> Discrepancy | None:
    """The residual of this visit against what was expected, None where nothing was drawn."""
    if not visit.facts.get("accounted"):
        return None
    answers = visit.answers
    share, volume = answers.get("limit_share", SHARE_PERMILLE), answers.get("limit_volume", VOLUME_NL)
    return Discrepancy(visit.facts["expected_nl"], answers["residual"], share, volume)


def figures(visit: Visit) -> list[list[str]]:
    """Name and value of what a visit came to, for the archive and the page."""
    facts, told = visit.facts, []
    off = discrepancy(visit)
    if off is not None:
        told += [
            ["expected residual", format_volume(off.expected_nl)],
            ["measured residual", format_volume(off.measured_nl)],
            ["discrepancy", f"{format_volume(off.nl)} ({off.percent})" if off.expected_nl else format_volume(off.nl)],
            ["over the limit", f"{'YES' if off.over else 'no'}, limit {off.limits}"],
            ["filled in", f"{format_volume(visit.answers['volume'])}, {visit.answers['concentration']} ug/mL"],
        ]
    if facts["primed_nl"] is not None:
        told.append(["primed", format_volume(facts["primed_nl"])])
    if visit.kind == "change-drug":
        told.append(["bridge", "none: flushed" if facts["bridge_nl"] is None else format_volume(facts["bridge_nl"])])
    old, new = facts["dose_ng_per_day"], facts["dose_after_ng_per_day"]
    if old and new and old != new:
        change = f"{'+' if new > old else ''}{quantity.decimal((new - old) * 100, old, 1)} %"
        told.append(["daily dose before", quantity.format_dose_rate(old)])
        told.append(["daily dose", f"{quantity.format_dose_rate(new)} ({change})"])
    else:
        told.append(["daily dose", quantity.format_dose_rate(new) if new else "-"])
    told += [
        ["alarm volume", _alarm_volume(facts.get("program_after", ""))],
        ["reservoir", format_volume(facts["reservoir_after_nl"])],
        ["refill due", facts["new_refill_due"]],
        ["state", facts["state_after"]],
        ["alarms", "; ".join(facts["alarms_after"]) or "none"],
    ]
    return told


def _program(data: str) -> therapies.Program | None:
    return therapies.decode(bytes.fromhex(data)) if data else None


def _alarm_volume(data: str) -> str:
    program = _program(data)
    return format_volume(program["low_reservoir_nl"]) if program else "-"


def beside(visit: Visit) -> list[tuple[str, str, str, str]]:
    """(name, before, after, change) of reservoir, refill date, state and every setting that there is or was."""
    facts = visit.facts
    rows = [
        ("state", facts["state"], facts["state_after"]),
        ("reservoir", format_volume(facts["reservoir_nl"]), format_volume(facts["reservoir_after_nl"])),
        ("refill due", facts["refill_due"], facts["new_refill_due"]),
    ]
    old, new = _program(facts["program"]), _program(facts["program_after"])
    plans = facts["plan_dose_ng_per_day"], facts["plan_dose_after_ng_per_day"]
    sides = (program_view.lines(program, plan) for program, plan in zip((old, new), plans, strict=True))
    for (name, before), (_, after) in zip(*sides, strict=True):
        if {before, after} - {"-", "none", "when resumed"} and name != "patient":
            rows.append((name, before, after))
    return [(*row, "changed" if row[1] != row[2] else "") for row in rows]


def _head(visit: Visit) -> list[Row]:
    facts = visit.facts
    program = _program(facts["program_after"]) or _program(facts["program"])
    drug = f"{program['drug']} {program['concentration_ug_per_ml']} ug/mL" if program else "none"
    return [
        ("visit", f"{visit.id}, {visit.kind}"),
        ("patient", visit.patient or "-"),
        ("pump", f"{visit.serial}, firmware {facts['firmware']}"),
        ("drug", drug),
        ("drug library", facts["library"]),
        ("from", timetext.short(visit.begun)),
        ("to", timetext.short(facts["ended"])),
        ("operator", visit.operator or "-"),
        ("log", _log(visit)),
    ]


def _log(visit: Visit) -> str:
    log = visit.facts.get("log")
    if not log:
        return "not pulled"
    return f"{log['text']}, verified" if log["verified"] else f"BROKEN: {'; '.join(log['findings'])}"


def _remarks(visit: Visit) -> list[str]:
    off = discrepancy(visit)
    told = off.advice() if off else []
    if off and off.over:
        told.append("Measured again and accepted by the operator.")
    told += [visit.facts["clock_off"]] if visit.facts["clock_off"] else []
    return told + list(visit.facts.get("remarks", []))


def page(visit: Visit, written: datetime) -> str:
    """The summary as one self-contained HTML page."""
    title = f"{visit.kind.capitalize()} visit, pump {visit.serial}"
    head = "".join(f"<div><dt>{name}</dt><dd>{escape(in_print(value))}</dd></div>" for name, value in _head(visit))
    remarks = "".join(f"<li>{escape(in_print(told))}</li>" for told in _remarks(visit))
    sections = [
        ("Figures", _figures(visit)),
        ("Remarks", f"<ul>{remarks}</ul>" if remarks else ""),
        ("Since the last visit", _since(visit)),
        ("Run ahead", _list([in_print(told) for told in visit.facts.get("preview", [])])),
        ("Before and after", _beside(visit)),
        ("Alarms when the visit began", _list(visit.facts["alarms"]) or "<p>None.</p>"),
    ]
    body = "".join(f"<section><h2>{name}</h2>{told}</section>" for name, told in sections if told)
    lines = "".join(f"<p>{who}</p>" for who in ("operator: name, date, signature", "clinician: name, date, signature"))
    when = f"{written.day} {written:%B %Y %H:%M %z}"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light">'
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title><style>{STYLE}{_OWN_STYLE}</style></head>'
        f'<body><main><header><h1>{escape(title)}</h1><p class="warning">{WARNING}</p><dl>{head}</dl></header>{body}'
        f'<div class="sign">{lines}</div>'
        f"<footer>Written {escape(when)} by pumpctl {escape(__version__)}. {WARNING}</footer></main></body></html>\n"
    )


def _figures(visit: Visit) -> str:
    """The figures in two columns, so that the summary stays one page."""
    rows = [(name, in_print(value)) for name, value in visit.figures]
    half = (len(rows) + 1) // 2
    return f'<div class="side">{pairs(rows[:half])}{pairs(rows[half:])}</div>'


def _beside(visit: Visit) -> str:
    return table(("", "before", "after", ""), [tuple(map(in_print, row)) for row in beside(visit)])


def _since(visit: Visit) -> str:
    rows = [(name, in_print(value)) for name, value in visit.facts.get("since", [])]
    return pairs(rows) if rows else ""


def _list(lines: list[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(told)}</li>" for told in lines) + "</ul>" if lines else ""


def text(visit: Visit) -> str:
    """The summary as plain text."""
    parts = [
        f"{visit.kind.capitalize()} visit, pump {visit.serial}",
        WARNING,
        "",
        plain_table(("", ""), _head(visit)),
        "",
    ]
    parts += [plain_table(("", ""), visit.figures), ""]
    parts += [*_remarks(visit), ""] if _remarks(visit) else []
    if visit.facts.get("since"):
        parts += [plain_table(("", ""), visit.facts["since"], "Since the last visit"), ""]
    if visit.facts.get("preview"):
        parts += ["Run ahead: " + " ".join(visit.facts["preview"]), ""]
    parts += [plain_table(("", "BEFORE", "AFTER", ""), beside(visit)), ""]
    parts += ["Alarms when the visit began: " + ("; ".join(visit.facts["alarms"]) or "none"), ""]
    parts += ["Operator: ______________________    Clinician: ______________________"]
    return printable("\n".join(parts), "\n") + "\n"


def write(visit: Visit) -> dict[str, Any]:
    """Write page and text as wholes; their paths as `html` and `text`."""
    folder = paths.data_dir() / "visits"
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{paths.stem(visit.serial)}-{visit.id}-{visit.kind}"
    made: dict[str, Any] = {}
    told = (("html", page(visit, datetime.now().astimezone())), ("text", text(visit)))
    for name, content in told:
        path: Path = folder / f"{stem}.{'html' if name == 'html' else 'txt'}"
        with writing(path) as file:
            file.write(content.encode())
        made[name] = str(path)
    return made
