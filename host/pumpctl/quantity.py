"""Quantities with units, read from people and written for them; exact, in the wire's integers.

Units are always written: `90ug/d`, `0.5mg`, `2.5ml/h`, `90min`, `500ug/ml`. Numbers are decimal
fractions and are never rounded on the way in: what is finer than the pump's own unit is refused.
"""

import re
from fractions import Fraction

from infuser.wire import units
from pumpctl.errors import UsageProblem

NUMBER = r"[0-9]+(\.[0-9]+)?"

# Unit as written -> size in the finest unit: ng, nL, ms, um. Case counts: "Mg" is not milligrams.
MASS: dict[str, int] = {
    "ng": 1,
    **dict.fromkeys(("ug", "mcg", "µg", "μg"), units.NG_PER_UG),
    "mg": 1000 * units.NG_PER_UG,
}
VOLUME: dict[str, int] = {
    **dict.fromkeys(("nl", "nL"), 1),
    **dict.fromkeys(("ul", "uL", "µl", "µL", "μl", "μL"), units.NL_PER_UL),
    **dict.fromkeys(("ml", "mL"), units.NL_PER_ML),
}
DURATION: dict[str, int] = {
    "ms": 1,
    "s": units.MS_PER_S,
    "min": units.MS_PER_MIN,
    "h": units.MS_PER_H,
    **dict.fromkeys(("d", "day", "days"), units.MS_PER_DAY),
    "w": 7 * units.MS_PER_DAY,
}
LENGTH: dict[str, int] = {"mm": 1000, "cm": 10_000, "m": 1_000_000}
PER: dict[str, int] = {
    "min": units.MS_PER_MIN,
    "h": units.MS_PER_H,
    **dict.fromkeys(("d", "day"), units.MS_PER_DAY),
}


def _sizes(top: dict[str, int], bottom: dict[str, int] | None, scale: int) -> dict[str, Fraction]:
    if bottom is None:
        return {name: Fraction(size) for name, size in top.items()}
    return {f"{a}/{b}": Fraction(x * scale, y) for a, x in top.items() for b, y in bottom.items()}


class Kind:
    """One kind of quantity: its spellings, each with its size in the wire's integer unit."""

    def __init__(self, what: str, example: str, finest: str, shown: str, sizes: dict[str, Fraction]) -> None:
        self.what = what
        self.example = example
        self.finest = finest
        self.shown = shown
        self.sizes = sizes

    @property
    def pattern(self) -> str:
        """Regular expression of what `parse` reads, for the JSON Schema."""
        return f"^{NUMBER} ?({'|'.join(sorted(self.sizes))})$"

    def parse(self, text: str) -> int:
        """The quantity in the wire's unit; QuantityError says what is allowed."""
        match = re.fullmatch(rf"({NUMBER}) ?(\S*)", text)
        if match is None:
            raise self._problem(text, "is not a number with a unit")
        number, unit = match.group(1), match.group(3)
        if not unit:
            raise self._problem(text, "has no unit")
        if unit not in self.sizes:
            raise self._problem(text, f"has an unknown unit {unit!r}{self._near(unit)}")
        size = Fraction(number) * self.sizes[unit]
        if size.denominator != 1:
            raise self._problem(text, f"is finer than {self.finest}, the finest that the pump knows")
        return int(size)

    def _near(self, unit: str) -> str:
        import difflib  # takes its time, and is for mistakes only

        by_lower = {name.lower(): name for name in self.sizes if name.isascii()}
        near = difflib.get_close_matches(unit.lower(), by_lower, n=1, cutoff=0.5)
        return f" (did you mean {by_lower[near[0]]!r}?)" if near else ""

    def _problem(self, text: str, wrong: str) -> "QuantityError":
        remedy = f'allowed units for a {self.what}: {self.shown}; for example "{self.example}"'
        return QuantityError(f'"{text}" {wrong}', remedy=remedy, value=text)


class QuantityError(UsageProblem):
    """Text that is not a quantity of the kind asked for."""


