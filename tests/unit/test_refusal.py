"""Refusals in words: what happened, and a remedy that fits the command and the pump's state."""

import ast

import pytest
from tree import HOST

from infuser.wire import errors, messages, states, units
from infuser.wire.messages import Refusal
from pumpctl import error_texts, fault_names, refusal_remedy, status_view
from pumpctl.refusal import as_error, shown

LOCK_OUT_MS = 6 * units.MS_PER_H


def in_state(command: int, state: int) -> str:
    return as_error(command, Refusal(errors.WRONG_STATE, "state", state, text=states.STATE_NAMES[state])).remedy


@pytest.mark.parametrize(
    ("since_ms", "remedy"),
    [
        (11 * units.MS_PER_MIN + 195, "wait 5 h 49 min"),
        (0, "wait 6 h"),
        (LOCK_OUT_MS - 90_000, "wait 2 min"),
        (LOCK_OUT_MS - 60_000, "wait 1 min"),
        (LOCK_OUT_MS - 1, "wait 1 s"),
    ],
)
def test_a_lock_out_says_how_long_to_wait_and_never_too_short(since_ms: int, remedy: str) -> None:
    year_ms = 365 * units.MS_PER_DAY
    error = as_error(messages.BOLUS, Refusal(errors.LOCK_OUT, "since_bolus_ms", since_ms, LOCK_OUT_MS, year_ms))
    assert error.remedy == remedy
    assert "of 6 h" in error.message and "365" not in error.message and " ms" not in error.message
    assert (error.value, error.low) == (since_ms, LOCK_OUT_MS)


def test_a_lock_out_without_figures_keeps_its_general_remedy() -> None:
    assert as_error(messages.BOLUS, Refusal(errors.LOCK_OUT)).remedy == "wait until it has passed"


@pytest.mark.parametrize(
    ("command", "state", "remedy"),
    [
        (messages.RESUME, states.REFILL, "complete or cancel the refill"),
        (messages.RESUME, states.INFUSING, "therapy runs already"),
        (messages.RESUME, states.BOLUS, "therapy runs already"),
        (messages.RESUME, states.PRIMING, "pumpctl bolus --cancel"),
        (messages.BOLUS, states.IDLE, "start therapy: `pumpctl resume`"),
        (messages.BOLUS, states.SUSPENDED, "pumpctl resume"),
        (messages.BOLUS, states.MINIMUM_RATE, "pumpctl minimum-rate off"),
        (messages.BOLUS, states.ALARM_STOPPED, "acknowledge the alarm"),
        (messages.PRIME, states.INFUSING, "pumpctl stop"),
        (messages.PRIME, states.MINIMUM_RATE, "pumpctl stop"),
        (messages.SELF_TEST, states.BOLUS, "pumpctl stop"),
        (messages.PROGRAM_CLEAR, states.INFUSING, "pumpctl stop"),
        (messages.CALIBRATE, states.BOLUS, "pumpctl stop"),
        (messages.TEMPORARY_RATE, states.SUSPENDED, "pumpctl resume"),
        (messages.PROGRAM_COMMIT, states.REFILL, "complete or cancel the refill"),
        (messages.MINIMUM_RATE, states.MINIMUM_RATE, "nothing to do"),
        (messages.MINIMUM_RATE, states.INFUSING, "nothing to do"),
        (messages.STOP, states.SERVICE, "switch the pump off and on"),
    ],
)
def test_the_remedy_of_a_wrong_state_fits_state_and_command(command: int, state: int, remedy: str) -> None:
    assert remedy in in_state(command, state)


def test_every_state_has_a_remedy_and_an_unknown_one_keeps_the_general_one() -> None:
    assert set(refusal_remedy.BY_STATE) == set(range(len(states.STATE_NAMES)))
    assert as_error(messages.RESUME, Refusal(errors.WRONG_STATE, "state", 99)).remedy


