"""`pumpctl virtual play`: scenarios played on scratch virtual pumps."""

import json
from pathlib import Path

import click

from pumpctl.cli.context import Context, pass_context
from pumpctl.errors import DONE, UNMET, UsageProblem


@click.command(short_help="Play scenarios: what is done, and what is expected.")
@click.argument("files", metavar="FILE...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--only", metavar="PATTERN", help="Only those whose file name, title or case fits, such as 'EC1*'.")
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of the plants' noise.")
@click.option("--keep", metavar="NAME", help="Leave the pump as the virtual pump NAME; for one scenario.")
@click.option("--jobs", type=click.IntRange(1, 64), help="How many at a time.  [default: one a processor]")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of scenario files.")
@click.option("--template", is_flag=True, help="Print a scenario to begin with, and every key.")
@pass_context
def play(
    context: Context, files: tuple[Path, ...], only: str | None, seed: int, keep: str | None, jobs: int | None,
    schema: bool, template: bool,
) -> int:  # fmt: skip
    """Play scenarios, each on a scratch virtual pump, in virtual time; FILE may be a folder of them.

    A scenario is a TOML file of timed actions and of what is expected at times or within spans. Shown is
    a verdict for every expectation. Exit code 6 says that one of them was not met. No pump of yours is touched.
    """
    if schema or template:
        return _tell(context, schema)
    if not files:
        raise UsageProblem("no file given", field="FILE", remedy="pumpctl virtual play FILE, or --template")
    from pumpctl.scenario import several, view

    scenarios = several.chosen(files, only)
    with context.out.progress(f"{len(scenarios)} to play", 1) as advance:
        played = several.play_all(scenarios, seed=seed, jobs=jobs or 0, keep=keep, progress=advance)
    context.out.result(view.document(played))
    for one in played:
        context.out.table(view.COLUMNS, view.rows(one), view.title(one), styles=view.STYLES)
        context.out.line()
    context.out.line(view.summary(played))
    return DONE if all(one.met for one in played) else UNMET


def _tell(context: Context, schema: bool) -> int:
    from pumpctl.scenario import schema as schemas

    if schema:
        text = json.dumps(schemas.schema(), indent=2, ensure_ascii=False)
        context.out.result(schemas.schema())
    else:
        text = schemas.template()
        context.out.result({"toml": text})
    context.out.line(text.rstrip("\n"))
    return DONE
