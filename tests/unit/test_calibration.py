"""Volume of a microstep from weighed runs: figures made by hand, and a scripted pump that dispenses."""

import io
import math
from collections.abc import Iterator
from typing import Any

import pytest
from desk import declined
from hypothesis import given
from hypothesis import strategies as st
from wirepeer import EMPTY_STATUS, Peer, answering

from infuser.wire import errors as wire_errors
from infuser.wire import messages, states, units
from infuser.wire.messages import Refusal
from pumpctl import calibration, calibration_view
from pumpctl.calibration import Calibration, Run
from pumpctl.calibration_run import Order, check_order, check_ready, dispense
from pumpctl.cli import main
from pumpctl.cli.context import Context
from pumpctl.cli.weights import Listed, Source
from pumpctl.client import Pump
from pumpctl.errors import USAGE, Refused, UsageProblem, VerificationError

pytestmark = pytest.mark.usefixtures("home")
UNIT_DENSITY = 1_000_000  # 1 mg/uL: a mg is a uL
ML = units.NL_PER_ML
NOMINAL = units.STEP_PL_NOMINAL


def runs(*step_pl: int, steps: int = 10_000) -> Calibration:
    """Runs that give these volumes a microstep; at 1 mg/uL a pL weighs a ng."""
    return Calibration([Run(steps, pl * steps, UNIT_DENSITY) for pl in step_pl])


# Figures


def test_a_runs_volume_is_its_mass_by_the_density() -> None:
    run = Run(10_186, 998_200_000, 998_200)
    assert run.volume_pl == 1_000_000_000
    assert float(run.step_pl) == pytest.approx(98_174.0, abs=0.1)


def test_mean_deviation_and_uncertainty_are_those_of_the_textbook() -> None:
    told = runs(98_000, 98_100, 98_200, 98_300, 98_400)
    assert told.step_pl == 98_200
    # s = sqrt(100,000 / 4) = 158.11 pL; t(4) = 2.776; 2.776 * 158.11 / sqrt(5) = 196.29 pL.
    assert told.deviation_ppm == round(158.11388 / 98_200 * 1e6)
    assert told.uncertainty_ppm == math.ceil(2.776 * 158.11388 / math.sqrt(5) / 98_200 * 1e6)


def test_two_runs_are_little_to_go_by() -> None:
    # s = 10 pL * sqrt(2) / 2 ... of a difference of 20: 14.142; 12.706 * 14.142 / sqrt(2) = 127.06 pL.
    assert runs(98_165, 98_185).uncertainty_ppm == math.ceil(127.06 / 98_175 * 1e6)


@pytest.mark.parametrize("count", range(calibration.RUNS_MIN, calibration.RUNS_MAX + 1))
def test_runs_that_agree_leave_no_uncertainty_however_many_they_are(count: int) -> None:
    told = runs(*[98_000] * count)
    assert (told.step_pl, told.deviation_ppm, told.uncertainty_ppm, told.outliers) == (98_000, 0, 0, [])


@given(st.lists(st.integers(90_000, 106_000), min_size=2, max_size=20))
def test_the_mean_lies_between_the_runs_and_their_spread_bounds_the_deviation(pls: list[int]) -> None:
    told = runs(*pls)
    assert min(pls) <= told.step_pl <= max(pls)
    assert told.deviation_ppm <= (max(pls) - min(pls)) / min(pls) * 1e6 + 1
    assert (told.uncertainty_ppm == 0) == (len(set(pls)) == 1)


