"""`pumpctl fleet`: the same on every attached pump, side by side; one that fails never stops the others."""

import glob
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from pumpctl import fleet as members
from pumpctl import fleet_tasks, fleet_view, library_view, ports, status_view
from pumpctl import library as files
from pumpctl.cli import confirming, typed
from pumpctl.cli.bars import bars
from pumpctl.cli.context import Context, pass_context
from pumpctl.cli.group import SuggestingGroup
from pumpctl.fleet_crew import JOBS_MAX, Crew, Seat, Task
from pumpctl.quantity import format_duration

EXIT_CODES = """\b
Exit code: 0 if it was done on every pump, else the code that the first pump
that failed, in the order of the table, has by itself; 130 after Ctrl-C."""


@click.group(cls=SuggestingGroup, epilog=EXIT_CODES)
def fleet() -> None:
    """Do the same on every attached pump, side by side.

    A pump that fails is told with its own error and never stops the others. Without a choice all pumps are meant:
    every Raspberry Pi board and every running virtual pump. --only and --except choose by name or serial number;
    a port set by PUMPCTL_PORT is no choice.
    """


def _choice(command: Callable[..., Any]) -> Callable[..., Any]:
    told: dict[str, Any] = {"metavar": "PATTERN", "multiple": True}
    for option in (
        click.option("--jobs", type=click.IntRange(1, 64), default=JOBS_MAX, show_default=True,
                     help="How many at once."),
        click.option("--also", metavar="PORT", multiple=True, help="Another port, or a pump of the config file."),
        click.option("--except", "excluded", help="Leave these out.", **told),
        click.option("--only", help="Name or serial number; * and ? stand for others.", **told),
    ):  # fmt: skip
        command = option(command)
    return command


@contextmanager
def _crew(
    context: Context, only: Sequence[str], excluded: Sequence[str], also: Sequence[str], jobs: int
) -> Iterator[Crew]:
    """The pumps that are meant; --port names a single one, but for a default in environment or config file."""
    named = typed.port(context)
    if named:
        port = ports.resolve(named)
        only, also = [*only, glob.escape(port.spec)], [*also, port.spec]
    chosen = members.members(only, excluded, also)
    with Crew(chosen, context.who, jobs) as crew:
        yield crew


def _each(context: Context, crew: Crew, task: Task, title: str, seats: Sequence[Seat] | None = None) -> None:
    meant = [seat.name for seat in (crew.seats if seats is None else seats)]
    with bars(context.out, title, meant) as watch:
        crew.each(task, watch, seats)
    for seat in crew.seats:
        while seat.settled:
            context.out.note(f"{seat.name}: {seat.settled.pop(0)}")


def _told(context: Context, crew: Crew, columns: Sequence[str], row: Callable[[Seat], Sequence[str]]) -> int:
    """Show what came of it on each pump; the exit code."""
    skipped = members.skipped()
    context.out.result(fleet_view.document(crew, skipped))
    context.out.table(columns, fleet_view.rows(crew, row, len(columns)))
    for one in skipped:
        context.out.note(f"skipped {one.port}: {one.why}")
    for line in fleet_view.failures(crew):
        context.out.note(line)
    return crew.exit_code


@fleet.command(epilog=EXIT_CODES, short_help="Show what every pump is doing, a line each.")
@_choice
@pass_context
def status(context: Context, **choice: Any) -> int:
    """Show what every pump is doing, a line each."""
    with _crew(context, **choice) as crew:
        _each(context, crew, fleet_tasks.status, "asking")
        shown = fleet_view.rows(crew, fleet_view.status, len(fleet_view.STATUS_COLUMNS))
        for seat in crew.able:
            seat.result = status_view.document(seat.result["reply"], seat.result["hello"])
        cells = {row[0]: row[1:] for row in shown}
        return _told(context, crew, fleet_view.STATUS_COLUMNS, lambda seat: cells[seat.name])


@fleet.command(epilog=EXIT_CODES, short_help="Bring what is new in every log into the archive.")
@_choice
@pass_context
def pull(context: Context, **choice: Any) -> int:
    """Bring what is new in every pump's log into the archive, verified record by record."""
    with _crew(context, **choice) as crew:
        _each(context, crew, fleet_tasks.pull, "pulling the log of")
        for seat in crew.able:
            for gap in seat.result["gaps"]:
                context.out.note(f"{seat.name}: records {gap['first_seq']} to {gap['last_seq']}: {gap['why']}")
        columns = ("PUMP", "SERIAL", "NEW RECORDS", "ARCHIVED UP TO")
        return _told(
            context, crew, columns, lambda seat: (seat.serial, str(seat.result["new"]), str(seat.result["last_seq"]))
        )


