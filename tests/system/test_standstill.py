"""What stands still ends in a reset: the log says which part it was, and therapy goes on."""

import pytest
from ward import HOUR_MS, MINUTE_MS, PATIENT, SECOND_MS, Ward, delivers, due_steps, infusing

BOLUS = ("bolus", "50ug", "--over", "10min", "--patient", PATIENT, "--yes")
RATE = 200_000
# The watchdog's time and one tick at a low rate.
FOUND_MS = 8_300 + 4_000


def records(ward: Ward, kind: str) -> list[dict]:
    """The fields of every record of a kind."""
    ward.do("log", "pull")
    return [record["fields"] for record in ward.do("log", "show", "--kind", kind)["records"]]


def started_anew(ward: Ward) -> list[tuple[str, str, bool]]:
    """(cause, part) of each start after the first one, from the log."""
    causes = [fields["cause"] for fields in records(ward, "boot")][1:]
    parts = [fields["part"] for fields in records(ward, "fault") if fields["masked"]]
    return list(zip(causes, parts, strict=True))


FLASH_HANG = pytest.param("flash-hang", "main loop", 20 * MINUTE_MS, marks=pytest.mark.on_chip)


@pytest.mark.case("EC5")
@pytest.mark.case("EC22")
@pytest.mark.parametrize(
    ("fault", "part", "seldom_ms"),
    [("bus-hang", "main loop", 0), ("timer-dead", "tick", 0), FLASH_HANG],
)
def test_what_stands_still_ends_in_a_reset_and_therapy_goes_on_without_an_alarm(cli, bench, fault, part, seldom_ms):
    ward = infusing(cli, bench)
    ward.do(*BOLUS)
    ward.advance(MINUTE_MS + 1700)
    ward.plant.fault(fault)
    # The flash is in use only now and then; bus and tick all the time.
    ward.advance(FOUND_MS + seldom_ms)
    assert ward.plant.status()["boots"] == 2
    ward.plant.fault(fault, on=False)
    now = ward.status()
    assert (now["state"], now["alarms"], now["boluses"]) == ("infusing", [], [])
    assert started_anew(ward) == [("watchdog", part)]
    after_ms = ward.lasting_ms(HOUR_MS)
    assert delivers(ward.steps_in(after_ms), RATE, after_ms)
    assert ward.plant.status()["boots"] == 2


def test_a_standstill_during_a_stop_leaves_the_pump_stopped(cli, bench):
    ward = infusing(cli, bench)
    ward.do("stop")
    ward.plant.fault("bus-hang")
    ward.advance(MINUTE_MS)
    assert ward.plant.status()["boots"] == 2
    assert (ward.state, ward.alarms()) == ("suspended", {})
    assert ward.steps_in(MINUTE_MS) == 0


@pytest.mark.case("EC5")
@pytest.mark.parametrize("fault", ["bus-hang", "timer-dead"])
def test_the_third_standstill_within_a_day_stops_the_pump_until_somebody_answers(cli, bench, fault):
    ward = infusing(cli, bench)
    for times in (1, 2, 3):
        ward.advance(HOUR_MS)
        ward.plant.fault(fault)
        ward.advance(MINUTE_MS)
        while ward.plant.status()["boots"] <= times:
            ward.advance(SECOND_MS)
        ward.plant.fault(fault, on=False)
    # A dead timer stays dead until it is switched off: the third start may have come within the first minute.
    alarms = ward.alarms()
    assert alarms["internal-fault"]["priority"] == "high"
    assert ward.state == "alarm-stopped"
    assert not ward.truth()["driver_enabled"]
    assert ward.refused("resume")["name"] == "alarm-present"
    assert ward.sounds(9 * SECOND_MS)
    boots = ward.plant.status()["boots"]
    ward.advance(3 * HOUR_MS)
    assert ward.plant.status()["boots"] == boots
    assert "internal-fault" in ward.alarms()


def test_standstills_more_than_a_day_apart_never_stop_therapy(cli, bench):
    ward = infusing(cli, bench)
    for times in range(3):
        ward.plant.fault("bus-hang")
        ward.advance(13 * HOUR_MS)
        assert ward.plant.status()["boots"] == times + 2
        assert (ward.state, ward.alarms()) == ("infusing", {})


def test_a_bus_that_hangs_at_every_start_ends_in_an_alarm_and_not_in_a_row_of_resets(cli, bench):
    ward = infusing(cli, bench)
    ward.advance(HOUR_MS)
    ward.plant.fault("bus-hang", value=4)
    ward.advance(2 * MINUTE_MS)
    boots = ward.plant.status()["boots"]
    assert ward.state == "alarm-stopped" and "internal-fault" in ward.alarms()
    assert started_anew(ward) == [("watchdog", "I2C bus")] * 3
    ward.advance(HOUR_MS)
    assert ward.plant.status()["boots"] == boots


def test_steps_around_a_standstill_are_never_counted_less_than_made(cli, bench):
    ward = infusing(cli, bench)
    ward.advance(HOUR_MS)
    ward.plant.fault("bus-hang")
    ward.advance(HOUR_MS)
    now, made = ward.status(), ward.truth()["steps_made"]
    assert now["steps_uncertain"] <= 10
    assert 0 <= made - now["steps_total"] <= 10
    # No more than what was due, and no catching up for the time in which nothing turned.
    assert made <= due_steps(RATE, 2 * HOUR_MS) + 1
