"""`pumpctl titrate`: a plan of doses from the screening, or from a therapy, to a target; it touches no pump."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infuser.wire import program as programs
from infuser.wire import units
from pumpctl import therapy_keys, timetext
from pumpctl.cli.context import Context, pass_context
from pumpctl.cli.params import AGE, CONCENTRATION, DOSE, DOSE_RATE, DURATION, SHARE, VOLUME, WEIGHT
from pumpctl.errors import UsageProblem

if TYPE_CHECKING:
    from pumpctl.program import Program
    from pumpctl.titration import Plan

Values = dict[str, Any]
FILE = click.Path(path_type=Path, dir_okay=False)
_EXAMPLE = (
    "pumpctl titrate --patient BENCH-001 --age 47y --indication spinal --screening 75ug --response positive"
    " --concentration 500ug/ml --target 300ug/d"
)
_OPTIONS = (
    click.option("--target", type=DOSE_RATE, required=True, help="Daily dose to go to; 0ug/d is the end of therapy."),
    click.option("--screening", type=DOSE, help="Screening dose that the response is about."),
    click.option("--response", type=click.Choice(list(therapy_keys.RESPONSES)), help="Response to it."),
    click.option("--indication", type=click.Choice(list(therapy_keys.INDICATIONS)), help="Origin of the spasticity."),
    click.option("--age", type=AGE, help='Age of the patient, for example "47y".'),
    click.option("--weight", type=WEIGHT, help='Body weight, for example "72kg".'),
    click.option("--contraindication", "contraindications", multiple=True,
                 type=click.Choice(programs.CONTRAINDICATION_NAMES), help="What forbids the therapy."),
    click.option("--caution", "cautions", multiple=True, type=click.Choice(programs.CAUTION_NAMES),
                 help="What calls for care."),
    click.option("--patient", metavar="ID", help="The patient's identity."),
    click.option("--drug", help="The drug's name.  [default: baclofen]"),
    click.option("--concentration", type=CONCENTRATION, help="Of what the reservoir holds."),
    click.option("--minimum", type=DOSE_RATE, help="Minimum rate.  [default: a quarter of the first dose]"),
    click.option("--limit", type=DOSE_RATE, help="Most in 24 h, boluses included.  [default: target and a quarter]"),
    click.option("--from", "source", type=FILE, help="Begin with this therapy instead."),
    click.option("--from-pump", is_flag=True, help="Begin with the pump's therapy, at the dose in force."),
    click.option("--increase", type=SHARE, help="What a step adds at most.  [default: half of what is allowed]"),
    click.option("--decrease", type=SHARE, help="What a step takes away at most.  [default: 10%]"),
    click.option("--every", type=DURATION, default=units.MS_PER_DAY, help="Time between two steps.  [default: 24h]"),
    click.option("--hold-first", type=DURATION, default=units.MS_PER_DAY,
                 help="Time at the first dose.  [default: 24h]"),
    click.option("--start", metavar="TIME", help="Local time of the first dose.  [default: tomorrow, 08:00]"),
    click.option("--reservoir", type=VOLUME, help="What it holds then.  [default: 20 mL, or what the pump tells]"),
    click.option("--library", "held", type=FILE,
                 help="Drug library.  [default: the pump's with --from-pump, else the one shipped]"),
    click.option("-o", "--output", type=FILE, help="Therapy file to write."),
    click.option("--html", type=FILE, help="Page with the figures to write."),
)  # fmt: skip
# What only a patient without a therapy is told by.
_NEW = ("screening", "response", "indication", "age", "weight", "contraindications", "cautions", "patient", "drug",
        "concentration", "minimum")  # fmt: skip


def _options(command: Any) -> Any:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command(short_help="Build a plan of doses from the screening, or from a therapy, to a target.")
@_options
@pass_context
def titrate(context: Context, **told: Any) -> None:
    """Build a plan of doses: from the response to the screening, or from a therapy, to a target, up or down.

    The first dose is twice the screening dose, or that dose itself where its effect lasted over 8 h. A step adds at
    most what the drug library allows for the patient (as labelled: spinal 30 %, cerebral and children 15 %), half of
    that if nothing else is asked for, and comes at most once in 24 h. Down it goes by 10 % a step, 20 % at most.
    Each dose is readable and one that the pump delivers exactly.

    The therapy file is sent as any other: `program check`, `program preview`, `program send`. No pump is touched.
    """
    from pumpctl import library as libraries
    from pumpctl import titration

    _check_source(told)
    held = libraries.load_any(told["held"]) if told["held"] else None
    if told["from_pump"]:
        (program, begin_min, reservoir_nl), held = _of_pump(context, told, held)
    else:
        held = held or libraries.starting()
        program, begin_min, reservoir_nl = _begin(told, held)
    order = titration.Order(
        told["target"], begin_min, _minutes("--hold-first", told["hold_first"]), _minutes("--every", told["every"]),
        _share(told), given=told["from_pump"],
    )  # fmt: skip
    plan = titration.build(program, held, order)
    files = _write(context, plan, reservoir_nl, told)
    _tell(context, plan, reservoir_nl, files)


def _check_source(told: Values) -> None:
    """UsageProblem where it is not plain what the titration begins with."""
    existing = told["source"] is not None or told["from_pump"]
    extra = [name for name in _NEW if told[name]]
    if existing and extra:
        option = f"--{extra[0].rstrip('s') if extra[0] in ('contraindications', 'cautions') else extra[0]}"
        raise UsageProblem(f"{option} is told by the therapy already", field=option, remedy="leave it out")
    if told["source"] is not None and told["from_pump"]:
        raise UsageProblem("--from and --from-pump are both given", field="--from", remedy="give one of them")


def _begin(told: Values, held: Values) -> "tuple[Program, int, int]":
    """(program to begin with, local minute at which its dose begins, nL in the reservoir), without a pump."""
    from pumpctl import program as therapies
    from pumpctl import titration_start

    reservoir_nl = told["reservoir"] or units.RESERVOIR_CAPACITY_NL
    if told["source"] is not None:
        program = titration_start.of_therapy(therapies.load(told["source"]), told["limit"] or 0)
        begin_min = _start(told) if told["start"] else program["start_min"] or _start(told)
    else:
        fields = _patient(told)
        program = titration_start.after_screening(
            fields, held, told["target"], told["minimum"] or 0, told["limit"] or 0
        )
        begin_min = _start(told)
    return {**program, "start_min": begin_min}, begin_min, reservoir_nl


def _of_pump(context: Context, told: Values, held: Values | None) -> "tuple[tuple[Program, int, int], Values]":
    """The same by the pump, and the drug library: `held`, else the pump's own."""
    from pumpctl import library_send, operations, titration_start

    with context.connect() as pump:
        now, program = pump.status(), operations.read_program(pump)
        held = held or library_send.present(pump)
    if held is None:
        raise UsageProblem("the pump's drug library is missing or damaged", field="--library",
                           remedy="name one: --library FILE; or send one: `pumpctl library send FILE`")  # fmt: skip
    if program is None:
        raise UsageProblem("the pump has no therapy to begin with", remedy="begin with a file: --from FILE")
    if now["plan_position"] and not now["plan_dose_ng_per_day"]:
        raise UsageProblem("the pump's taper has come to its end", remedy="begin with a file: --from FILE")
    if told["start"]:
        begin_min = _start(told)
    elif now["time_valid"]:
        # From the next full hour on: plans are read by people.
        begin_min = -(-(now["time_ms"] // units.MS_PER_MIN + now["utc_offset_min"]) // 60) * 60
    else:
        raise UsageProblem("the pump's clock is not set, so that it has no time to begin from", field="--start",
                           remedy="set it: `pumpctl clock set`; or give --start")  # fmt: skip
    begun = titration_start.of_therapy(program, told["limit"] or 0, now["plan_dose_ng_per_day"])
    reservoir_nl = now["reservoir_nl"] if told["reservoir"] is None else told["reservoir"]
    return ({**begun, "start_min": 0}, begin_min, reservoir_nl), held


def _patient(told: Values) -> Values:
    """The wire's fields of patient, screening and drug."""
    missing = [name for name in ("patient", "screening", "response", "concentration") if not told[name]]
    if missing:
        names = ", ".join(f"--{name}" for name in missing)
        raise UsageProblem(f"{names} missing", field=f"--{missing[0]}", remedy=_EXAMPLE)
    return {
        "patient": told["patient"],
        "drug": told["drug"] or "baclofen",
        "concentration_ug_per_ml": told["concentration"],
        "age_years": programs.AGE_NOT_TOLD if told["age"] is None else told["age"],
        "weight_hg": told["weight"] or 0,
        "indication": therapy_keys.INDICATIONS.get(told["indication"], 0),
        "screening_ng": told["screening"],
        "screening_response": therapy_keys.RESPONSES[told["response"]],
        "contraindications": _bits(programs.CONTRAINDICATION_NAMES, told["contraindications"]),
        "cautions": _bits(programs.CAUTION_NAMES, told["cautions"]),
    }


def _bits(names: tuple[str, ...], told: tuple[str, ...]) -> int:
    return sum(1 << at for at, name in enumerate(names) if name in told)


def _start(told: Values) -> int:
    """The local minute asked for, else tomorrow morning by this machine's clock."""
    from pumpctl import therapy_times

    if told["start"]:
        return therapy_times.parse(told["start"])
    now_ms, offset_min = timetext.now()
    today = (now_ms // units.MS_PER_MIN + offset_min) // units.MIN_PER_DAY
    return (today + 1) * units.MIN_PER_DAY + therapy_times.DEFAULT_HOUR * 60


def _minutes(option: str, duration_ms: int) -> int:
    minutes, rest = divmod(duration_ms, units.MS_PER_MIN)
    if rest:
        raise UsageProblem(f"{option} is not in whole minutes", field=option, value=duration_ms, remedy="give 24h, 36h")
    return minutes


def _share(told: Values) -> int:
    if told["increase"] is not None and told["decrease"] is not None:
        raise UsageProblem("--increase and --decrease are both given", field="--increase", remedy="give one of them")
    given = told["increase"] if told["increase"] is not None else told["decrease"]
    if given == 0:
        raise UsageProblem("a step of 0 % leads nowhere", field="--increase", value=0, low=1, remedy="give 10%")
    return int(given or 0)


def _write(context: Context, plan: "Plan", reservoir_nl: int, told: Values) -> dict[str, str | None]:
    from pumpctl import program as therapies
    from pumpctl import titration_plot, titration_view
    from pumpctl.wholefile import writing

    texts = {}
    if told["output"] is not None:
        heading = [titration_view.title(plan), *titration_view.sentences(plan)]
        texts["output"] = therapies.dumps(plan.program, "\n".join(heading))
    if told["html"] is not None:
        texts["html"] = titration_plot.page(plan, reservoir_nl)
    for name in texts:
        if told[name].exists():
            context.confirm(f"{told[name]} exists; replace it?")
    for name, text in texts.items():
        with writing(told[name]) as file:
            file.write(text.encode())
    return {"file": str(told["output"]) if "output" in texts else None,
            "html": str(told["html"]) if "html" in texts else None}  # fmt: skip


def _tell(context: Context, plan: "Plan", reservoir_nl: int, files: dict[str, str | None]) -> None:
    from pumpctl import titration_view

    context.out.result({**titration_view.document(plan, reservoir_nl), **files})
    context.out.table(titration_view.COLUMNS, titration_view.rows(plan, reservoir_nl), titration_view.title(plan))
    for line in ("", *titration_view.plot(plan), "", *titration_view.sentences(plan)):
        context.out.line(line)
    for warning in plan.warnings:
        context.out.note(f"warning, to be confirmed: {warning}")
    for path in filter(None, files.values()):
        context.out.note(f"written to {path}")
