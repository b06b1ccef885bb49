"""Entry point: the table of commands, the global options and the one place where errors end."""

import errno
import os
import sys
from collections.abc import Sequence
from typing import Any

import click
from click.core import ParameterSource

from pumpctl import __version__, errors, paths
from pumpctl.cli import streams
from pumpctl.cli.context import Context
from pumpctl.cli.group import LazyGroup
from pumpctl.cli.output import Output

# name -> (module, attribute, help line); imported when called.
COMMANDS = {
    "ports": ("pumpctl.cli.ports", "ports", "List the pumps within reach, real and virtual."),
    "status": ("pumpctl.cli.status", "status", "Show what the pump is doing."),
    "monitor": ("pumpctl.cli.monitor", "monitor", "Watch a pump on the whole screen, with keys to act."),
    "program": ("pumpctl.cli.program", "program", "Check, send, show and read therapies."),
    "titrate": ("pumpctl.cli.titrate", "titrate", "Build a plan of doses from the screening to a target."),
    "library": ("pumpctl.cli.library", "library", "Show, check, sign and send drug libraries."),
    "bolus": ("pumpctl.cli.delivery", "bolus", "Give a clinician's bolus, or cancel it."),
    "stop": ("pumpctl.cli.delivery", "stop", "Stop delivery at once, for a time if wanted."),
    "resume": ("pumpctl.cli.delivery", "resume", "Start or resume the programmed infusion, now or later."),
    "temporary-rate": ("pumpctl.cli.temporary", "temporary_rate", "Give another basal rate for a time."),
    "plan": ("pumpctl.cli.plan", "plan", "Show, hold, continue or cut back the plan of doses."),
    "minimum-rate": ("pumpctl.cli.delivery", "minimum_rate", "Fall to the minimum rate, or leave it."),
    "prime": ("pumpctl.cli.priming", "prime", "Fill the catheter; counted as priming, never as therapy."),
    "flush": ("pumpctl.cli.priming", "flush", "Rinse the fluid path, off the patient."),
    "drain": ("pumpctl.cli.priming", "drain", "Empty the reservoir, off the patient."),
    "refill": ("pumpctl.cli.refill", "refill", "Guide a refill of the reservoir."),
    "visit": ("pumpctl.cli.visit", "group", "Guide a whole visit: refill, implant, adjust, change of drug."),
    "alarms": ("pumpctl.cli.alarms", "alarms", "List, acknowledge and silence alarms."),
    "clock": ("pumpctl.cli.clock", "clock", "Show or set the pump's clock."),
    "selftest": ("pumpctl.cli.status", "selftest", "Run the pump's self-test."),
    "keys": ("pumpctl.cli.session", "keys", "Give a pump its keys, see and forget those kept here."),
    "log": ("pumpctl.cli.log", "log", "Pull, show, export, verify and replay the pump's log."),
    "report": ("pumpctl.cli.report", "report", "Write a report from a pulled log, as HTML or PDF."),
    "fleet": ("pumpctl.cli.fleet", "fleet", "Do the same on every attached pump, side by side."),
    "doctor": ("pumpctl.cli.doctor", "doctor", "Check this machine and its pumps, and say how to mend what is wrong."),
    "calibrate": ("pumpctl.cli.calibrate", "calibrate", "Calibrate the volume of a microstep by weighing."),
    "accuracy": ("pumpctl.cli.accuracy", "accuracy", "Draw start-up and trumpet curve, measure the flow's error."),
    "config": ("pumpctl.cli.config", "config", "Show and check the config file, print one to begin with."),
    "completion": ("pumpctl.cli.completion", "completion", "Print or install the completion for bash, zsh or fish."),
    "flash": ("pumpctl.cli.flash", "flash", "Put the firmware on a Raspberry Pi Pico."),
    "virtual": ("pumpctl.cli.virtual", "virtual", "Start, advance, break and stop virtual pumps."),
    "demo": ("pumpctl.cli.demo", "demo", "Play a month of therapy on a virtual pump."),
}
EPILOG = """\b
Every option is also an environment variable: --port is PUMPCTL_PORT, and
`status --interval` is PUMPCTL_STATUS_INTERVAL.
Exit codes: 0 done; 1 internal error; 2 usage or invalid file; 3 refused by
the pump; 4 no pump or link lost; 5 data failed verification;
6 a scenario not as expected, or a problem found by doctor or
`selftest --bring-up`.
Completion: eval "$(pumpctl completion bash)", likewise zsh, fish.
A bench prototype: never connect it to a person."""


def _version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        out = ctx.ensure_object(Output)
        out.result({"version": __version__})
        out.line(f"pumpctl {__version__}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    epilog=EPILOG,
    context_settings={"auto_envvar_prefix": "PUMPCTL", "help_option_names": ["-h", "--help"]},
)
@click.option("-p", "--port", metavar="PORT", help="Device, pseudo-terminal, socket://HOST:PORT or virtual pump.")
@click.option("--json", "as_json", is_flag=True, envvar="PUMPCTL_JSON", help="Print one JSON document on stdout.")
@click.option("--yes", is_flag=True, help="Answer every question yes, for scripts.")
@click.option("--operator", default="", metavar="NAME", help="Who acts, for the pump's log.  [default: user's name]")
@click.option("-V", "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version,
              help="Show the version and exit.")  # fmt: skip
