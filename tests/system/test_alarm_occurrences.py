"""Each occurrence of an alarm is told once: a value that hovers at its limit, a cause that returns, several at once."""

import pytest
from modes import records
from ward import MINUTE_MS, SECOND_MS, infusing

HOVERING = [
    pytest.param("temperature-mc", (55_500, 54_500, 53_000), 8, marks=pytest.mark.case("EC9")),
    pytest.param("battery-mv", (3490, 3510, 3580), 9, marks=pytest.mark.case("EC22")),
]


@pytest.mark.parametrize(("quantity", "values", "alarm"), HOVERING)
def test_a_value_that_hovers_at_its_limit_is_one_occurrence(cli, bench, quantity, values, alarm):
    ward = infusing(cli, bench)
    ward.plant.fault("supply-off")
    for _ in range(3):
        for value in values:
            ward.plant.set(quantity, value)
            ward.advance(MINUTE_MS)
    assert len([one for one in records(ward, "alarm-raised") if one["alarm"] == alarm]) == 1
    assert [one for one in records(ward, "alarm-cleared") if one["alarm"] == alarm] == []


def test_a_cause_that_clears_and_returns_is_two_occurrences(cli, bench):
    ward = infusing(cli, bench)
    for _ in range(2):
        ward.plant.fault("cover-open")
        ward.advance(MINUTE_MS + SECOND_MS)
        assert ward.alarms()["cover-open"]["active"]
        ward.plant.fault("cover-open", on=False)
        ward.advance(MINUTE_MS + SECOND_MS)
        assert ward.alarms() == {}
    assert len([one for one in records(ward, "alarm-raised") if one["alarm"] == 10]) == 2


def test_of_several_causes_at_one_instant_none_is_lost(cli, bench):
    ward = infusing(cli, bench)
    causes = {
        "air": "air-in-line",
        "overheat": "overheat",
        "cover-open": "cover-open",
        "encoder-dead": "internal-fault",
        "battery": "battery-low",
    }
    for fault in causes:
        ward.plant.fault(fault)
    ward.advance(2 * MINUTE_MS)
    assert set(causes.values()) | {"supply-lost"} == set(ward.alarms())
    raised = {one["alarm"] for one in records(ward, "alarm-raised")}
    assert len(raised) == len(causes) + 1


@pytest.mark.case("EC22")
def test_a_button_that_stays_down_is_told_and_a_long_press_is_not(cli, bench):
    ward = infusing(cli, bench)
    ward.plant.press("patient", 20_000)
    ward.advance(20 * SECOND_MS)
    ward.advance(2 * MINUTE_MS)
    assert ward.alarms() == {}
    ward.plant.fault("button-stuck", value="patient")
    ward.advance(2 * MINUTE_MS)
    assert ward.alarms()["button-stuck"]["priority"] == "low"
    ward.plant.fault("button-stuck", on=False)
    ward.advance(2 * MINUTE_MS)
    assert ward.alarms() == {}
