"""`pumpctl demo`: a month of therapy on a virtual pump in under a minute."""

from pathlib import Path

import click

from pumpctl import paths
from pumpctl.cli.context import Context, pass_context


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the report goes.  [default: reports/demo.html among the tool's data]",
)
@pass_context
def demo(context: Context, output: Path | None) -> None:
    """Play a month of therapy on a virtual pump and write its report.

    Programs a baclofen therapy, meets the low-reservoir alarm, refills, gives a clinician's
    bolus, is stopped by a stalled motor and recovers, pulls and verifies the log. Touches no
    other pump and no archive of yours.
    """
    from pumpctl import demo as play
    from pumpctl.report_text import plain

    out = context.out

    def table(rows: list[tuple[str, str, str, str]]) -> None:
        out.table(("SETTING", "NOW", "NEW", "CHANGE"), rows)

    stage = play.Stage(lambda text: out.line(plain(text)), table, out.progress)
    report = output or paths.data_dir() / "reports" / "demo.html"
    out.result(play.play(stage, report.resolve()))
