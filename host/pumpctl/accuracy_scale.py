"""Weighing a liquid: masses and densities as people write them, and the volume that a mass stands for.

Water has 0.9982 mg/uL at 20 C. A balance in air shows 0.105 % less than the mass that it carries, since air
buoys water more than steel: a density of 0.9971 mg/uL allows for both (Z = 1.0029 uL/mg, ISO 8655-6).
"""

from fractions import Fraction

from infuser.wire import units
from pumpctl.errors import UsageProblem
from pumpctl.quantity import MASS, VOLUME, Kind, decimal

NG_PER_MG = MASS["mg"]
WATER_UG_PER_ML = 998_200
_G = 1000 * NG_PER_MG
_LEAST_UG_PER_ML, _MOST_UG_PER_ML = 500_000, 2_000_000
_PL_PER_UL = units.PL_PER_NL * units.NL_PER_UL

MASS_KIND = Kind(
    "mass", "996.1mg", "1 ng", "ug, mg, g", {name: Fraction(size) for name, size in {**MASS, "g": _G}.items()}
)
# 1 ug/mL is 1000 ng in 1,000,000 nL.
DENSITY_KIND = Kind(
    "density",
    "0.9982mg/ul",
    "1 ug/ml",
    "mg per ul, g per ml",
    {
        **{f"mg/{name}": Fraction(NG_PER_MG * 1000, size) for name, size in VOLUME.items()},
        **{f"g/{name}": Fraction(_G * 1000, size) for name, size in VOLUME.items()},
    },
)


def check_density(density_ug_per_ml: int) -> None:
    """UsageProblem for a density that no infusion fluid has: most likely another unit was meant."""
    if not _LEAST_UG_PER_ML <= density_ug_per_ml <= _MOST_UG_PER_ML:
        low, high = (format_density(bound) for bound in (_LEAST_UG_PER_ML, _MOST_UG_PER_ML))
        raise UsageProblem(
            f"--density is {format_density(density_ug_per_ml)}, allowed {low} to {high}",
            field="--density", value=format_density(density_ug_per_ml), low=low, high=high,
            remedy="water has 0.9982mg/ul at 20 C",
        )  # fmt: skip


def volume_pl(mass_ng: int, density_ug_per_ml: int) -> int:
    """Volume of a mass, to the nearest pL. 1 ug/mL is 1 ng/uL."""
    return round(Fraction(mass_ng * _PL_PER_UL, density_ug_per_ml))


def mass_ng(volume_pl: int, density_ug_per_ml: int) -> int:
    """Mass of a volume, to the nearest ng."""
    return round(Fraction(volume_pl * density_ug_per_ml, _PL_PER_UL))


def format_mass(ng: int) -> str:
    """A mass in mg, to the ug."""
    return f"{decimal(ng, NG_PER_MG, 3)} mg"


def format_density(density_ug_per_ml: int) -> str:
    """A density in mg/uL."""
    return f"{decimal(density_ug_per_ml, NG_PER_MG, 6)} mg/uL"
