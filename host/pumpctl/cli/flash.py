"""`pumpctl flash`: MicroPython and the firmware onto a Raspberry Pi Pico, and back to the firmware before."""

from collections.abc import Sequence
from pathlib import Path

import click

from pumpctl import firmware_files, flash_back, flash_export, flash_plan, flash_target
from pumpctl import flash as flashing
from pumpctl.cli.context import Context, pass_context
from pumpctl.cli.params import DURATION
from pumpctl.errors import LinkError, UsageProblem
from pumpctl.flash_board import Facts, Needs
from pumpctl.flash_plan import Plan
from pumpctl.flash_target import Target
from pumpctl.ports import Choose, Port

_FILE = click.Path(path_type=Path)


@click.command()
@click.option("--dry-run", is_flag=True, help="Compile and list the files; no board is needed.")
@click.option("--uf2", metavar="PATH", type=_FILE, help="Image for a bare board; else MicroPython's own is fetched.")
@click.option("--drive", metavar="PATH", type=_FILE, help="Drive of a board plugged in with BOOTSEL held.")
@click.option("--roll-back", is_flag=True, help="Go back to the firmware before this one.")
@click.option("--export", metavar="FOLDER", type=_FILE, help="Write a folder that `mpremote mip` installs instead.")
@click.option("--mpy-cross", metavar="PATH", help="Another compiler than the one installed.")
@click.option("--wait", "wait_ms", type=DURATION, default="30s", show_default=True, help="For the restarted pump.")
@pass_context
def flash(
    context: Context, dry_run: bool, uf2: Path | None, drive: Path | None, roll_back: bool, export: Path | None,
    mpy_cross: str | None, wait_ms: int,
) -> None:  # fmt: skip
    """Put the firmware on a Raspberry Pi Pico, new or in use.

    A bare board, plugged in with BOOTSEL held, is given MicroPython first. The firmware is compiled,
    copied beside the one that is there, compared by hash, loaded once for trial, and only then
    switched over and restarted. Cut off at any moment, the board still starts a whole application.
    A pump that runs is asked to leave, and refuses while it delivers.

    The firmware before stays on the board: --roll-back goes back to it, if it can read what the pump
    has stored. If the new one does not start, going back is offered.
    """
    if roll_back:
        if dry_run or uf2 or drive or export or mpy_cross:
            raise UsageProblem("--roll-back stands alone", field="--roll-back", remedy="leave out the other options")
        return _roll_back(context, wait_ms)
    if dry_run:
        return _dry_run(context, _compiled(context, mpy_cross))
    if export is not None:
        return _export(context, _compiled(context, mpy_cross), export)
    target = flash_target.find(context.port, drive, uf2 is not None, _choose(context))
    plan = _compiled(context, mpy_cross)
    if target.drive is not None:
        target = _bare(context, target, uf2)
    _install(context, target.spec, plan, wait_ms / 1000)
    return None


def _dry_run(context: Context, plan: Plan) -> None:
    context.out.result({**plan.document(), "installed": False})
    files = [*((file.path, file) for file in plan.files), (f"{plan.launcher.path} (launcher)", plan.launcher)]
    rows = [(name, str(len(file.data)), file.sha256[:16]) for name, file in files]
    context.out.table(("FILE", "BYTES", "SHA-256"), rows)
    context.out.line(plan.budget.sentence())
    context.out.line(f"{len(files)} files, {plan.size} bytes; nothing was installed")


def _export(context: Context, plan: Plan, folder: Path) -> None:
    listed = flash_export.export(plan, folder)
    context.out.result({**plan.document(), "installed": False, "package": str(listed)})
    context.out.line(f"{listed}: {plan.size} bytes; at the board: mpremote mip install --target / {listed}")


def _bare(context: Context, target: Target, named: Path | None) -> Target:
    assert target.drive is not None
    with context.out.progress("Fetching MicroPython", 1.0) as advance:
        image = flash_target.image_for(named, advance)
    if not image.official:
        text = f"warning: {image.path} is not the published MicroPython; SHA-256 {image.sha256}"
        context.out.note(text)
    context.confirm(f"Write {image.name} to the board at {target.drive.path}, then {flashing.INSTALL}?")
    with context.out.progress(f"Writing to {target.drive.path}", len(image.data)) as advance:
        target = flash_target.write_image(target, image, advance)
    context.out.note(f"{image.name} runs on {target.spec}")
    return target


def _install(context: Context, spec: str, plan: Plan, within_s: float) -> None:
    with flashing.prompt_of(spec, context.who, context.confirm) as board:
        with context.out.progress(f"Copying to {spec}", plan.size) as advance:
            facts = flashing.install(board, plan, Needs(), advance)
        board.restart()
    if not facts.frozen:
        context.out.note("Installed and verified; waiting for the pump to start")
    try:
        pump = flashing.await_pump(spec, within_s)
    except LinkError as silent:
        if facts.frozen:
            raise
        raise flash_back.instead(spec, silent, context.confirm, context.out.note, within_s) from silent
    _tell(context, spec, plan, facts, pump)


def _tell(context: Context, spec: str, plan: Plan, facts: Facts, pump: dict[str, str]) -> None:
    installed = not facts.frozen
    told = {"installed": installed, "port": spec, "board": facts.document(), "pump": pump}
    context.out.result({**plan.document(), **told})
    runs = f"Firmware {pump['firmware']} runs on {spec}, pump {pump['serial']}"
    done = f"{plan.size} bytes verified" if installed else "it is part of the board's image, and nothing was installed"
    context.out.line(f"{runs}: {done}")


def _roll_back(context: Context, wait_ms: int) -> None:
    spec = flash_target.in_use(context.port, _choose(context))
    pump = flash_back.roll_back(spec, context.who, context.confirm, wait_ms / 1000)
    context.out.result({"rolled_back": True, "port": spec, "pump": pump})
    context.out.line(f"Firmware {pump['firmware']} runs again on {spec}")


def _choose(context: Context) -> Choose | None:
    def choose(found: Sequence[Port]) -> Port:
        for at, port in enumerate(found, 1):
            context.out.note(f"  {at}  {port.name}  {port.description}")
        return found[context.ask("Several boards are present; which one", click.IntRange(1, len(found)), "--port") - 1]

    return choose if context.interactive else None


def _compiled(context: Context, mpy_cross: str | None) -> Plan:
    sources = firmware_files.application()
    with context.out.progress("Compiling", len(sources)) as advance:
        return flash_plan.make_plan(flash_plan.compiler(mpy_cross), sources, advance)
