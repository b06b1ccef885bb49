"""Therapies of one rate over the pump's whole range, for the flow tests and the bench."""

from pathlib import Path

from libraries import entry, made
from ward import therapy

from infuser.wire import library, units
from infuser.wire import program as programs
from pumpctl import program

# uL a day: from the smallest to the largest rate of therapy.
RATES_UL_PER_DAY = (48, 300, 1200, 6000, 24000)
_DILUTED_ABOVE_UL_PER_DAY = 3000
_LEAST_UL_PER_DAY = units.THERAPY_MIN_NL_PER_DAY // units.NL_PER_UL


def concentration_ug_per_ml(rate_ul_per_day: int) -> int:
    """At large rates the drug is thin, lest the dose should be too large."""
    return 50 if rate_ul_per_day > _DILUTED_ABOVE_UL_PER_DAY else 500


def steady(folder: Path, rate_ul_per_day: int) -> Path:
    """A therapy file of a rate."""
    strength = concentration_ug_per_ml(rate_ul_per_day)
    dose_ug = rate_ul_per_day * strength // 1000
    return therapy(
        folder,
        f"steady-{rate_ul_per_day}",
        concentration=f"{strength}ug/ml",
        dose=f"{dose_ug}ug/d",
        minimum=f"{-(-_LEAST_UL_PER_DAY * strength // 1000)}ug/d",
        bolus_max=f"{max(2, dose_ug // 100)}ug",
        dose_max=f"{dose_ug + max(4, dose_ug // 25)}ug/d",
    )


def encoded(folder: Path, rate_ul_per_day: int) -> str:
    """The program of a rate as the wire carries it, in hexadecimal digits."""
    return programs.encode(program.load(steady(folder, rate_ul_per_day))).hex()


def started_with(folder: Path, rate_ul_per_day: int) -> tuple[str, int, str]:
    """What vm_pump.started takes: program, concentration, and a drug library that sets no limits."""
    limitless = library.encode(made(entry(), entry(concentration_ug_per_ml=50))).hex()
    return encoded(folder, rate_ul_per_day), concentration_ug_per_ml(rate_ul_per_day), limitless
