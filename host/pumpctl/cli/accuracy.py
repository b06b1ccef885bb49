"""`pumpctl accuracy`: start-up and trumpet curve of a virtual pump, of a scale's readings or of a pulled log."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infuser.wire import units
from pumpctl import accuracy_scale
from pumpctl.cli.context import Context, pass_context
from pumpctl.cli.params import DURATION, QuantityType
from pumpctl.errors import UNVERIFIED, UsageProblem
from pumpctl.quantity import KINDS, format_duration, format_rate

if TYPE_CHECKING:
    from pumpctl.accuracy_samples import Stretch

FLOW = QuantityType(KINDS["flow"])
DENSITY = QuantityType(accuracy_scale.DENSITY_KIND)
_EVERY_MS = 30 * units.MS_PER_S
_FOR_MS = 25 * units.MS_PER_H
_SETTLE_MS = units.MS_PER_H
_FILE = click.Path(dir_okay=False, path_type=Path)


@dataclass
class Measured:
    """Samples and where they are from: `told` for people, `document` for scripts."""

    stretches: "list[Stretch]"
    every_ms: int
    step_pl: int
    settle_ms: int
    told: str
    document: dict[str, Any]
    sound: bool = True


@click.command()
@click.option("--virtual", is_flag=True, help="Run a scratch virtual pump on a virtual scale.")
@click.option("--csv", "scale", type=_FILE, help="Readings of a real scale: time_s and mass_mg, mass_g or volume_ul.")
@click.option("--log", "logged", is_flag=True, help="Use the pump's own count from the archive of pulled logs.")
@click.option("--rate", type=FLOW, help="Rate set, for --virtual and --csv.  [default with --virtual: 0.2ml/d]")
@click.option("--for", "duration", type=DURATION, help="How long the virtual pump runs.  [default: 25h]")
@click.option("--every", type=DURATION, help="Sample interval.  [default: 30s; with --csv that of the readings]")
@click.option("--settle", type=DURATION, help="Left out at the start of the trumpet curve.  [default: 1h; 0s of a log]")
@click.option(
    "--window", "windows", type=DURATION, multiple=True, help="Observation window; repeatable.  [default: 2min to 24h]"
)
@click.option("--density", type=DENSITY, help="Of what is weighed.  [default: 0.9982mg/ul, water at 20 C]")
@click.option("--crystal-ppm", type=click.IntRange(-1000, 1000), default=0, help="Error of the virtual pump's crystal.")
@click.option("--pump", metavar="SERIAL", help="Archived pump, for --log.  [default: the only one]")
@click.option("--svg", type=_FILE, help="Draw both curves into this file.")
@click.option("--html", type=_FILE, help="Write a page with curves and figures.")
@pass_context
def accuracy(context: Context, svg: Path | None, html: Path | None, windows: tuple[int, ...], **told: Any) -> None:
    """Measure flow accuracy: start-up curve, trumpet curve and mean error as in IEC 60601-2-24.

    For every observation window the largest and the least mean error of all its placements are shown,
    beside what a single microstep (98.175 nL) makes of that window. Give one of --virtual, --csv and --log.
    A log has hourly records: it shows what was counted, no window under an hour.
    """
    from pumpctl import accuracy as curves
    from pumpctl import accuracy_page, accuracy_view

    measured = _measure(context, told)
    spans_ms = windows or curves.WINDOWS_MS
    result = curves.analyse(
        measured.stretches, measured.every_ms, measured.settle_ms, measured.step_pl, spans_ms, not told["logged"]
    )
    if svg:
        accuracy_page.write_svg(svg, result, measured.told)
    if html:
        accuracy_page.write_html(html, result, measured.told)
    files = {name: str(path.resolve()) for name, path in (("svg", svg), ("html", html)) if path}
    context.out.result({**accuracy_view.document(result, measured.document), **files})
    context.out.table(accuracy_view.COLUMNS, accuracy_view.rows(result), measured.told)
    for sentence in [
        *accuracy_view.sentences(result),
        accuracy_view.LOG_NOTE if told["logged"] else accuracy_view.NOTE,
    ]:
        context.out.line(sentence)
    for path in files.values():
        context.out.line(path)
    if not measured.sound:
        context.out.note("this log fails verification; see `pumpctl log verify`")
        click.get_current_context().exit(UNVERIFIED)


def _measure(context: Context, told: dict[str, Any]) -> Measured:
    given = [name for name in ("virtual", "scale", "logged") if told[name]]
    if len(given) != 1:
        raise UsageProblem(
            "give one of --virtual, --csv FILE and --log" + (", not several" if given else ""),
            field="--virtual",
            remedy="pumpctl accuracy --virtual --rate 0.2ml/d",
        )
    _check_options(given[0], told)
    return {"virtual": _virtual, "scale": _scale, "logged": _log}[given[0]](context, told)


# Option -> the sources that it means something for.
_MEANT_FOR = {
    "rate": ("virtual", "scale"),
    "duration": ("virtual",),
    "density": ("scale",),
    "crystal_ppm": ("virtual",),
    "pump": ("logged",),
    "every": ("virtual", "scale"),
}
_OPTIONS = {
    "duration": "--for",
    "crystal_ppm": "--crystal-ppm",
    "virtual": "--virtual",
    "scale": "--csv",
    "logged": "--log",
}


def _check_options(source: str, told: dict[str, Any]) -> None:
    """An option that would be ignored is a mistake."""
    for name, sources in _MEANT_FOR.items():
        if told[name] and source not in sources:
            option = _OPTIONS.get(name, f"--{name}")
            wanted = " and ".join(_OPTIONS[one] for one in sources)
            raise UsageProblem(f"{option} is for {wanted}, not for {_OPTIONS[source]}", field=option)
    for option, value in (("--every", told["every"]), ("--for", told["duration"])):
        if value == 0:
            raise UsageProblem(f"{option} is 0, allowed 1 ms and more", field=option, value=0, low=1)
    if told["rate"] == 0:
        raise UsageProblem("--rate is 0, allowed 1 nl/d and more", field="--rate", value=0, low=1)


def _settle_ms(told: dict[str, Any], usual_ms: int) -> int:
    given: int | None = told["settle"]
    return usual_ms if given is None else given


def _virtual(context: Context, told: dict[str, Any]) -> Measured:
    from pumpctl import accuracy_samples, accuracy_virtual

    asked, duration_ms, every_ms = told["rate"] or 200_000, told["duration"] or _FOR_MS, told["every"] or _EVERY_MS
    accuracy_virtual.check(asked, duration_ms)
    therapy = accuracy_virtual.program(asked)
    rate = accuracy_virtual.set_rate_nl_per_day(therapy)
    with context.out.progress(f"virtual pump at {format_rate(rate)}", duration_ms) as advance:
        readings = accuracy_virtual.measure(therapy, duration_ms, every_ms, advance, told["crystal_ppm"])
    stretches = accuracy_samples.even(accuracy_samples.at_rate(readings, rate), every_ms)
    crystal = f", its crystal {told['crystal_ppm']:+d} ppm off" if told["crystal_ppm"] else ""
    return Measured(
        stretches, every_ms, units.STEP_PL_NOMINAL, _settle_ms(told, _SETTLE_MS),
        f"Virtual pump at {format_rate(rate)}{crystal}, virtual scale read every {format_duration(every_ms)}",
        {"source": "virtual", "set_rate_nl_per_day": rate, "crystal_ppm": told["crystal_ppm"]},
    )  # fmt: skip


def _scale(context: Context, told: dict[str, Any]) -> Measured:
    from pumpctl import accuracy_csv, accuracy_samples

    rate, path = told["rate"], told["scale"]
    if not rate:
        raise UsageProblem("--rate is missing: what was the pump set to?", field="--rate", remedy="--rate 0.2ml/d")
    density = accuracy_scale.WATER_UG_PER_ML if told["density"] is None else told["density"]
    accuracy_scale.check_density(density)
    samples = accuracy_samples.at_rate(accuracy_csv.read(path, density), rate)
    every_ms = told["every"] or accuracy_samples.interval_ms(samples)
    return Measured(
        accuracy_samples.even(samples, every_ms), every_ms, units.STEP_PL_NOMINAL, _settle_ms(told, _SETTLE_MS),
        f"{path.name} against {format_rate(rate)}, a reading every {format_duration(every_ms)}",
        {"source": "csv", "file": str(path), "set_rate_nl_per_day": rate, "density_ug_per_ml": density},
    )  # fmt: skip


def _log(context: Context, told: dict[str, Any]) -> Measured:
    from pumpctl import accuracy_log, logbook
    from pumpctl.store import Archive

    with Archive() as archive:
        log = archive.select(told["pump"])
        verdict = logbook.verify_archive(archive, log)
    return Measured(
        accuracy_log.stretches(verdict.records, log.serial), accuracy_log.EVERY_MS,
        accuracy_log.step_pl(verdict.records), _settle_ms(told, 0),
        f"Log of pump {log.serial}, its hourly counters against what was programmed",
        {"source": "log", "serial": log.serial, "verified": not verdict.findings},
        not verdict.findings,
    )  # fmt: skip
