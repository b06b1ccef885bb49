"""Where the weights of a calibration come from: a list, standard input, a person, or a virtual scale."""

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pumpctl import accuracy_scale
from pumpctl.calibration import RUNS_MAX, RUNS_MIN
from pumpctl.cli.context import Context
from pumpctl.cli.params import QuantityType
from pumpctl.errors import UsageProblem
from pumpctl.quantity import QuantityError

if TYPE_CHECKING:
    from pumpctl.calibration_run import Passing, Scale
    from pumpctl.virtual import VirtualPump

MASS = QuantityType(accuracy_scale.MASS_KIND)
RUNS = 5
_STDIN = "-"
_REMEDY = "--weights 996.1mg,997.2mg"


@dataclass(frozen=True)
class Source:
    """What the options say about weights: a `listing` of them or `-`, or the name of a virtual pump."""

    runs: int | None
    listing: str | None
    virtual: str | None

    @property
    def given_ng(self) -> list[int]:
        """The weights listed; UsageProblem for one that cannot be read."""
        if self.listing is None or self.listing == _STDIN:
            return []
        return [_parse(part) for part in self.listing.split(",")]

    def count(self, interactive: bool) -> int:
        """How many runs; UsageProblem, before anything moves, where a weight could not be had."""
        if self.listing is not None and self.virtual is not None:
            raise UsageProblem("--weights and --virtual-scale exclude each other", field="--weights")
        given = self.given_ng
        if given:
            self._check_number(len(given))
            return len(given)
        if self.listing is None and self.virtual is None and not interactive:
            raise UsageProblem(
                "there is no terminal to ask for weights at; nothing was dispensed",
                field="--weights",
                remedy=f"give {_REMEDY}, --weights - and one weight a line, or --virtual-scale NAME",
            )
        return self.runs or RUNS

    def _check_number(self, given: int) -> None:
        low, high = self.runs or RUNS_MIN, self.runs or RUNS_MAX
        if low <= given <= high:
            return
        allowed = str(low) if low == high else f"{low} to {high}"
        raise UsageProblem(
            f"--weights names {given} weights, allowed {allowed}",
            field="--weights", value=given, low=low, high=high, remedy=f"one for each run: {_REMEDY}",
        )  # fmt: skip

    def scale(self, context: Context, runs: int, density_ug_per_ml: int) -> "tuple[Scale, Passing]":
        """Who weighs, and how time passes meanwhile."""
        from pumpctl.calibration_run import wait

        if self.virtual is not None:
            from pumpctl.calibration_virtual import VirtualScale

            virtual = VirtualScale(self._bench(context), density_ug_per_ml)
            return virtual, virtual.wait
        if self.listing is None:
            return Asked(context, runs), wait
        return Listed(context, runs, self.given_ng), wait

    def _bench(self, context: Context) -> "VirtualPump":
        from pumpctl.cli.virtual_name import named

        bench = named(context, self.virtual)
        context.port = context.port or bench.name
        if context.port not in (bench.name, str(bench.port)):
            raise UsageProblem(
                f"--port is {context.port}, the scale stands under '{bench.name}'",
                field="--virtual-scale", value=self.virtual, remedy=f"leave --port out, or give --port {bench.name}",
            )  # fmt: skip
        return bench


class Asked:
    """A balance read by the person at the terminal."""

    def __init__(self, context: Context, runs: int) -> None:
        self._context = context
        self._runs = runs

    def tare(self, number: int) -> None:
        """Wait for the vessel."""
        self._context.confirm(f"Run {number} of {self._runs}: is the tared vessel under the outlet?")

    def weigh(self, number: int) -> int:
        """Ask for the net weight, in ng."""
        mass: int = self._context.ask(f"Net weight of run {number}", MASS, "--weights")
        return mass


class Listed:
    """Weights known before, or written to standard input one a line as the runs end."""

    def __init__(self, context: Context, runs: int, given_ng: list[int]) -> None:
        self._context = context
        self._runs = runs
        self._given_ng = given_ng

    def tare(self, number: int) -> None:
        """Whoever wrote the script sees to the vessel."""

    def weigh(self, number: int) -> int:
        """The weight of this run, in ng."""
        if self._given_ng:
            return self._given_ng[number - 1]
        self._context.out.note(f"run {number} of {self._runs}: waiting for its net weight")
        line = sys.stdin.readline()
        if not line:
            raise UsageProblem(f"no weight for run {number}: standard input has ended", field="--weights")
        return _parse(line)


def _parse(text: str) -> int:
    try:
        return accuracy_scale.MASS_KIND.parse(text.strip())
    except QuantityError as error:
        raise UsageProblem(f"--weights: {error.message}", field="--weights", value=text, remedy=error.remedy) from None
