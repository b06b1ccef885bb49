"""`pumpctl doctor`: checks this machine and its pumps, and says how to mend what is wrong."""

import click

from pumpctl import doctor as checks
from pumpctl import doctor_view, port_access
from pumpctl.cli import typed
from pumpctl.cli.bars import bars
from pumpctl.cli.context import Context, pass_context
from pumpctl.errors import DONE, UNMET, PumpctlError

_STYLES = {checks.OK: "green", checks.WARNING: "yellow", checks.PROBLEM: "bold red", checks.SKIPPED: "dim"}


@click.command()
@click.option("--udev-rule", is_flag=True, help="Print the udev rule that gives access to boards, and nothing else.")
@click.option("--all", "every", is_flag=True, help="Show what was skipped, too.")
@pass_context
def doctor(context: Context, udev_rule: bool, every: bool) -> int:
    """Check this machine and every attached pump, and say how to mend what is wrong.

    Nothing is changed: no port is opened that another program holds, and a pump is asked only for its status and its
    drug library, so that therapy goes on. With --port one pump is looked at, else all of them.

    \b
    Exit code: 0 if nothing is a problem, though there may be warnings; 6 if
    something is.
    """
    if udev_rule:
        _rule(context)
        return DONE
    scene = _scene(context)
    checks.run(scene)
    told = doctor_view.document(scene)
    context.out.result(told)
    context.out.table(doctor_view.COLUMNS, doctor_view.rows(scene, every), styles=_STYLES)
    for line in (*doctor_view.mends(scene), "", doctor_view.summary(scene)):
        context.out.line(line)
    return DONE if told["sound"] else UNMET


def _scene(context: Context) -> checks.Scene:
    from pumpctl import config, doctor_looks, ports

    scene = checks.Scene()
    try:
        config.load()
    except PumpctlError as error:
        scene.bad_config = error
        config.leave_out(True)
    try:
        named = typed.port(context)
        scene.ports = [] if named else ports.find()
        default = ports.resolve(named) if ports.wanted(named) else None
        if default is not None and default.spec not in [port.spec for port in scene.ports]:
            scene.ports = [*scene.ports, default]
    except PumpctlError as error:
        scene.unknown_port = error
    with bars(context.out, "looking at", [port.name for port in scene.ports]) as watch:
        scene.looks = doctor_looks.look(scene.ports, watch)
    return scene


def _rule(context: Context) -> None:
    context.out.result({"rule": port_access.RULE, "file": port_access.RULE_FILE, "install": port_access.INSTALL})
    context.out.line(port_access.RULE.rstrip())
    context.out.note(f"It belongs into {port_access.RULE_FILE}; this puts it there:\n  {port_access.INSTALL}")
