"""Drug libraries for tests: entries, whole libraries and their signed form."""

from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from infuser.wire import library as libraries
from infuser.wire import units
from pumpctl import library

DrugLibrary = dict[str, Any]
ML_PAIRS = (50, 500, 1000, 2000)


def entry(**settings: Any) -> dict[str, Any]:
    """An entry for baclofen of 500 ug/mL without any limit but those given."""
    nothing = {name: 0 for name, kind in libraries.entry_fields() if kind not in ("text", "bool")}
    flags = {"screening_only": False, "needs_screening": False}
    return {"drug": "baclofen", **nothing, **flags, "concentration_ug_per_ml": 500, **settings}


def made(*entries: dict[str, Any], **settings: Any) -> DrugLibrary:
    """A library of these entries."""
    head = {"format": libraries.FORMAT, "name": "Test library", "version": 2, "issued_min": 0, "source": "tests"}
    return {**head, "entry_list": list(entries) or [entry()], **settings}


def newer(version: int = 2, **settings: Any) -> DrugLibrary:
    """The starting library in another version, with `settings` in each entry for chronic infusion."""
    told = library.starting()
    entries = [one if one["screening_only"] else {**one, **settings} for one in told["entry_list"]]
    return {**told, "version": version, "entry_list": entries}


def signed(told: DrugLibrary, key: Path) -> bytes:
    """The library as a pump takes it."""
    return library.sign(told, key)


@st.composite
def entries(draw: st.DrawFn) -> dict[str, Any]:
    """Sound entries: soft limits inside hard ones inside the pump's own, any of them absent."""
    concentration = draw(st.sampled_from(ML_PAIRS))

    def inside(most: int) -> int:
        return draw(st.one_of(st.just(0), st.integers(1, most)))

    bolus_most = units.dose_ng(units.BOLUS_MAX_NL, concentration)
    hard = inside(units.DOSE_MAX_NG_PER_DAY)
    soft = inside(hard or units.DOSE_MAX_NG_PER_DAY)
    bolus = inside(bolus_most)
    day = inside(units.DOSE_WINDOW_MAX_NG)
    four = inside(day or units.DOSE_WINDOW_MAX_NG)
    return entry(
        concentration_ug_per_ml=concentration,
        age_min_years=draw(st.integers(0, 120)),
        needs_screening=draw(st.booleans()),
        hard_high_ng_per_day=hard,
        soft_high_ng_per_day=soft,
        soft_low_ng_per_day=inside(soft or hard or units.DOSE_MAX_NG_PER_DAY),
        bolus_hard_ng=bolus,
        bolus_soft_ng=inside(bolus or bolus_most),
        bolus_lockout_min=draw(st.integers(0, units.MIN_PER_WEEK)),
        patient_bolus_hard_ng=inside(bolus_most),
        patient_lockout_min=draw(st.integers(0, units.MIN_PER_WEEK)),
        window_24h_ng=day,
        window_4h_ng=four,
        window_1h_ng=inside(four or day or units.DOSE_WINDOW_MAX_NG),
        increase_spinal_permille=draw(st.integers(0, 300)),
        increase_child_permille=draw(st.integers(0, 300)),
    )
