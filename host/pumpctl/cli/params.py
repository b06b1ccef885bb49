"""Parameter types that know units: `50ug`, `2ml`, `90min`, `500ug/ml`."""

from typing import TYPE_CHECKING, Any

import click

from pumpctl.quantity import KINDS, Kind, QuantityError

if TYPE_CHECKING:
    _Base = click.ParamType[int]
else:  # Generic only in later versions of click.
    _Base = click.ParamType


class QuantityType(_Base):
    """A quantity as written by people, converted to the wire's integer unit."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.name = kind.what

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """ng, ng/d, nL, nL/d, ug/mL or ms, by kind."""
        if isinstance(value, int):
            return value
        try:
            return self.kind.parse(value)
        except QuantityError as error:
            self.fail(f"{error.message}; {error.remedy}", param, ctx)


DOSE = QuantityType(KINDS["dose"])
VOLUME = QuantityType(KINDS["volume"])
CONCENTRATION = QuantityType(KINDS["concentration"])
DURATION = QuantityType(KINDS["duration"])
