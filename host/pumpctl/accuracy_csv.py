"""Reads what a real scale noted: a CSV of time and mass, or time and volume."""

import csv
from decimal import Decimal, InvalidOperation
from pathlib import Path

from infuser.wire import units
from pumpctl import accuracy_scale
from pumpctl.errors import FileProblem, Problem, UsageProblem

TIME = "time_s"
# Column -> size of its unit: ng for a mass, pL for a volume.
_MASS_NG = {"mass_mg": 1_000_000, "mass_g": 1_000_000_000}
_VOLUME_PL = {"volume_nl": units.PL_PER_NL, "volume_ul": units.PL_PER_NL * units.NL_PER_UL}
_REMEDY = "a header and rows such as:  time_s,mass_mg  0,12.40  30,12.47"
_PROBLEMS_MOST = 10

Reading = tuple[int, int]


def read(path: Path, density_ug_per_ml: int) -> list[Reading]:
    """(ms, pL) of each row, by the density (ug/mL) where a mass was noted. FileProblem lists what is wrong."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.reader(file))
    except UnicodeDecodeError as error:
        raise FileProblem(str(path), [Problem("", f"not UTF-8 text at byte {error.start}")], _REMEDY) from None
    except OSError as error:
        raise UsageProblem(f"{path}: {error.strerror}", field="--csv", value=str(path)) from None
    except csv.Error as error:
        raise FileProblem(str(path), [Problem("", f"not CSV: {error}")], _REMEDY) from None
    numbered = [(number, row) for number, row in enumerate(rows, 1) if any(cell.strip() for cell in row)]
    return _readings(str(path), numbered, density_ug_per_ml)


def _readings(name: str, rows: list[tuple[int, list[str]]], density_ug_per_ml: int) -> list[Reading]:
    header = [cell.strip().lower() for cell in rows[0][1]] if rows else []
    amounts = [column for column in header if column in (*_MASS_NG, *_VOLUME_PL)]
    if TIME not in header or len(amounts) != 1:
        wanted = ", ".join((*_MASS_NG, *_VOLUME_PL))
        told = f"the first line must name {TIME} and one of {wanted}; it says {', '.join(header) or 'nothing'}"
        raise FileProblem(name, [Problem("line 1", told)], _REMEDY)
    readings: list[Reading] = []
    problems: list[Problem] = []
    for number, row in rows[1:]:
        try:
            at_s, amount = (_number(row, header.index(column), column) for column in (TIME, amounts[0]))
        except ValueError as error:
            problems.append(Problem(f"line {number}", str(error)))
            continue
        at_ms = int((at_s * units.MS_PER_S).to_integral_value())
        if readings and at_ms <= readings[-1][0]:
            problems.append(Problem(f"line {number}", f"{TIME} = {at_s} does not come after the line before"))
        readings.append((at_ms, _volume_pl(amount, amounts[0], density_ug_per_ml)))
    if len(readings) < 2 and not problems:
        problems.append(Problem("", f"{len(readings)} readings, at least 2 are needed"))
    if problems:
        more = len(problems) - _PROBLEMS_MOST
        rest = [Problem("", f"and {more} more")] if more > 0 else []
        raise FileProblem(name, problems[:_PROBLEMS_MOST] + rest, _REMEDY)
    return readings


def _number(row: list[str], at: int, column: str) -> Decimal:
    text = row[at].strip() if at < len(row) else ""
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value.adjusted() > 12:
        raise ValueError(f'{column} = "{text}" is not a number')
    return value


def _volume_pl(amount: Decimal, column: str, density_ug_per_ml: int) -> int:
    if column in _VOLUME_PL:
        return int((amount * _VOLUME_PL[column]).to_integral_value())
    return accuracy_scale.volume_pl(int((amount * _MASS_NG[column]).to_integral_value()), density_ug_per_ml)
