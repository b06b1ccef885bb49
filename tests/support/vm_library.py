"""Runs on MicroPython and CPython: a drug library without limits, for therapies that only the pump itself bounds."""

from infuser.wire import library as libraries

DRUG = "baclofen"
_NOTHING = {"text": "", "bool": False}


def lift_limits(pump, concentrations):
    """Put a library into force in which each concentration has an entry and no entry has a limit."""
    entries = []
    for concentration in sorted(set(concentrations)):
        entry = {name: _NOTHING.get(kind, 0) for name, kind in libraries.entry_fields()}
        entry["drug"] = DRUG
        entry["concentration_ug_per_ml"] = concentration
        entries.append(entry)
    library = {
        "format": libraries.FORMAT,
        "name": "no limits",
        "version": 2,
        "issued_min": 0,
        "source": "tests",
        "entry_list": entries,
    }
    # Not by command: nobody's key need sign what never leaves the test.
    unsigned = libraries.encode(library) + bytes(libraries.SIGNATURE_BYTES)
    pump.library.replace(unsigned, library, "tests")
