"""A drug library for people and scripts: its entries, and what a new one changes."""

from typing import Any

from infuser.wire import library as libraries
from infuser.wire import program as programs
from pumpctl import library_text, quantity
from pumpctl.comparison import NONE, Change, Number
from pumpctl.library_keys import ENTRY, Key
from pumpctl.quantity import KINDS, Kind

DrugLibrary = dict[str, Any]
COLUMNS = ("DRUG", "FOR", "USUAL PER DAY", "MOST PER DAY", "BOLUS", "PATIENT BOLUS", "1 H / 4 H / 24 H")


def document(library: DrugLibrary) -> dict[str, Any]:
    """A library for scripts; fields with their units in the names, 0 for a limit that there is not."""
    return {
        "name": library["name"],
        "version": library["version"],
        "issued": library_text.issued(library),
        "source": library["source"],
        "digest": digest_text(library),
        "entries": library["entry_list"],
    }


def digest_text(library: DrugLibrary) -> str:
    """SHA-256 of the encoded library in hexadecimal."""
    return programs.digest_text(libraries.digest(libraries.encode(library)))


def title(library: DrugLibrary) -> str:
    """Name, version, day of issue and the beginning of the digest."""
    issued = library_text.issued(library)
    return f"{library['name']}, version {library['version']} of {issued}, digest {digest_text(library)[:16]}"


def rows(library: DrugLibrary) -> list[tuple[str, ...]]:
    """One row an entry, under COLUMNS; of a bolus the soft limit, then the hard one."""
    return [_row(entry) for entry in library["entry_list"]]


def _row(entry: dict[str, Any]) -> tuple[str, ...]:
    low, high = entry["soft_low_ng_per_day"], entry["soft_high_ng_per_day"]
    use = "screening only" if entry["screening_only"] else "chronic"
    usual = f"{quantity.format_dose_rate(low)} to {quantity.format_dose_rate(high)}" if high else NONE
    if low and not high:
        usual = f"from {quantity.format_dose_rate(low)}"
    windows = (entry["window_1h_ng"], entry["window_4h_ng"], entry["window_24h_ng"])
    return (
        _drug(entry),
        f"{use}, from {entry['age_min_years']} years",
        usual,
        _limit("hard_high", entry),
        f"{_limit('bolus_soft', entry)}, most {_limit('bolus_hard', entry)}",
        _limit("patient_bolus_hard", entry),
        " / ".join(quantity.format_dose(dose) if dose else NONE for dose in windows),
    )


def changes(old: DrugLibrary | None, new: DrugLibrary) -> list[Change]:
    """Everything that a new library changes; a limit that is lifted or set is grave."""
    told = [
        Change(name, str(old[name]) if old else NONE, str(new[name]))
        for name in ("name", "version", "source")
        if old is None or old[name] != new[name]
    ]
    before = {_drug(entry): entry for entry in old["entry_list"]} if old else {}
    after = {_drug(entry): entry for entry in new["entry_list"]}
    for drug in [*before, *(drug for drug in after if drug not in before)]:
        told += _entry_changes(drug, before.get(drug), after.get(drug))
    return told


def _entry_changes(drug: str, old: dict[str, Any] | None, new: dict[str, Any] | None) -> list[Change]:
    if new is None:
        return [Change(drug, "has an entry", "no entry", (), True)]
    rows = [Change(drug, "no entry", "has an entry")] if old is None else []
    for name in ENTRY:
        now, then = (_limit(name, entry) if entry else NONE for entry in (old, new))
        if name not in ("drug", "concentration") and now != then:
            told, key = f"{drug}: {name.replace('_', ' ')}", ENTRY[name]
            measured = isinstance(key.kind, Kind)
            numbers = (Number(old[key.field], new[key.field]),) if old is not None and measured else ()
            rows.append(Change(told, now, then, numbers, old is not None and not measured))
    return rows


def _drug(entry: dict[str, Any]) -> str:
    return f"{entry['drug']} {entry['concentration_ug_per_ml']} ug/mL"


def _limit(name: str, entry: dict[str, Any]) -> str:
    key: Key = ENTRY[name]
    value = entry[key.field]
    if isinstance(key.kind, Kind):
        return _FORMS[key.kind.what](value * key.scale) if value else NONE
    if key.kind == "flag":
        return "yes" if value else "no"
    return str(value)


_FORMS = {
    KINDS["dose"].what: quantity.format_dose,
    KINDS["dose_rate"].what: quantity.format_dose_rate,
    KINDS["concentration"].what: lambda value: f"{value} ug/mL",
    KINDS["duration"].what: quantity.format_duration,
    KINDS["share"].what: lambda value: f"{quantity.decimal(value, 10, 1)} %",
}
