"""The status for people and for scripts: what is there only sometimes is shown exactly then."""

import json
from typing import Any

import pytest
from wirepeer import EMPTY_STATUS

from infuser.wire import messages, states, units
from pumpctl import status_parts, status_view
from pumpctl.exchange import Hello

HELLO = Hello("9.9.9", "S1", 1, messages.protocol_hash())
NOW_MS = 1_796_108_400_000
HOUR = units.MS_PER_H
STATUS = {
    **EMPTY_STATUS, "time_ms": NOW_MS, "time_valid": True, "concentration_ug_per_ml": 500,
    "step_pl": units.STEP_PL_NOMINAL, "steps_total": 1,
}  # fmt: skip
SOMETIMES = {"starts by itself", "temporary rate", "bridge", "patient bolus", "periodic bolus", "plan"}


def rows(**changed: Any) -> dict[str, str]:
    return dict(status_view.lines({**STATUS, **changed}, HELLO))


def test_a_pump_that_does_nothing_special_shows_nothing_special() -> None:
    assert not SOMETIMES & set(rows())
    assert rows()["calibration"] == "98.175 nL a microstep, not calibrated"


@pytest.mark.parametrize(
    ("changed", "name", "told"),
    [
        ({"start_in_ms": 2 * HOUR}, "starts by itself", "in 2 h"),
        (
            {"temporary_dose_ng_per_day": 80_000, "temporary_left_ms": 3 * HOUR - 1},
            "temporary rate", "80 ug/d for 3 h more",
        ),
        (
            {"bridge_left_nl": 300_000, "bridge_left_ms": 36 * HOUR},
            "bridge", "300 uL of the drug before, for 1 d 12 h more",
        ),
        ({"patient_bolus_nl": 10_000, "patient_boluses_left": 3}, "patient button", "10 uL, 3 left, free now"),
        (
            {"patient_bolus_nl": 10_000, "patient_boluses_left": 2, "patient_wait_ms": HOUR - 400},
            "patient button", "10 uL, 2 left, locked for 1 h",
        ),
        ({"periodic_due_ms": 90 * units.MS_PER_MIN}, "periodic bolus", "next in 1 h 30 min"),
        (
            {"plan_length": 5, "plan_position": 2, "plan_dose_ng_per_day": 110_000, "plan_next_ms": NOW_MS},
            "plan", "step 2 of 5, 110 ug/d, next 2026-12-01 07:00",
        ),
        (
            {"plan_length": 5, "plan_position": 2, "plan_dose_ng_per_day": 110_000, "plan_held": True},
            "plan", "step 2 of 5, 110 ug/d, held",
        ),
        (
            {"step_pl": 98_912, "calibrated_ms": NOW_MS, "calibration_ppm": 1234},
            "calibration", "98.912 nL a microstep, +/- 0.12 %, 2026-12-01 07:00",
        ),
    ],
)  # fmt: skip
def test_what_is_there_is_shown_in_clinical_units(changed: dict[str, Any], name: str, told: str) -> None:
    assert rows(**changed)[name] == told


def test_every_bolus_under_way_has_its_row_and_one_that_is_held_says_so() -> None:
    half = {"volume_nl": 100_000, "delivered_nl": 50_000, "left_ms": 5 * units.MS_PER_MIN, "held": False}
    boluses = [
        {**half, "bucket": states.PATIENT_BOLUS},
        {**half, "bucket": states.CLINICIAN_BOLUS, "held": True},
        {**half, "bucket": states.PRIME},
    ]
    shown = rows(bolus_list=boluses)
    assert shown["patient bolus"] == shown["priming"] == "50 uL of 100 uL, 5 min left"
    assert shown["clinician bolus"] == "50 uL of 100 uL, held"


def test_dose_windows_show_what_went_out_of_what_may_and_none_where_nothing_limits() -> None:
    windows = [
        {"span_min": 60, "limit_nl": 0, "used_nl": 5},
        {"span_min": 240, "limit_nl": 100_000, "used_nl": 30_000},
    ]
    shown = rows(window_list=windows, delivered_ug_per_ml=500)
    assert shown["within 4 h"] == "15 ug of 50 ug at most" and "within 1 h" not in shown
    assert rows(window_list=windows, delivered_ug_per_ml=0)["within 4 h"] == "30 uL of 100 uL at most"


def test_scripts_get_every_field_once_with_names_and_times_that_they_can_read() -> None:
    bolus = {"bucket": states.PERIODIC_BOLUS, "volume_nl": 1, "delivered_nl": 0, "left_ms": 9, "held": True}
    told = {**STATUS, "bolus_list": [bolus], "plan_next_ms": NOW_MS, "bucket_list": [{"steps": 7}] * states.BUCKETS}
    document = status_view.document(told, HELLO)
    json.dumps(document)
    assert document["boluses"] == [{**bolus, "bucket": "periodic-bolus"}]
    assert document["delivered_steps"]["periodic-bolus"] == 7
    assert document["plan_next"].startswith("2026-12-01T") and document["calibrated"] is None
    assert not status_parts.RENAMED & set(document)
    assert {"patient_boluses_left", "periodic_due_ms", "start_in_ms", "bridge_left_nl", "age_ms"} <= set(document)


def test_a_day_is_24_h_in_a_dose_window_and_the_time_since_the_start_is_told_in_seconds() -> None:
    windows = [{"span_min": 1440, "limit_nl": 100_000, "used_nl": 30_000}]
    told = rows(window_list=windows, delivered_ug_per_ml=500, uptime_ms=5_274)
    assert told["within 24 h"] == "15 ug of 50 ug at most" and told["pump"].endswith(", up 5 s")
