"""The drug library's entry for a program, and the dose windows that it binds the guard to."""

from infuser.wire import errors, units
from infuser.wire.messages import Refusal

WINDOW_FIELDS = ("window_1h_ng", "window_4h_ng", "window_24h_ng")


def pick(entries, program: dict) -> dict:
    """The entry of a program's drug and concentration, from entries that may come one after the other.

    Refusal NOT_IN_LIBRARY says what there is (EC16).
    """
    drug = program["drug"]
    concentration = program["concentration_ug_per_ml"]
    known = []
    for entry in entries:
        if entry["drug"] == drug:
            if entry["concentration_ug_per_ml"] == concentration:
                return entry
            known.append(entry["concentration_ug_per_ml"])
    if not known:
        raise Refusal(errors.NOT_IN_LIBRARY, "drug", text="the drug library does not have this drug")
    known.sort()
    text = "the drug library has {} ug/mL of this drug".format(", ".join([str(one) for one in known]))
    raise Refusal(errors.NOT_IN_LIBRARY, "concentration_ug_per_ml", concentration, known[0], known[-1], text)


def limits_ng(entry: dict) -> list[int]:
    """Largest dose in any 1 h, 4 h and 24 h in ng, 0 for none."""
    return [entry[field] for field in WINDOW_FIELDS]


def tightened(limits_nl: list[int], entry: dict, concentration_ug_per_ml: int) -> list[int]:
    """A program's windows in nL, each made as narrow as the library's; 0 is none in either (EC13).

    `concentration_ug_per_ml` is that of what leaves the catheter.
    """
    narrow = []
    for own_nl, limit_ng in zip(limits_nl, limits_ng(entry)):
        # Never 0 for a limit that there is: 0 would lift it.
        limit_nl = max(1, units.volume_nl(limit_ng, concentration_ug_per_ml)) if limit_ng else 0
        narrow.append(min(own_nl, limit_nl) if own_nl and limit_nl else own_nl or limit_nl)
    return narrow
