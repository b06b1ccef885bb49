"""Parameter types that know units: `50ug`, `2ml`, `90min`, `500ug/ml`."""

from typing import TYPE_CHECKING, Any

import click

from pumpctl.dose_asked import DoseAsked
from pumpctl.quantity import KINDS, Kind, QuantityError

if TYPE_CHECKING:
    _Base = click.ParamType[int]
    _DoseBase = click.ParamType[DoseAsked]
else:  # Generic only in later versions of click.
    _Base = _DoseBase = click.ParamType


class QuantityType(_Base):
    """A quantity as written by people, converted to the wire's integer unit."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.name = kind.what

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """ng, ng/d, nL, nL/d, ug/mL, ms, um or pL/mm, by kind."""
        if isinstance(value, int):
            return value
        try:
            return self.kind.parse(value)
        except QuantityError as error:
            self.fail(f"{error.message}; {error.remedy}", param, ctx)


class DoseAskedType(_DoseBase):
    """A dose rate given outright, such as `80ug/d`, or as a share of the present one, such as `80%`."""

    name = "dose rate or percent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> DoseAsked:
        """What was asked for, still without the dose that a share is taken of."""
        if isinstance(value, DoseAsked):
            return value
        kind = KINDS["share" if value.endswith("%") else "dose_rate"]
        try:
            size = kind.parse(value)
        except QuantityError as error:
            self.fail(f'{error.message}; {error.remedy}, or a share such as "80%"', param, ctx)
        return DoseAsked(permille=size) if value.endswith("%") else DoseAsked(ng_per_day=size)


DOSE = QuantityType(KINDS["dose"])
VOLUME = QuantityType(KINDS["volume"])
CONCENTRATION = QuantityType(KINDS["concentration"])
DURATION = QuantityType(KINDS["duration"])
LENGTH = QuantityType(KINDS["length"])
VOLUME_PER_LENGTH = QuantityType(KINDS["volume_per_length"])
DOSE_RATE = QuantityType(KINDS["dose_rate"])
AGE = QuantityType(KINDS["age"])
WEIGHT = QuantityType(KINDS["weight"])
SHARE = QuantityType(KINDS["share"])
DOSE_ASKED = DoseAskedType()