@given(st.lists(st.integers(97_000, 99_000), min_size=3, max_size=19), st.integers(97_000, 99_000))
def test_the_unit_of_the_weights_does_not_matter_to_the_spread(pls: list[int], factor_permille: int) -> None:
    scaled = Calibration([Run(1000, pl * 1000, UNIT_DENSITY * factor_permille // 97_000) for pl in pls])
    assert scaled.deviation_ppm == pytest.approx(runs(*pls).deviation_ppm, abs=2)


def test_a_run_beyond_five_percent_of_the_others_is_pointed_out() -> None:
    told = runs(98_000, 98_200, 92_000, 98_100, 103_500)
    assert told.outliers == [3, 5]
    hints = " ".join(calibration_view.hints(told, {"step_pl": NOMINAL}))
    assert "Run 3 is more than 5 % off" in hints and "Run 5" in hints and "calibrate again" in hints


def test_a_change_within_the_uncertainty_is_said_to_be_none() -> None:
    assert "may as well stay" in " ".join(calibration_view.hints(runs(98_100, 98_300), {"step_pl": NOMINAL}))
    assert calibration_view.hints(runs(98_100, 98_102), {"step_pl": NOMINAL}) == []


@pytest.mark.parametrize("step_pl", [NOMINAL - NOMINAL // 10, NOMINAL, NOMINAL + NOMINAL // 10])
def test_up_to_ten_percent_from_nominal_is_a_calibration(step_pl: int) -> None:
    calibration.check(runs(step_pl, step_pl))


@pytest.mark.parametrize(("step_pl", "off"), [(88_000, "-10.3641 %"), (110_000, "+12.0448 %")])
def test_more_than_ten_percent_from_nominal_is_refused_with_what_to_look_at(step_pl: int, off: str) -> None:
    with pytest.raises(VerificationError) as refused:
        calibration.check(runs(step_pl, step_pl))
    assert off in refused.value.message and "keeps its value" in refused.value.message
    assert (refused.value.value, refused.value.low, refused.value.high) == (step_pl, 88_358, 107_992)
    assert "air, a leak" in refused.value.remedy


def test_a_run_that_weighs_nothing_is_refused() -> None:
    with pytest.raises(VerificationError, match="run 2 weighs nothing"):
        calibration.check_weighed(Run(10_000, 0, UNIT_DENSITY), 2)


def test_the_tables_show_each_run_and_the_value_in_force() -> None:
    told = runs(97_000, 97_200)
    now = {**EMPTY_STATUS, "step_pl": NOMINAL}
    assert [row[4:] for row in calibration_view.rows(told)] == [
        ("97 nL", "-0.103 %"), ("97.2 nL", "+0.103 %"),
    ]  # fmt: skip
    summary = dict(calibration_view.summary(told, now))
    assert summary["new"] == "97.1 nL a microstep"
    assert summary["off nominal"] == summary["change"] == "-1.095 %"
    assert "98.175 nL" in summary["in force"]


# What is asked for


@pytest.mark.parametrize(
    ("order", "told"),
    [
        (Order(50_000, 60_000, UNIT_DENSITY), "--volume is 50 uL, allowed 100 uL to 5 mL"),
        (Order(6 * ML, 3_600_000, UNIT_DENSITY), "--volume is 6 mL"),
        (Order(ML, 59_000, UNIT_DENSITY), "--over is 59 s, allowed 1 min to 1 d for 1 mL"),
        (Order(ML, 90_000_000, UNIT_DENSITY), "--over is 1 d 1 h"),
        (Order(ML, 60_000, 1), "--density is 0.000001 mg/uL"),
    ],
)
def test_what_the_pump_would_refuse_is_refused_before_it_is_asked(order: Order, told: str) -> None:
    with pytest.raises(UsageProblem) as refused:
        check_order(order)
    assert told in refused.value.message and refused.value.remedy


def test_a_pump_that_delivers_or_holds_too_little_is_not_calibrated() -> None:
    order = Order(ML, 60_000, UNIT_DENSITY)
    with pytest.raises(UsageProblem, match="the pump is infusing; it is calibrated while idle or suspended"):
        check_ready({**EMPTY_STATUS, "state": states.INFUSING}, order, 2)
    with pytest.raises(UsageProblem, match="5 runs take 5 mL; the reservoir holds 4.5 mL"):
        check_ready({**EMPTY_STATUS, "state": states.SUSPENDED, "reservoir_nl": 4_500_000}, order, 5)
    check_ready({**EMPTY_STATUS, "state": states.IDLE, "reservoir_nl": 5 * ML}, order, 5)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "there is no terminal to ask for weights at; nothing was dispensed"),
        (["--weights", "996.1"], '"996.1" has no unit'),
        (["--weights", "996.1ml,1mg"], "unknown unit"),
        (["--weights", "996.1mg"], "--weights names 1 weights, allowed 2 to 20"),
        (["--weights", "1mg,1mg", "--runs", "3"], "--weights names 2 weights, allowed 3"),
        (["--weights", "-", "--virtual-scale", "a"], "exclude each other"),
        (["--runs", "1", "--weights", "-"], "'--runs'"),
        (["--virtual-scale", "nobody"], "there is no virtual pump 'nobody'"),
        (["--weights", "-", "--volume", "9ml"], "--volume is 9 mL"),
        (["--weights", "-", "--over", "1s"], "--over is 1 s"),
    ],
)
def test_a_mistake_is_told_before_the_pump_is_asked(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with Peer() as peer:
        assert main.run(["-p", peer.port, "calibrate", *words]) == USAGE
        assert peer.seen == []
    assert told in capsys.readouterr().err


def test_the_question_names_volume_runs_and_the_line() -> None:
    status = {**EMPTY_STATUS, "state": states.IDLE, "reservoir_nl": 20 * ML, "step_pl": NOMINAL}
    with Peer({messages.STATUS: lambda request: status}) as peer:
        asked = declined(peer, "calibrate", "--runs", "3", "--volume", "2ml")
        assert messages.PRIME not in [command for command, _, _ in peer.seen]
    assert "Dispense 3 times 2 mL over 10 min each for weighing; is the line off the patient?" in asked


def test_weights_come_from_the_list_or_a_line_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Source(None, "996.1mg, 0.9972 g", None).given_ng == [996_100_000, 997_200_000]
    assert Source(None, "1mg,2mg,3mg", None).count(False) == 3
    assert Source(None, "-", None).count(False) == 5
    assert Listed(Context(), 2, [1, 2]).weigh(2) == 2
    monkeypatch.setattr("sys.stdin", io.StringIO("996.1mg\n"))
    listed = Listed(Context(), 2, [])
    assert listed.weigh(1) == 996_100_000
    with pytest.raises(UsageProblem, match="no weight for run 2: standard input has ended"):
        listed.weigh(2)


# Dispensing


class Dispenser:
    """A pump that primes: `made` of the microsteps due, in `turns` looks at its status, ending in `ends`."""

    def __init__(self, made: int, turns: int = 3, ends: int = states.IDLE) -> None:
        self.made = made
        self.left = 0
        self.turns = turns
        self.ends = ends
        self.state = states.IDLE
        self.steps = 77
        self.cancelled = False

    def status(self, _: dict[str, Any]) -> dict[str, Any]:
        if self.state == states.PRIMING:
            self.left -= 1
            if self.left < 0:
                self.state, self.steps = self.ends, self.steps + self.made
        buckets = [{"steps": 0} for _ in range(states.BUCKETS)]
        buckets[states.PRIME]["steps"] = self.steps
        return {**EMPTY_STATUS, "state": self.state, "step_pl": NOMINAL, "bucket_list": buckets}

    def prime(self, request: dict[str, Any]) -> dict[str, Any]:
        self.state, self.left = states.PRIMING, self.turns
        return {"volume_nl": request["volume_nl"], "ends_ms": 0}

    def cancel(self, _: dict[str, Any]) -> dict[str, Any]:
        self.cancelled, self.state = True, states.IDLE
        return {"delivered_nl": 0}

    @property
    def handlers(self) -> dict[int, Any]:
        return {messages.STATUS: self.status, messages.PRIME: self.prime, messages.BOLUS_CANCEL: self.cancel}


ORDER = Order(ML, 60_000, UNIT_DENSITY)
DUE = ML * 1000 // NOMINAL


@pytest.fixture
def passed() -> Iterator[list[int]]:
    """The ms that were let pass."""
    yield []


@pytest.mark.parametrize("made", [DUE - 1, DUE, DUE + 1])
def test_a_run_counts_the_microsteps_made_for_it(made: int, passed: list[int]) -> None:
    dispenser = Dispenser(made)
    told: list[float] = []
    with Peer(dispenser.handlers) as peer, Pump.open(peer.port) as pump:
        assert dispense(pump, ORDER, passed.append, told.append) == made
        (request,) = [request for command, _, request in peer.seen if command == messages.PRIME]
    assert (request["purpose"], request["volume_nl"], request["duration_ms"]) == (0, ML, 60_000)
    assert told == sorted(told) and told[-1] == ORDER.duration_ms
    assert passed[-1] > passed[0] > 0


def test_a_run_cut_short_is_no_measurement(passed: list[int]) -> None:
    dispenser = Dispenser(DUE - 400)
    with Peer(dispenser.handlers) as peer, Pump.open(peer.port) as pump, pytest.raises(VerificationError) as told:
        dispense(pump, ORDER, passed.append, lambda done: None)
    assert f"the run was cut short: {DUE - 400} of {DUE} microsteps" in told.value.message
    assert "calibration is unchanged" in told.value.message


def test_a_run_that_an_alarm_ends_is_no_measurement(passed: list[int]) -> None:
    dispenser = Dispenser(DUE, ends=states.ALARM_STOPPED)
    with (
        Peer(dispenser.handlers) as peer, Pump.open(peer.port) as pump,
        pytest.raises(VerificationError, match="the pump is alarm-stopped"),
    ):  # fmt: skip
        dispense(pump, ORDER, passed.append, lambda done: None)


def test_an_abort_stops_the_motor() -> None:
    dispenser = Dispenser(DUE, turns=99)

    def interrupted(duration_ms: int) -> None:
        raise KeyboardInterrupt

    with Peer(dispenser.handlers) as peer, Pump.open(peer.port) as pump, pytest.raises(KeyboardInterrupt):
        dispense(pump, ORDER, interrupted, lambda done: None)
    assert dispenser.cancelled


def test_a_pump_whose_time_stands_still_is_not_waited_for_for_ever(passed: list[int]) -> None:
    dispenser = Dispenser(DUE, turns=100_000)
    with (
        Peer(dispenser.handlers) as peer, Pump.open(peer.port) as pump,
        pytest.raises(VerificationError, match="still dispenses 1 min after its time was over"),
    ):  # fmt: skip
        dispense(pump, ORDER, passed.append, lambda done: None)
    assert dispenser.cancelled and sum(passed) <= 2 * 60_000 + 2 * passed[0]


def test_a_refusal_of_the_pump_changes_nothing(passed: list[int]) -> None:
    def refuse(_: dict[str, Any]) -> None:
        raise Refusal(wire_errors.WRONG_STATE)

    handlers = {**Dispenser(DUE).handlers, messages.PRIME: refuse}
    with Peer(handlers) as peer, Pump.open(peer.port) as pump, pytest.raises(Refused):
        dispense(pump, ORDER, passed.append, lambda done: None)
    assert passed == []


def test_the_client_sends_what_was_measured() -> None:
    with (
        Peer({messages.CALIBRATE: answering(messages.CALIBRATE, step_pl=98_000)}) as peer,
        Pump.open(peer.port) as pump,
    ):
        assert pump.calibrate(98_000, 120, 5)["step_pl"] == 98_000
        sent = peer.seen[-1][2]
    assert (sent["step_pl"], sent["uncertainty_ppm"], sent["runs"]) == (98_000, 120, 5)
