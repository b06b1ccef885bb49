"""The whole pump with its power cut at flash operations of a script that writes every kind of record.

One share of the cut points, evenly spread; `make campaign-power` plays all of them.
"""

import pytest
from cutplay import SHARES, Cuts, on_vm, share

POINTS_MIN = 10_000


@pytest.mark.case("R6.6")
def test_after_a_power_cut_at_any_flash_operation_the_pump_goes_on_as_documented() -> None:
    told = share(3, 1)
    print(told.summary(), dict(sorted(told.figures.items())))
    assert told.failures == {}
    assert told.kinds_missing == [] and told.dropped > 0
    assert told.points > POINTS_MIN and told.cuts >= told.points // SHARES


def test_a_pump_that_forgets_in_a_power_cut_is_found() -> None:
    found = on_vm("vm_pump_sabotage", "")
    told = {
        "uncounted": "made beyond the count, 0 uncertain",
        "unlimited": "counted",
        "unended": "still under way",
        "unasked": "answered with",
        "aged": "has aged",
        "forgotten": "the ledger is not that of record",
    }
    assert {name: told[name] in str(violations) for name, violations in found.items()} == dict.fromkeys(told, True)


def test_what_came_of_several_shares_is_summed_up() -> None:
    total = Cuts(2, 9, 5, 1, [], {"repeated": 1, "aged-more-ms": 7}, {1: "x"})
    total.add(Cuts(3, 9, 5, 1, [], {"repeated": 2, "aged-more-ms": 5}, {2: "y"}))
    assert (total.cuts, total.points, total.failures) == (5, 9, {1: "x", 2: "y"})
    assert total.figures == {"repeated": 3, "aged-more-ms": 7}