@click.pass_context
def cli(ctx: click.Context, port: str | None, as_json: bool, yes: bool, operator: str) -> None:
    """Program, watch and read the bench infusion pump, real or virtual."""
    out = ctx.ensure_object(Output)
    out.json = out.json or as_json
    ctx.obj = Context(port=port, json=out.json, yes=yes, operator=operator, out=out)


# Later versions of click; earlier ones print the help themselves.
_NO_COMMAND: Any = getattr(click.exceptions, "NoArgsIsHelpError", ())


def run(args: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; every error ends here."""
    told = list(sys.argv[1:] if args is None else args)
    out = Output(wants_json(told))
    try:
        code = cli.main(args=told, prog_name="pumpctl", standalone_mode=False, obj=out)
        if not _asks_for_help(told):
            out.close()
        return code if isinstance(code, int) else errors.DONE
    except _NO_COMMAND as error:
        return _shown_help(out, error)
    except (click.exceptions.Abort, KeyboardInterrupt):
        out.error(_Interrupted("interrupted"))
        return errors.INTERRUPTED
    except Exception as error:
        if os.environ.get("PUMPCTL_DEBUG") == "1":
            import traceback

            traceback.print_exc()
        shown = as_shown(error)
        out.error(shown)
        return shown.exit_code


def _shown_help(out: Output, error: click.UsageError) -> int:
    """The help of a group that was called without a command: no result, and what a person needs all the same."""
    if out.json:
        told = errors.UsageProblem("Missing command.", remedy=f"see `{_path(error)} --help`")
        out.error(told)
    else:
        out.note(error.format_message())
    return errors.USAGE


def _path(error: click.UsageError) -> str:
    return error.ctx.command_path if error.ctx else "pumpctl"


class _Interrupted(errors.UsageProblem):
    exit_code = errors.INTERRUPTED
    kind = "interrupted"


def wants_json(args: Sequence[str]) -> bool:
    """Whether errors must be JSON, known before the arguments are parsed and even if they cannot be."""
    told = os.environ.get("PUMPCTL_JSON", "").lower()
    return "--json" in _options(args) or told in ("1", "true", "yes", "on", "t", "y")


def _asks_for_help(args: Sequence[str]) -> bool:
    """Whether help was printed, which is text in any case."""
    return not {"-h", "--help"}.isdisjoint(_options(args))


def _options(args: Sequence[str]) -> Sequence[str]:
    return args[: args.index("--")] if "--" in args else args


def as_shown(error: Exception) -> errors.PumpctlError:
    """Any exception as an error for people; the details of an unexpected one go to a file."""
    if isinstance(error, errors.PumpctlError):
        return error
    if isinstance(error, click.UsageError):
        told, where = error.format_message() + _origin(error), f"see `{_path(error)} --help`"
        return errors.UsageProblem(told, remedy=where, field=_field(error))
    if isinstance(error, click.ClickException):
        return errors.UsageProblem(error.format_message())
    if isinstance(error, OSError) and error.filename is not None:
        return errors.UsageProblem(f"{error.filename}: {error.strerror}", value=str(error.filename))
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EIO):
        return errors.UsageProblem(f"the output cannot be written: {error.strerror}", remedy=_ROOM)
    return errors.Internal(f"internal error: {type(error).__name__}: {error}", remedy=f"details: {_keep(error)}")


def _origin(error: click.UsageError) -> str:
    """Where a wrong value is from, if it was not typed."""
    param, ctx = getattr(error, "param", None), error.ctx
    if param is None or ctx is None or ctx.get_parameter_source(param.name) != ParameterSource.ENVIRONMENT:
        return ""
    return f" (from {param.envvar or f'{ctx.auto_envvar_prefix}_{param.name.upper()}'})"


def _field(error: click.UsageError) -> str:
    """The option or argument that an error is about, for scripts."""
    param = getattr(error, "param", None)
    return "" if param is None else str(max(param.opts, key=len) if param.param_type_name == "option" else param.name)


_ROOM = "the command itself may have been carried out: see `pumpctl status`; make room where the output goes"


def _keep(error: Exception) -> str:
    import traceback

    details = paths.state_dir() / "last-error.txt"
    try:
        details.parent.mkdir(parents=True, exist_ok=True)
        details.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    except OSError:
        return "run again with PUMPCTL_DEBUG=1"
    return f"{details}, or run again with PUMPCTL_DEBUG=1"


def main() -> None:
    """Entry point of the `pumpctl` command."""
    streams.prepare()
    code = run()
    failed = streams.finish()
    if failed and code == errors.DONE:
        Output().note(f"pumpctl: the output cannot be written: {failed}")
        code = errors.USAGE
    sys.exit(code)


if __name__ == "__main__":
    main()