@pytest.mark.parametrize(
    ("command", "refused"),
    [
        (messages.RESUME, Refusal(errors.RESERVOIR_EMPTY, "reservoir_nl", 0, 1, units.RESERVOIR_CAPACITY_NL)),
        (messages.PRIME, Refusal(errors.OUT_OF_RANGE, "volume_nl", 200_000, 1, 0)),
    ],
)
def test_an_empty_reservoir_is_said_in_words_with_the_command_that_fills_it(command: int, refused: Refusal) -> None:
    error = as_error(command, refused)
    assert error.message.endswith(": the reservoir is not filled") and "`pumpctl refill`" in error.remedy


def test_a_therapy_without_bolus_says_so() -> None:
    error = as_error(messages.BOLUS, Refusal(errors.OUT_OF_RANGE, "dose_ng", 50_000, 1, 0))
    assert "none is allowed" in error.message and "allows no bolus" in error.remedy


def test_every_other_refusal_keeps_value_range_and_remedy_of_the_declarations() -> None:
    error = as_error(messages.PRIME, Refusal(errors.OUT_OF_RANGE, "volume_nl", 9_000_000, 1, 5_000_000))
    assert "volume = 9 mL, allowed 0.001 uL to 5 mL" in error.message
    assert error.remedy == error_texts.ERRORS[errors.OUT_OF_RANGE][2]


def test_another_concentration_names_both_and_the_command_that_bridges_them() -> None:
    error = as_error(
        messages.RESUME, Refusal(errors.CONCENTRATION_MISMATCH, "concentration_ug_per_ml", 500, 2000, 2000)
    )
    assert error.message.endswith("the reservoir holds 2000 ug/mL, the program is for 500 ug/mL")
    assert "pumpctl program send FILE --bridge" in error.remedy


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (errors.BRIDGE_ACTIVE, "pumpctl status"),
        (errors.NO_PLAN, "[plan] table"),
        (errors.PATIENT_BOLUS_LIMIT, "24 h old"),
        (errors.NO_PATIENT_BOLUS, "clinician"),
        (errors.CLOCK_LOST, "pumpctl clock set"),
    ],
)
def test_a_refusal_of_a_dose_says_what_to_do(code: int, remedy: str) -> None:
    assert remedy in as_error(messages.TEMPORARY_RATE, Refusal(code)).remedy


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("step_pl", 98_912, "98.912 nL"),
        ("plan_increase_permille", 125, "12.5 %"),
        ("uncertainty_ppm", 1200, "0.12 %"),
        ("plan_list[0].at_min", 29_936_640, "2026-12-02 08:00"),
        ("plan_list[0].at_min", 0xFFFFFFFF, "2099-12-31 23:59"),
        ("start_min", 29_936_640, "2026-12-02 08:00"),
        ("step_list[1].start_min", 960, "16:00"),
        ("delay_ms", 7_200_000, "2 h"),
        ("remind_min", 240, "4 h"),
    ],
)
def test_a_value_is_written_in_the_unit_that_its_field_carries(field: str, value: int, told: str) -> None:
    assert shown(field, value) == told


NOW_MS = 1_772_434_800_000


@pytest.mark.parametrize(
    ("due_ms", "reservoir_nl", "steps_total", "told"),
    [
        (0, 9_000_000, 5, "-"),
        (NOW_MS, 0, 0, "-"),
        (NOW_MS + 40, 1_900_000, 90, "now"),
        (NOW_MS, 0, 90, "now"),
        (NOW_MS + 2 * units.MS_PER_DAY, 9_000_000, 0, "2026-03-04 08:00"),
    ],
)
def test_the_due_time_of_a_refill_is_a_dash_where_nothing_tells_and_now_when_it_is(
    due_ms: int, reservoir_nl: int, steps_total: int, told: str
) -> None:
    status = {"reservoir_nl": reservoir_nl, "steps_total": steps_total, "time_ms": NOW_MS, "utc_offset_min": 60}
    assert status_view.refill_due(due_ms, status) == told


def test_every_fault_of_the_virtual_pump_has_its_line() -> None:
    tree = ast.parse((HOST / "pumpctl/virtual/world/faults.py").read_text(encoding="utf-8"))
    (table,) = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "FAULTS"
    ]
    assert isinstance(table, ast.Dict)
    assert {ast.literal_eval(key) for key in table.keys if key is not None} == set(fault_names.FAULTS)
