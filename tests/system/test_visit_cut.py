"""A refill visit cut off anywhere: gone on with or given up, it ends as if nothing had happened, and nothing twice."""

from collections.abc import Callable
from typing import Any

import pytest
from visiting import REFILL, Cut, Script, begin, changes, give_up, go_on
from ward import MINUTE_MS, ML, Ward, infusing

from infuser.wire import records
from pumpctl import visit_kinds, visit_log
from pumpctl.errors import LinkError, PumpctlError
from pumpctl.store import Archive

STEPS = len(visit_kinds.KINDS["refill"])
ORDERS = ("begin_refill", "complete_refill", "commit_program", "resume")


def answers(ward: Ward) -> dict[str, Any]:
    """What is true at this pump now, with another alarm volume than before."""
    now = ward.status()
    return {**REFILL, "residual": now["reservoir_nl"], "alarm_volume": 5 * ML - now["low_reservoir_nl"]}


def mark(ward: Ward) -> int:
    return int(ward.status()["log_next"])


def shape(seen: list[Any]) -> list[Any]:
    """Records of a visit without the alarm volume, which each visit changes to the other one."""
    return [(kind, [told for told in fields if told[0] != "program" and told[0] != "expected_residual_nl"
                    and told[0] != "measured_residual_nl"]) for kind, fields in seen]  # fmt: skip


def after(name: str, then: Callable[[Any], None]) -> Callable[[Any, Any], None]:
    """Meddling: the pump carries an order out, and `then` happens."""

    def meddle(pump: Any, line: Any) -> None:
        order = getattr(pump, name)

        def ordered(*told: Any, **named: Any) -> Any:
            reply = order(*told, **named)
            then(pump)
            return reply

        setattr(pump, name, ordered)

    return meddle


def deaf_at(name: str) -> Callable[[Any, Any], None]:
    """Meddling: an order goes out, and its answer does not come."""

    def meddle(pump: Any, line: Any) -> None:
        order = getattr(pump, name)

        def ordered(*told: Any, **named: Any) -> Any:
            line.deaf = True
            return order(*told, **named)

        setattr(pump, name, ordered)

    return meddle


def cut(pump: Any) -> None:
    raise Cut


def ended_well(ward: Ward) -> None:
    now = ward.status()
    assert (now["state"], now["reservoir_nl"]) == ("infusing", 18 * ML)
    with Archive() as archive:
        assert {one["state"] for one in archive.visits()} <= {"completed", "abandoned"}


def test_a_refill_cut_off_anywhere_ends_like_one_that_was_not(cli, bench):
    ward = infusing(cli, bench)
    start = mark(ward)
    begin(ward, answers(ward), Script())
    whole = shape(changes(ward, start))
    assert [kind for kind, _ in whole] == ["state", "state", "refill", "state", "program", "state"]
    ended_well(ward)
    for number in range(2, STEPS + 1):
        start = mark(ward)
        with pytest.raises(Cut):
            begin(ward, answers(ward), Script(cut_at=number))
        rest = Script()
        go_on(ward, rest)
        assert len(rest.steps) == STEPS - number + 1
        assert shape(changes(ward, start)) == whole, number
        ended_well(ward)
    for name in ORDERS:
        start = mark(ward)
        with pytest.raises(Cut):
            begin(ward, answers(ward), Script(), after(name, cut))
        go_on(ward, Script())
        assert shape(changes(ward, start)) == whole, name
        ended_well(ward)
    for name in ORDERS:
        start = mark(ward)
        with pytest.raises(LinkError):
            begin(ward, answers(ward), Script(), deaf_at(name))
        go_on(ward, Script())
        assert shape(changes(ward, start)) == whole, name
        ended_well(ward)


def test_a_power_cut_after_each_order_leaves_one_refill_and_one_program(cli, bench):
    ward = infusing(cli, bench)
    for name in ORDERS:
        start, wanted = mark(ward), answers(ward)

        def fail(pump: Any) -> None:
            ward.plant.power_cut(MINUTE_MS)
            raise Cut

        with pytest.raises(Cut):
            begin(ward, wanted, Script(), after(name, fail))
        go_on(ward, Script())
        with ward.client() as pump:
            kinds = [one["kind"] for one in visit_log.since(pump, start)]
        assert (kinds.count(records.REFILL), kinds.count(records.PROGRAM)) == (1, 1), name
        assert ward.status()["low_reservoir_nl"] == wanted["alarm_volume"]
        ended_well(ward)


def test_a_refill_given_up_at_any_step_leaves_a_pump_that_is_told(cli, bench):
    ward = infusing(cli, bench)
    for number in range(2, STEPS + 1):
        before = ward.status()
        with pytest.raises(Cut):
            begin(ward, answers(ward), Script(cut_at=number))
        go = number % 2 == 0
        told = " ".join(give_up(ward, touched=False, resume=go))
        now = ward.status()
        if number <= 2 or number >= 8:
            assert now["state"] == "infusing" and "therapy runs" in told
        elif go:
            assert now["state"] == "infusing" and "Therapy runs" in told
        else:
            assert now["state"] == "suspended" and "THERAPY IS STOPPED" in told and "pumpctl resume" in told
            ward.do("resume")
        if number <= 5:
            assert now["reservoir_nl"] == before["reservoir_nl"]
        else:
            assert now["reservoir_nl"] == 18 * ML and "accounted for" in told


def test_a_reservoir_that_was_touched_is_not_given_up_but_kept_for_its_refill(cli, bench):
    ward = infusing(cli, bench)
    with pytest.raises(Cut):
        begin(ward, answers(ward), Script(cut_at=5))
    with pytest.raises(PumpctlError, match="touched is missing"):
        give_up(ward)
    told = " ".join(give_up(ward, touched=True))
    assert ward.state == "refill" and "THERAPY IS STOPPED" in told and "pumpctl refill --residual" in told
    ward.do("refill", "--residual", "19ml", "--volume", "18ml", "--yes")
    ward.do("resume")
    ended_well(ward)


def test_a_refill_that_somebody_else_cancelled_or_finished_is_noticed(cli, bench):
    ward = infusing(cli, bench)
    with pytest.raises(Cut):
        begin(ward, answers(ward), Script(cut_at=5))
    ward.do("refill", "--cancel")
    ward.do("resume")
    rest = Script()
    go_on(ward, rest, residual=20 * ML)
    assert "comes again" in " ".join(rest.told) and rest.steps[0] == "stop the pump for the refill"
    ended_well(ward)
    start = mark(ward)
    with pytest.raises(Cut):
        begin(ward, answers(ward), Script(cut_at=5))
    ward.do("refill", "--residual", "17.9ml", "--volume", "17ml", "--yes")
    rest = Script()
    one = go_on(ward, rest)
    assert "another residual" in " ".join(rest.told) and one.answers["volume"] == 17 * ML
    with ward.client() as pump:
        assert [found["kind"] for found in visit_log.since(pump, start)].count(records.REFILL) == 1
    assert ward.status()["reservoir_nl"] == 17 * ML and ward.state == "infusing"