@fleet.command(epilog=EXIT_CODES, short_help="Verify what is archived of every pump's log.")
@_choice
@pass_context
def verify(context: Context, **choice: Any) -> int:
    """Verify what is archived of every attached pump's log: checksums, numbers and chain."""
    with _crew(context, **choice) as crew:
        _each(context, crew, fleet_tasks.verify, "verifying the log of")
        columns = ("PUMP", "SERIAL", "RECORDS", "VERDICT")
        return _told(context, crew, columns, lambda seat: (seat.serial, str(seat.result["records"]), "sound"))


@fleet.command(epilog=EXIT_CODES, short_help="Run the self-test of every pump.")
@_choice
@pass_context
def selftest(context: Context, **choice: Any) -> int:
    """Run the self-test of every pump; one that delivers refuses it and goes on delivering."""
    with _crew(context, **choice) as crew:
        _each(context, crew, fleet_tasks.self_test, "testing")
        return _told(context, crew, ("PUMP", "SERIAL", "SELF-TEST"), lambda seat: (seat.serial, "passed"))


@fleet.command(epilog=EXIT_CODES, short_help="Show every pump's clock, or set those that are off.")
@click.option("--set", "setting", is_flag=True, help="Set those that are off to this machine's time and zone.")
@_choice
@pass_context
def clock(context: Context, setting: bool, **choice: Any) -> int:
    """Show every pump's clock beside this machine's, or set those that are off by a second or more."""
    columns = ("PUMP", "TIME", "THE PUMP IS", "FROM UTC")
    with _crew(context, **choice) as crew:
        _each(context, crew, fleet_tasks.clock, "asking")
        off = [seat for seat in crew.able if seat.result["off"]]
        if not setting:
            return _told(context, crew, columns, fleet_view.clock)
        context.out.table(columns, fleet_view.rows(crew, fleet_view.clock, len(columns)), needed=True)
        if off and not crew.interrupted:
            context.confirm(f"Set the clock of {_pumps(off)} to this machine's time? No dose is touched.")
        _each(context, crew, fleet_tasks.set_clock, "setting the clock of", off)
        for seat in crew.able:
            seat.result.setdefault("set", False)
        return _told(context, crew, ("PUMP", "TIME", "CLOCK"), _clock_set)


def _clock_set(seat: Seat) -> tuple[str, str]:
    told = seat.result
    moved = f"moved by {format_duration(told['moved_ms'])}" if told["set"] else "left as it is"
    return (told["time"] or fleet_view.NOTHING)[:16].replace("T", " "), moved


@fleet.command(epilog=EXIT_CODES, short_help="Send a signed drug library to every pump.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_choice
@pass_context
def library(context: Context, file: Path, **choice: Any) -> int:
    """Send the signed drug library FILE to every pump that holds another one.

    What it replaces is shown for each pump and confirmed once. Each pump judges for itself: it takes a newer version
    only, signed with the key that it trusts, and only if its therapy stays within the new limits.
    """
    new, stored = files.load_signed(file)
    columns = ("PUMP", "NOW", "NEW")
    with _crew(context, **choice) as crew:
        _each(context, crew, fleet_tasks.present_library, "reading the library of")
        kinds = fleet_tasks.to_send(crew, new)
        named = {name for _, names in kinds for name in names}
        plan = {seat.name: _planned(seat, new, named) for seat in crew.able}
        context.out.table(columns, fleet_view.rows(crew, lambda seat: plan[seat.name], len(columns)), needed=True)
        for old, names in kinds:
            title = f"What changes on {', '.join(names)}"
            confirming.show(context, library_view.changes(old, new), title)
        meant = [seat for seat in crew.able if seat.name in named]
        if meant and not crew.interrupted:
            context.confirm(f"Put {library_view.title(new)} into force on {_pumps(meant)}?")
        for seat in crew.able:
            seat.result = {"sent": False, "verified": True, "version": new["version"]}
        _each(context, crew, fleet_tasks.send_library(stored), "sending to", meant)
        return _told(context, crew, ("PUMP", "SERIAL", "LIBRARY"), lambda seat: _sent(seat, new))


def _planned(seat: Seat, new: dict[str, Any], named: set[str]) -> tuple[str, str]:
    now = fleet_view.version(seat.result["now"])
    return now, fleet_view.version(new) if seat.name in named else "no change"


def _sent(seat: Seat, new: dict[str, Any]) -> tuple[str, str]:
    how = "in force and read back" if seat.result["sent"] else "in force already"
    return seat.serial, f"version {new['version']} {how}"


def _pumps(seats: Sequence[Seat]) -> str:
    return f"{len(seats)} pump{'' if len(seats) == 1 else 's'}"
