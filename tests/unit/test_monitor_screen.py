"""The monitor's screen in characters: every size is filled exactly, what matters most is there, old data is marked."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pumplog import STEP_PL, PumpLog, therapy
from wirepeer import EMPTY_STATUS

from infuser.wire import alarms, messages, records, states, units
from infuser.wire import program as programs
from pumpctl import monitor_ask, monitor_day, monitor_draw, monitor_plot, monitor_view
from pumpctl.exchange import Hello
from pumpctl.monitor_draw import Scene
from pumpctl.monitor_link import Order
from pumpctl.monitor_look import Look
from pumpctl.program import decode
from pumpctl.report_time import place

SERIAL = "0123456789abcdef"
LIVE = "LIVE, 0 s ago"
SIZES = [(80, 24), (120, 40), (200, 60), (100, 30), (60, 20), (20, 5), (1, 1)]


def alarm(code: int, **changed: Any) -> dict[str, Any]:
    told = {"alarm": code, "priority": alarms.priority(code), "since_ms": 0, "active": True, "acknowledged": False,
            "latched": False, "detail": 0}  # fmt: skip
    return {**told, **changed}


def look(**changed: Any) -> Look:
    """A pump that has run since 08:00 the day before, at 14:00."""
    log = PumpLog()
    log.refill(0, 20 * units.NL_PER_ML)
    log.note(records.PROGRAM, program=therapy(), confirmed=False, operator="Ada")
    log.state(states.IDLE, states.INFUSING)
    log.run(30, 480_000)
    status = {
        **EMPTY_STATUS, "state": states.INFUSING, "mode": programs.FLEX, "rate_nl_per_day": 480_000,
        "dose_ng_per_day": 240_000, "program_dose_ng_per_day": 280_000, "delivered_today_nl": 280_000,
        "delivered_total_nl": 600_000, "bucket_list": [{"steps": steps} for steps in log.counters.values()],
        "step_pl": STEP_PL, "steps_total": sum(log.counters.values()), "reservoir_nl": 19_400_000,
        "low_reservoir_nl": 2_000_000, "time_ms": log.time_ms, "utc_offset_min": 60, "time_valid": True,
        "patient": "BENCH-001", "drug": "baclofen", "concentration_ug_per_ml": 500, "delivered_ug_per_ml": 500,
        "refill_due_ms": log.time_ms + 30 * units.MS_PER_DAY, "battery_mv": 4100, "temperature_mc": 32_000,
        "window_list": [{"span_min": 1440, "limit_nl": 1_200_000, "used_nl": 500_000}],
        **changed,
    }  # fmt: skip
    hello = Hello("9.9.9", SERIAL, 1, messages.protocol_hash())
    return Look(status, hello, decode(therapy()), place(log.decoded), log.time_ms)


def shown(scene: Scene, width: int = 80, height: int = 24) -> str:
    return monitor_draw.text(monitor_draw.screen(scene, width, height))


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("live", [True, False])
def test_every_size_of_terminal_is_filled_and_never_overrun(width: int, height: int, live: bool) -> None:
    lines = monitor_draw.screen(Scene(look(), live, 7, "the link is lost"), width, height)
    assert len(lines) <= height and all(sum(len(part) for part, _ in line) <= width for line in lines)
    if width >= 80:
        assert len(lines) == height


codes = st.sampled_from(sorted(alarms.ALARMS))
odd = st.fixed_dictionaries({}, optional={
    "state": st.integers(0, 12), "stop_reason": st.integers(0, 12), "mode": st.integers(0, 3),
    "alarm_list": st.lists(codes.map(alarm), max_size=12), "delivered_today_nl": st.integers(0, 2**32 - 1),
    "rate_nl_per_day": st.integers(0, 2**32 - 1), "reservoir_nl": st.integers(0, 2**32 - 1),
    "time_valid": st.booleans(), "time_ms": st.integers(0, 2**64 - 1), "refill_due_ms": st.integers(0, 2**64 - 1),
    "patient": st.text(max_size=80), "drug": st.text(max_size=255), "audio_pause_ms": st.integers(0, 2**32 - 1),
    "step_pl": st.integers(0, 2**32 - 1), "utc_offset_min": st.integers(-(2**31), 2**31 - 1),
    "temporary_left_ms": st.integers(0, 2**32 - 1), "start_in_ms": st.integers(0, 2**64 - 1),
    "bridge_left_nl": st.integers(0, 2**32 - 1), "patient_bolus_nl": st.integers(0, 2**32 - 1),
    "periodic_due_ms": st.integers(0, 2**32 - 1), "plan_length": st.integers(0, 255),
    "bolus_list": st.lists(st.fixed_dictionaries({
        "bucket": st.integers(0, 4), "volume_nl": st.integers(0, 2**32 - 1), "delivered_nl": st.integers(0, 2**32 - 1),
        "left_ms": st.integers(0, 2**32 - 1), "held": st.booleans(),
    }), max_size=5), "window_list": st.lists(st.fixed_dictionaries({
        "span_min": st.integers(0, 65535), "limit_nl": st.integers(0, 2**32 - 1), "used_nl": st.integers(0, 2**32 - 1),
    }), max_size=4), "bucket_list": st.lists(st.fixed_dictionaries({"steps": st.integers(0, 2**32 - 1)}), max_size=7),
})  # fmt: skip


@settings(max_examples=60)
@given(odd, st.sampled_from(SIZES), st.booleans())
def test_whatever_a_pump_tells_fits_the_screen(told: dict[str, Any], size: tuple[int, int], live: bool) -> None:
    seen = look(**told)
    lines = monitor_draw.screen(Scene(seen, live, 3, "x" * 300, "y" * 300), *size)
    assert len(lines) <= size[1] and all(sum(len(part) for part, _ in line) <= size[0] for line in lines)
    if size[0] >= 80:
        last = "".join(part for part, _ in lines[-1])
        assert len(lines) == size[1] and "s STOP" in last and ("LIVE, 3 s ago" if live else "NOT LIVE") in str(lines[1])
    assert monitor_draw.once(Scene(seen), 80, monitor_plot.ASCII)
    assert monitor_view.document(seen)["serial"] == SERIAL


def test_at_80_by_24_everything_that_matters_is_on_the_screen() -> None:
    text = shown(Scene(look(), True, 0))
    for word in ("INFUSING", "240 ug/d", "480 uL/d", "BENCH-001", LIVE, SERIAL, "as here", "alarms           none",
                 "280 uL (140 ug) of", "as planned (280 uL by now)", "350 ug of 600 ug in 24 h",
                 "19.4 mL, alarm at 2 mL", "in 30 d", "battery 4.1 V", "s STOP"):  # fmt: skip
        assert word in text, word
    assert "…" not in text.split("─ log")[0]


def test_what_is_not_live_is_never_shown_as_live() -> None:
    text = shown(Scene(look(alarm_list=[alarm(alarms.STALL)]), False, 42, "the link to COM3 is lost; trying again"))
    first, second, *rest = text.split("\n")
    assert first.startswith(" WAS INFUSING")
    assert "NOT LIVE: all below is 42 s old" in second
    assert LIVE not in text and "the link to COM3 is lost" in text
    marked = [line for line in rest if line[:1] == "?"]
    names = ["!!!", "today", "delivered", "room left", "reservoir", "device"]
    assert [line[1:].split("  ")[0].split(" ")[0] for line in marked] == [name.split(" ")[0] for name in names]


def test_a_terminal_that_is_too_small_says_so_and_still_tells_state_and_alarms() -> None:
    text = shown(Scene(look(alarm_list=[alarm(alarms.STALL)])), 60, 20)
    assert "60 x 20 is too small: the monitor needs 80 x 24." in text
    assert "INFUSING" in text and "!!! stall" in text and "s STOP" in text


def test_alarms_come_by_priority_and_none_is_lost_where_there_is_no_room() -> None:
    listed = [alarm(code) for code in sorted(alarms.ALARMS)]
    heads = [line for line in shown(Scene(look(alarm_list=listed))).split("\n") if line.startswith(" !")]
    assert all(line.startswith(" !!! HIGH") for line in heads)
    more = len(listed) - len(heads)
    assert f"and {more} more alarms" in shown(Scene(look(alarm_list=listed)))
    assert "s STOP" in shown(Scene(look(alarm_list=listed)))
    few = [alarm(alarms.COVER_OPEN), alarm(alarms.OVERHEAT), alarm(alarms.STALL, acknowledged=True)]
    text = shown(Scene(look(alarm_list=few)))
    assert text.index("!!! HIGH") < text.index("!!  MEDIUM") < text.index("!   LOW")
    assert "stall, since unknown, acknowledged" in text


def test_a_pump_that_does_everything_at_once_still_fits_into_80_by_24() -> None:
    busy = look(
        alarm_list=[alarm(alarms.STALL), alarm(alarms.OVERHEAT), alarm(alarms.BATTERY_LOW), alarm(alarms.COVER_OPEN)],
        temporary_left_ms=units.MS_PER_H, temporary_dose_ng_per_day=60_000, patient_bolus_nl=20_000,
        patient_boluses_left=3, plan_length=5, plan_position=2, plan_held=True, audio_pause_ms=60_000,
        bolus_list=[{"bucket": bucket, "volume_nl": 9000, "delivered_nl": 1, "left_ms": 1000, "held": False}
                    for bucket in (1, 2)],
    )  # fmt: skip
    text = shown(Scene(busy, message="uncertain " * 20, message_kind="uncertain"))
    for word in ("!!! HIGH", "!!  MEDIUM  overheat", "more alarms", "planned by now", "temporary rate   60",
                 "patient bolus", "clinician bolus", "reservoir", "s STOP"):  # fmt: skip
        assert word in text, text


def test_priority_is_told_by_signs_and_words_so_that_colours_may_be_missing() -> None:
    for code, mark in ((alarms.STALL, "!!! HIGH"), (alarms.OVERHEAT, "!!  MEDIUM"), (alarms.COVER_OPEN, "!   LOW")):
        assert f" {mark}" in shown(Scene(look(alarm_list=[alarm(code)])))


def test_a_large_terminal_shows_the_day_as_a_plot_and_a_small_one_does_not() -> None:
    assert "24:00" in shown(Scene(look()), 120, 40)
    assert "24:00" not in shown(Scene(look()), 80, 24)


def test_the_plot_ends_where_the_day_and_its_plan_do() -> None:
    day = monitor_day.of(look())
    lines = monitor_plot.day_plot(day, 107, 13, monitor_plot.ASCII)
    assert len(lines) == 13 and {len(line) for line in lines[1:-1]} == {107}
    assert lines[1].split("  ")[2].strip() == "560 uL" and day.whole_nl == 560_000
    # At 14:00 the filled part ends, 14/24 of the way; the plan goes on to the end.
    bottom = lines[-3]
    assert bottom.rstrip().endswith("#") and abs(len(bottom.rstrip()) - 11 - 96 * 14 // 24) <= 1
    assert lines[1].rstrip().endswith("o")


def test_a_bar_is_filled_to_its_share_and_marked() -> None:
    assert monitor_plot.bar(1, 2, 10, monitor_plot.ASCII, mark=1) == "#####|...."
    assert monitor_plot.bar(5, 2, 4, monitor_plot.ASCII) == "####"
    assert monitor_plot.bar(0, 2, 4, monitor_plot.ASCII, mark=9) == "...|"
    assert monitor_plot.bar(1, 0, 4, monitor_plot.ASCII) == ""


def test_a_delay_of_the_plan_is_told_with_its_cause() -> None:
    seen = look(delivered_today_nl=180_000)
    told = monitor_view.progress(seen, monitor_day.of(seen))
    assert told == "100 uL BEHIND 280 uL planned by now"
    day = replace(monitor_day.of(seen), stopped_ms=5 * units.MS_PER_H, by_hand_nl=10_000)
    assert monitor_view.interruptions(day) == ["boluses by hand 10 uL", "stopped 5 h"]


def test_a_clock_set_back_to_before_the_beginning_leaves_no_plan_in_the_future() -> None:
    now = look()
    seen = replace(now, status={**now.status, "time_ms": now.status["time_ms"] - 40 * units.MS_PER_DAY})
    assert monitor_view.progress(seen, monitor_day.of(seen)) == "no plan: the clock was set back"


def test_a_clock_set_back_into_a_day_that_the_log_has_had_leaves_no_plan_and_no_more_boluses_than_were_given() -> None:
    now = look()
    back_ms = now.status["time_ms"] - 3 * units.MS_PER_H
    seen = replace(now, status={**now.status, "time_ms": back_ms, "delivered_today_nl": 1_000})
    day = monitor_day.of(seen)
    assert monitor_view.progress(seen, day) == "no plan: the clock was set back"
    assert day.by_hand_nl <= day.delivered_nl == 1_000


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"time_valid": False}, "no plan: the pump's clock is lost"),
        ({"state": states.IDLE}, "no plan: therapy has not started"),
    ],
)
def test_without_a_plan_it_says_why(changed: dict[str, Any], told: str) -> None:
    seen = look(**changed)
    assert monitor_view.progress(seen, monitor_day.of(seen)) == told


@pytest.mark.parametrize(
    ("off_ms", "told"),
    [(1_999, "as here"), (3_000, "3 s behind"), (-90_000, "1 min 30 s ahead")],
)
def test_the_clock_is_compared_with_this_machines(off_ms: int, told: str) -> None:
    seen = look()
    assert monitor_view.clock(replace(seen, host_ms=seen.host_ms + off_ms)).endswith(told)


def test_a_virtual_pumps_own_time_is_not_told_as_an_error() -> None:
    seen = look()
    told = monitor_view.clock(replace(seen, host_ms=seen.host_ms + 90_000, virtual=True))
    assert told.endswith("virtual time") and "behind" not in told


def test_resuming_is_asked_with_patient_and_dose_and_bound_to_what_was_seen() -> None:
    dialog = monitor_ask.resume(look(state=states.SUSPENDED, program_digest=b"d" * 32))
    assert isinstance(dialog, monitor_ask.Dialog)
    assert any("280 ug/d for BENCH-001" in line for line in dialog.lines)
    assert dialog.answers == {"y": Order("resume", agreed=("BENCH-001", b"d" * 32))}
    temporary = {"temporary_left_ms": units.MS_PER_H, "temporary_dose_ng_per_day": 60_000}
    first = monitor_ask.resume(look(state=states.SUSPENDED, **temporary))
    assert isinstance(first, monitor_ask.Dialog)
    assert "at first   temporary rate, 60 ug/d for 1 h more" in first.lines
    assert monitor_ask.resume(look()) == "therapy runs already"
    assert "no program" in str(monitor_ask.resume(replace(look(), program=None)))


def test_one_alarm_that_was_read_is_acknowledged_at_once_and_every_other_one_is_named_first() -> None:
    every = list(alarms.ALARMS)
    assert monitor_ask.acknowledge(look(), every) == "no alarm waits to be acknowledged"
    alone = look(alarm_list=[alarm(alarms.OVERHEAT)])
    assert monitor_ask.acknowledge(alone, every) == Order("acknowledge", codes=(alarms.OVERHEAT,))
    beside = look(alarm_list=[alarm(alarms.STALL, acknowledged=True), alarm(alarms.OVERHEAT)])
    for seen, read in ((alone, []), (beside, every)):
        named = monitor_ask.acknowledge(seen, read)
        assert isinstance(named, monitor_ask.Dialog) and "overheat" in named.lines[0]
        assert named.answers["a"].codes == (alarms.OVERHEAT,)
    many = monitor_ask.acknowledge(look(alarm_list=[alarm(code) for code in every]), every)
    assert isinstance(many, monitor_ask.Dialog) and len(every) > 9
    assert len(many.answers["a"].codes) == 9 and all(alarms.name(code) in " ".join(many.lines)
                                                     for code in many.answers["a"].codes)  # fmt: skip
    several = monitor_ask.acknowledge(look(alarm_list=[alarm(alarms.COVER_OPEN), alarm(alarms.STALL)]), every)
    assert isinstance(several, monitor_ask.Dialog)
    assert several.answers["1"].codes == (alarms.STALL,)
    assert several.answers["a"].codes == (alarms.STALL, alarms.COVER_OPEN)


def test_the_log_has_a_page_of_its_own_that_can_be_scrolled() -> None:
    scene = Scene(look())
    last = monitor_draw.text(monitor_draw.log_page(scene, 80, 24, 0, True))
    assert "end of the log" in last and "delivery" in last
    assert "delivery" not in monitor_draw.text(monitor_draw.log_page(scene, 80, 24, 0, False))
    old = Scene(look(alarm_list=[alarm(alarms.STALL)]), False, 9, "the link is lost", "Stopped", "done")
    page = monitor_draw.text(monitor_draw.log_page(old, 80, 24, 0, False))
    for word in ("WAS INFUSING", "NOT LIVE: the link is lost", "?!!! stall", "Stopped", "s STOP"):
        assert word in page, word
    assert len(page.split("\n")) == 24
    first = monitor_draw.text(monitor_draw.log_page(scene, 80, 24, 1 << 20, True))
    assert "refill" in first and "lines below" in first