KINDS = {
    "dose": Kind("dose", "50ug", "1 ng", "ng, ug (mcg), mg", _sizes(MASS, None, 1)),
    "dose_rate": Kind(
        "dose rate", "90ug/d", "1 ng/d", "ng, ug (mcg), mg per min, h, d", _sizes(MASS, PER, units.MS_PER_DAY)
    ),
    "volume": Kind("volume", "2ml", "1 nl", "nl, ul, ml", _sizes(VOLUME, None, 1)),
    "flow": Kind("flow", "0.2ml/d", "1 nl/d", "nl, ul, ml per min, h, d", _sizes(VOLUME, PER, units.MS_PER_DAY)),
    # 1 ug/mL is 1000 ng in 1,000,000 nL.
    "concentration": Kind(
        "concentration", "500ug/ml", "1 ug/ml", "ng, ug (mcg), mg per ul, ml", _sizes(MASS, VOLUME, 1000)
    ),
    "duration": Kind("duration", "90min", "1 ms", "ms, s, min, h, d, w", _sizes(DURATION, None, 1)),
    "length": Kind("length", "60cm", "1 um", "mm, cm, m", _sizes(LENGTH, None, 1)),
    # 1 nL in a mm of catheter is 1000 pL in it.
    "volume_per_length": Kind(
        "volume per length", "2.2ul/cm", "1 pl/mm", "nl, ul, ml per mm, cm, m", _sizes(VOLUME, LENGTH, 1_000_000)
    ),
    "share": Kind("share", "80%", "0.1 %", "%", {"%": Fraction(10)}),
    "weight": Kind("weight", "72.5kg", "0.1 kg", "kg", {"kg": Fraction(10)}),
    "age": Kind("age", "54y", "1 year", "y", dict.fromkeys(("y", "year", "years"), Fraction(1))),
}


def parse_dose_ng(text: str) -> int:
    """A dose such as `50ug`, in ng."""
    return KINDS["dose"].parse(text)


def parse_dose_rate(text: str) -> int:
    """A dose rate such as `90ug/d`, in ng per day."""
    return KINDS["dose_rate"].parse(text)


def parse_volume_nl(text: str) -> int:
    """A volume such as `2ml`, in nL."""
    return KINDS["volume"].parse(text)


def parse_flow_nl_per_day(text: str) -> int:
    """A flow such as `2.5ml/h`, in nL per day."""
    return KINDS["flow"].parse(text)


def parse_concentration_ug_per_ml(text: str) -> int:
    """A concentration such as `500ug/ml` or `2mg/ml`, in ug/mL."""
    return KINDS["concentration"].parse(text)


def parse_duration_ms(text: str) -> int:
    """A duration such as `90min`, in ms."""
    return KINDS["duration"].parse(text)


def parse_length_um(text: str) -> int:
    """A length such as `60cm`, in um."""
    return KINDS["length"].parse(text)


def parse_volume_per_length(text: str) -> int:
    """What a length of tube holds, such as `2.2ul/cm`, in pL per mm."""
    return KINDS["volume_per_length"].parse(text)


def parse_share_permille(text: str) -> int:
    """A share such as `80%`, in permille."""
    return KINDS["share"].parse(text)


def format_weight(weight_hg: int) -> str:
    """A body weight in kg, from hundreds of grams."""
    return f"{decimal(weight_hg, 10, 1)} kg"


def format_age(age_years: int) -> str:
    """An age in whole years."""
    return f"{age_years} year" if age_years == 1 else f"{age_years} years"


def decimal(value: int, per_unit: int, places: int) -> str:
    """`value / per_unit` as a decimal without trailing zeros, rounded half up to `places`."""
    scale = 10**places
    scaled = (2 * abs(value) * scale + per_unit) // (2 * per_unit)
    whole, part = divmod(scaled, scale)
    sign = "-" if value < 0 and scaled else ""
    digits = f"{part:0{places}d}".rstrip("0") if places else ""
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"


def format_dose(dose_ng: int) -> str:
    """A dose in ug, exact to the ng."""
    return f"{decimal(dose_ng, units.NG_PER_UG, 3)} ug"


def format_dose_rate(dose_ng_per_day: int) -> str:
    """A dose rate in ug/d, exact to the ng."""
    return f"{decimal(dose_ng_per_day, units.NG_PER_UG, 3)} ug/d"


def format_volume(volume_nl: int) -> str:
    """A volume in uL below 1 mL and in mL above, rounded to a thousandth of that."""
    if abs(volume_nl) < units.NL_PER_ML:
        return f"{decimal(volume_nl, units.NL_PER_UL, 3)} uL"
    return f"{decimal(volume_nl, units.NL_PER_ML, 3)} mL"


def format_rate(rate_nl_per_day: int) -> str:
    """A flow in uL or mL a day, as `format_volume` chooses."""
    return f"{format_volume(rate_nl_per_day)}/d"


def format_duration(duration_ms: int) -> str:
    """A duration in its two largest units: `36 h` is `1 d 12 h`."""
    sign = "-" if duration_ms < 0 else ""
    left = abs(duration_ms)
    parts: list[str] = []
    for name in ("d", "h", "min", "s", "ms"):
        count, left = divmod(left, DURATION[name])
        if count and len(parts) < 2:
            parts.append(f"{count} {name}")
    return sign + " ".join(parts) if parts else "0 s"
