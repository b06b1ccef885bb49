"""The dose windows of 1 h, 4 h and 24 h: minimum rate while one is full, back by itself, the same over a power cut."""

import pytest
from modes import patient_bolus, periodic_bolus, press, refusals, running, steady, steps_of
from ward import HOUR_MS, MINUTE_MS, PATIENT, STEP_PL, due_steps

from pumpctl.errors import Refused

pytestmark = pytest.mark.case("EC13")

RATE, MINIMUM = 200_000, 50_000
# Window, its limit, and the boluses of 20 ug that bring it near: basal 100 ug a day is 4.2 ug an hour.
WINDOWS = [
    pytest.param(60, {"dose_max_1h_ng": 24_000}, 1, id="1 h"),
    pytest.param(240, {"dose_max_4h_ng": 36_000}, 1, id="4 h"),
    pytest.param(1440, {"dose_max_ng_per_day": 130_000}, 2, id="24 h"),
]


def bolus(ward, dose_ng: int = 20_000) -> None:
    with ward.client() as pump:
        pump.bolus(dose_ng, 10 * MINUTE_MS, PATIENT)
    ward.advance(11 * MINUTE_MS)


def windows(ward) -> dict[int, int]:
    return {window["span_min"]: window["used_nl"] for window in ward.status()["dose_windows"]}


@pytest.mark.parametrize(("span_min", "limit", "boluses"), WINDOWS)
def test_a_full_window_falls_to_the_minimum_rate_refuses_boluses_and_is_left_by_itself(
    cli, bench, span_min, limit, boluses
):
    ward = running(cli, bench, steady(bolus_lockout_min=0, bolus_max_ng=200_000, **limit))
    (limit_ng,) = limit.values()
    limit_nl = limit_ng * 2
    made = []
    for _ in range(boluses):
        bolus(ward)
    with ward.client() as pump, pytest.raises(Refused) as caught:
        pump.bolus(100_000, 10 * MINUTE_MS, PATIENT)
    assert (caught.value.name, caught.value.field) == ("dose-limit", "dose_ng")
    assert caught.value.high <= limit_ng - boluses * 20_000
    found = []
    every_ms = 2 * MINUTE_MS if span_min == 60 else 20 * MINUTE_MS
    for _ in range((span_min + span_min // 3) * MINUTE_MS // every_ms):
        ward.advance(every_ms)
        now = ward.status()
        found.append((now["state"], now["rate_nl_per_day"]))
        made.append(ward.truth()["steps_made"])
        assert windows(ward)[span_min] <= limit_nl + MINIMUM * span_min // 1440
    states = [state for state, _ in found]
    fell = states.index("minimum-rate")
    assert ("minimum-rate", MINIMUM) in found
    back = states.index("infusing", fell)
    assert states[:fell] + states[back : back + 1] == ["infusing"] * (fell + 1)
    # By the plant's own count, no stretch of the window's length holds more than the limit and the minimum rate.
    many = span_min * MINUTE_MS // every_ms
    most = (
        max(later - earlier for earlier, later in zip(made, made[many - 1 :], strict=False)) if len(made) > many else 0
    )
    assert most <= limit_nl * 1000 // STEP_PL + due_steps(MINIMUM, span_min * MINUTE_MS)
    assert ward.truth()["steps_made"] >= boluses * steps_of(20_000)


@pytest.mark.parametrize("seconds", [0, 7, 20, 41, 59])
def test_the_windows_after_a_power_cut_are_those_before_it(cli, bench, seconds):
    ward = running(cli, bench, steady(bolus_lockout_min=0, dose_max_1h_ng=60_000))
    for wait in (17, 31, 44, 12):
        bolus(ward, 10_000)
        ward.advance(wait * MINUTE_MS)
    ward.advance(seconds * 1000)
    ward.do("minimum-rate", "on")
    ward.do("minimum-rate", "off")  # saves the count, so that nothing is uncertain
    before = windows(ward)
    ward.plant.power_cut()
    after, uncertain_nl = windows(ward), ward.status()["steps_uncertain"] * STEP_PL // 1000
    for span_min, used_nl in before.items():
        assert used_nl <= after[span_min] + 4 * STEP_PL // 1000, span_min
        assert after[span_min] <= used_nl + uncertain_nl + 4 * STEP_PL // 1000, span_min


def test_the_time_without_power_lets_the_windows_run_empty(cli, bench):
    ward = running(cli, bench, steady(bolus_lockout_min=0, dose_max_1h_ng=60_000))
    bolus(ward, 30_000)
    ward.plant.power_cut(59 * MINUTE_MS)
    assert windows(ward)[60] < 10_000
    used = windows(ward)
    assert used[240] > 60_000 and used[1440] > 60_000
    ward.plant.power_cut(4 * HOUR_MS)
    assert windows(ward)[240] < 10_000 < windows(ward)[1440]


def test_a_lost_clock_makes_no_window_run_empty_sooner(cli, bench):
    ward = running(cli, bench, steady(bolus_lockout_min=0, dose_max_1h_ng=60_000))
    bolus(ward, 30_000)
    ward.plant.fault("clock-lost")
    ward.plant.power_cut(3 * HOUR_MS)
    assert windows(ward)[60] > 60_000


def test_the_patients_bolus_is_refused_where_a_window_has_no_room_for_it(cli, bench):
    ward = running(cli, bench, steady(bolus_lockout_min=0, dose_max_1h_ng=27_000, **patient_bolus(lockout_min=10)))
    bolus(ward)
    press(ward)
    ward.advance(10 * MINUTE_MS)
    assert refusals(ward) == ["dose-limit"]
    assert ward.status()["delivered_steps"]["patient-bolus"] == 0
    ward.advance(50 * MINUTE_MS)
    press(ward)
    assert ward.state == "bolus"


def test_a_periodic_bolus_is_left_out_where_a_window_has_no_room_for_it(cli, bench):
    ward = running(cli, bench, steady(bolus_lockout_min=0, dose_max_4h_ng=56_000, **periodic_bolus(10_000)))
    ward.advance(90 * MINUTE_MS)
    bolus(ward, 25_000)
    ward.advance(40 * MINUTE_MS)
    assert ward.status()["delivered_steps"]["periodic-bolus"] == steps_of(10_000)
    ward.advance(2 * HOUR_MS)
    assert refusals(ward) == ["dose-limit"]
    ward.advance(6 * HOUR_MS)
    # The next three, for which the window has room again.
    assert ward.status()["delivered_steps"]["periodic-bolus"] == 4 * 20_000_000 // STEP_PL
    assert (refusals(ward), ward.state) == (["dose-limit"], "infusing")


def test_a_clinicians_bolus_still_to_come_counts_as_given(cli, bench):
    ward = running(cli, bench, steady(bolus_lockout_min=0, dose_max_4h_ng=60_000, **patient_bolus(20_000)))
    with ward.client() as pump:
        pump.bolus(40_000, 2 * HOUR_MS, PATIENT)
    press(ward)
    assert refusals(ward) == ["dose-limit"]
