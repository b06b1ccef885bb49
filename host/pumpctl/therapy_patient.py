"""What a therapy file says about the patient and the screening, to and from the wire's fields."""

from typing import Any

from infuser.core import eligibility
from infuser.wire import program as programs
from pumpctl import therapy_keys as keys
from pumpctl.quantity import format_age, format_dose, format_weight
from pumpctl.therapy_reader import Reader

Program = dict[str, Any]


def read(reader: Reader) -> Program:
    """The wire's fields of [patient] but for its id, and of [screening]; what is not told as the wire says it."""
    told = reader.table("patient")
    age = reader.ranged("patient.age", 0, eligibility.AGE_MAX_YEARS, format_age)
    return {
        "age_years": programs.AGE_NOT_TOLD if age is None else age,
        "weight_hg": reader.ranged("patient.weight", *eligibility.WEIGHT_HG, format_weight) or 0,
        "indication": keys.INDICATIONS.get(str(told.get("indication")), 0),
        "contraindications": _bits(reader, "patient", "contraindications"),
        "cautions": _bits(reader, "patient", "cautions"),
        "screening_ng": reader.ranged("screening.dose", 1, eligibility.SCREENING_MAX_NG, format_dose) or 0,
        "screening_response": keys.RESPONSES.get(str(reader.table("screening").get("response")), 0),
    }


def _bits(reader: Reader, table: str, key: str) -> int:
    if reader.refused(f"{table}.{key}"):
        return 0
    told = reader.table(table).get(key, ())
    return sum(1 << at for at, name in enumerate(keys.LISTS[key]) if name in told)


def names(bits: int, of: tuple[str, ...]) -> list[str]:
    """The names of the bits that are set."""
    return [name for at, name in enumerate(of) if bits >> at & 1]


def document(program: Program) -> Program:
    """The same for scripts: null for what is not told, names instead of numbers."""
    told = program["age_years"] != programs.AGE_NOT_TOLD
    return {
        "age_years": program["age_years"] if told else None,
        "weight_hg": program["weight_hg"] or None,
        "indication": _name(programs.INDICATION_NAMES, program["indication"]),
        "contraindications": names(program["contraindications"], programs.CONTRAINDICATION_NAMES),
        "cautions": names(program["cautions"], programs.CAUTION_NAMES),
        "screening_ng": program["screening_ng"] or None,
        "screening_response": _name(programs.RESPONSE_NAMES, program["screening_response"]),
    }


def _name(of: tuple[str, ...], at: int) -> str | None:
    """The name of a number; null for 0, and for a number of a later firmware."""
    return of[at] if 0 < at < len(of) else None
