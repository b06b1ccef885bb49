"""`pumpctl flash`: the firmware onto a Raspberry Pi Pico."""

from collections.abc import Sequence

import click

from pumpctl import firmware_files, flash_plan
from pumpctl import flash as flashing
from pumpctl.cli.context import Context, pass_context
from pumpctl.flash_board import Needs
from pumpctl.flash_plan import Plan
from pumpctl.ports import Port


@click.command()
@click.option("--dry-run", is_flag=True, help="Compile and list the files; no board is needed.")
@click.option("--mpy-cross", metavar="PATH", help="Another compiler than the one installed.")
@pass_context
def flash(context: Context, dry_run: bool, mpy_cross: str | None) -> None:
    """Put the firmware on a Raspberry Pi Pico.

    Compiles it, copies it beside the application that is there, compares hashes, and only then
    switches over and restarts. Cut off at any moment, the board still starts a whole application.
    """
    spec = "" if dry_run else _port(context)
    plan = _compiled(context, mpy_cross)
    if dry_run:
        context.out.result({**plan.document(), "installed": False})
        files = [*((file.path, file) for file in plan.files), (f"{plan.launcher.path} (launcher)", plan.launcher)]
        rows = [(name, str(len(file.data)), file.sha256[:16]) for name, file in files]
        context.out.table(("FILE", "BYTES", "SHA-256"), rows)
        context.out.line(f"{len(files)} files, {plan.size} bytes; nothing was installed")
        return
    with flashing.prompt_of(spec, context.who, context.confirm) as board:
        with context.out.progress(f"Copying to {spec}", plan.size) as advance:
            facts = flashing.install(board, plan, Needs(), advance)
        board.restart()
    context.out.note("Installed and verified; waiting for the pump to start")
    pump = flashing.await_pump(spec)
    context.out.result({**plan.document(), "installed": True, "port": spec, "board": facts.document(), "pump": pump})
    context.out.line(f"Firmware {pump['firmware']} runs on {spec}, pump {pump['serial']}: {plan.size} bytes verified")


def _port(context: Context) -> str:
    def choose(found: Sequence[Port]) -> Port:
        for at, port in enumerate(found, 1):
            context.out.note(f"  {at}  {port.name}  {port.description}")
        return found[context.ask("Several boards are present; which one", click.IntRange(1, len(found)), "--port") - 1]

    return flashing.board_port(context.port, choose if context.interactive else None)


def _compiled(context: Context, mpy_cross: str | None) -> Plan:
    sources = firmware_files.application()
    with context.out.progress("Compiling", len(sources)) as advance:
        return flash_plan.make_plan(flash_plan.compiler(mpy_cross), sources, advance)
