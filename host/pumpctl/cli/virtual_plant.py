"""`pumpctl virtual` on the mechanics: faults, quantities, buttons, power, the technician's hands."""

import json
from typing import Any

import click

from pumpctl.cli.context import Context, pass_context
from pumpctl.cli.params import DURATION, VOLUME
from pumpctl.cli.virtual_name import name_option, named
from pumpctl.errors import UsageProblem
from pumpctl.fault_names import FAULTS
from pumpctl.nearest import hint
from pumpctl.quantity import format_duration, format_volume


def _value(text: str) -> Any:
    """A number, true or false, or else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _state(value: Any) -> str:
    if value is True or value is False:
        return "on" if value else "off"
    return f"on, {_shown(value)}"


_FAULTS_EPILOG = "\b\nFaults:\n" + "\n".join(f"  {name:<22} {told}" for name, told in FAULTS.items())


@click.command(epilog=_FAULTS_EPILOG, short_help="Switch a fault on or off, or list them.")
@click.argument("fault_name", metavar="[FAULT]", required=False)
@click.argument("switch", metavar="[on|off]", type=click.Choice(["on", "off"]), default="on")
@click.option("--value", metavar="V", help="Size of the fault, for those that have one.")
@name_option()
@pass_context
def fault(context: Context, fault_name: str | None, switch: str, value: str | None, name: str | None) -> None:
    """Switch FAULT on or off; without it list all there are, and which are on."""
    if fault_name is not None and fault_name not in FAULTS:
        raise UsageProblem(f"there is no fault '{fault_name}'{hint(fault_name, FAULTS)}", field="FAULT",
                           value=fault_name, remedy="`pumpctl virtual fault` lists them")  # fmt: skip
    pump = named(context, name)
    if fault_name is None:
        faults = pump.faults()
        context.out.result({"name": pump.name, "faults": faults})
        rows = [[one, _state(faults[one]), FAULTS.get(one, "")] for one in sorted(faults)]
        context.out.table(("FAULT", "NOW", "WHAT"), rows)
        return
    on = switch == "on"
    answer = pump.fault(fault_name, on, None if value is None else _value(value))
    context.out.result({"name": pump.name, "fault": fault_name, "on": on, **answer})
    context.out.line(f"{pump.name}: {fault_name} {switch}")


@click.command("set")
@click.argument("quantity", metavar="NAME")
@click.argument("value", metavar="VALUE")
@name_option()
@pass_context
def set_(context: Context, quantity: str, value: str, name: str | None) -> None:
    """Set a quantity of the plant.

    NAME is battery-mv, temperature-mc (thousandths of a degree C), wall-ms (UTC, since 1970), crystal-ppm,
    encoder-noise, encoder-eccentricity or temperature-drift (errors of the position sensor, in counts of 4096 a
    turn), compliance-pl-per-pa or inlet-compliance-pl-per-pa (of the line), outlet-pa or inlet-pa (pressure, which
    only a blocked line keeps); VALUE is a whole number.
    """
    pump = named(context, name)
    answer = pump.set(quantity, _value(value))
    context.out.result({"name": pump.name, "quantity": quantity, "value": _value(value), **answer})
    context.out.line(f"{pump.name}: {quantity} = {value}")


def _get(context: Context, name: str | None) -> None:
    pump = named(context, name)
    truth = pump.get()
    context.out.result({"name": pump.name, **truth})
    context.out.pairs([(key, _shown(value)) for key, value in truth.items()])


@click.command()
@name_option()
@pass_context
def get(context: Context, name: str | None) -> None:
    """Show what the mechanics really did."""
    _get(context, name)


@click.command(hidden=True)
@name_option()
@pass_context
def show(context: Context, name: str | None) -> None:
    """The same as `get`."""
    _get(context, name)


@click.command()
@click.argument("button", type=click.Choice(["patient", "stop"]))
@click.option(
    "--for", "duration", metavar="DURATION", type=DURATION, default="200ms", show_default=True, help="How long."
)
@name_option()
@pass_context
def press(context: Context, button: str, duration: int, name: str | None) -> None:
    """Press the patient's button or the stop button."""
    pump = named(context, name)
    answer = pump.press(button, duration)
    context.out.result({"name": pump.name, "button": button, "ms": duration, **answer})
    context.out.line(f"{pump.name}: {button} button pressed")


@click.command("power-cut")
@click.option("--off", metavar="DURATION", type=DURATION, default="0s", help="Virtual time without power.")
@name_option()
@pass_context
def power_cut(context: Context, off: int, name: str | None) -> None:
    """Cut the power at this instant.

    Returns when the power is back and the firmware up again.
    """
    pump = named(context, name)
    truth = pump.power_cut(off)
    context.out.result({"name": pump.name, "off_ms": off, "now_ms": truth["now_ms"]})
    context.out.line(f"{pump.name}: power was off for {format_duration(off)}, the firmware is up again")


@click.command()
@click.argument("volume", type=VOLUME)
@name_option()
@pass_context
def fill(context: Context, volume: int, name: str | None) -> None:
    """Fill the reservoir by hand.

    It holds VOLUME afterwards, such as 20ml.
    """
    pump = named(context, name)
    answer = pump.fill(volume)
    context.out.result({"name": pump.name, "volume_nl": volume, **answer})
    context.out.line(f"{pump.name}: the reservoir holds {format_volume(volume)}")


@click.command()
@name_option()
@pass_context
def drain(context: Context, name: str | None) -> None:
    """Empty the reservoir by hand."""
    pump = named(context, name)
    answer = pump.drain()
    context.out.result({"name": pump.name, **answer})
    context.out.line(f"{pump.name}: the reservoir is empty")


PLANT_COMMANDS = (fault, set_, get, show, press, power_cut, fill, drain)
