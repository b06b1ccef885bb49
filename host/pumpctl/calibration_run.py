"""Dispenses volumes to be weighed; whatever goes wrong, the motor stands still afterwards."""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from infuser.wire import states, units
from pumpctl import accuracy_scale, quantity, status_parts, status_view
from pumpctl.client import Pump, Values
from pumpctl.errors import PumpctlError, UsageProblem, VerificationError

VOLUME_MIN_NL = 100 * units.NL_PER_UL
# The last burst of pulses takes up to two ticks, the last drop from the outlet some time more.
_DRIP_MS = 5 * units.MS_PER_S
_WHOLE_PERCENT = 99
_LATE_MS = units.MS_PER_MIN
_LOOK_MS = 500
_AT_REST = (states.IDLE, states.SUSPENDED)

Progress = Callable[[float], None]
# Lets so many ms pass.
Passing = Callable[[int], None]


class Scale(Protocol):
    """A balance and whoever reads it; runs are numbered from 1."""

    def tare(self, number: int) -> None:
        """Return when the vessel stands under the outlet and shows nothing."""

    def weigh(self, number: int) -> int:
        """What the vessel holds now, in ng."""


@dataclass(frozen=True)
class Order:
    """How to dispense: `volume_nl` over `duration_ms`, of a liquid of this density."""

    volume_nl: int
    duration_ms: int
    density_ug_per_ml: int


def wait(duration_ms: int) -> None:
    """Passing for a real pump."""
    time.sleep(duration_ms / units.MS_PER_S)


def check_order(order: Order) -> None:
    """UsageProblem for a volume or a pace that the pump would refuse, or a density that no fluid has."""
    accuracy_scale.check_density(order.density_ug_per_ml)
    low, high = VOLUME_MIN_NL, units.PRIMING_MAX_NL
    if not low <= order.volume_nl <= high:
        told = [quantity.format_volume(size) for size in (order.volume_nl, low, high)]
        raise UsageProblem(
            f"--volume is {told[0]}, allowed {told[1]} to {told[2]} a run",
            field="--volume", value=order.volume_nl, low=low, high=high, remedy="for example --volume 1ml",
        )  # fmt: skip
    shortest_ms = -(-order.volume_nl * units.MS_PER_DAY // units.PRIMING_MAX_NL_PER_DAY)
    low, high = max(units.BOLUS_MIN_MS, shortest_ms), units.BOLUS_MAX_MS
    if not low <= order.duration_ms <= high:
        told = [quantity.format_duration(size) for size in (order.duration_ms, low, high)]
        raise UsageProblem(
            f"--over is {told[0]}, allowed {told[1]} to {told[2]} for {quantity.format_volume(order.volume_nl)}",
            field="--over", value=order.duration_ms, low=low, high=high, remedy="the pump primes at up to 60 mL/h",
        )  # fmt: skip


def check_ready(now: Values, order: Order, runs: int) -> None:
    """UsageProblem unless the pump stands still and its reservoir holds enough for all runs."""
    if now["state"] not in _AT_REST:
        raise UsageProblem(
            f"the pump is {status_parts.state_name(now['state'])}; it is calibrated while idle or suspended",
            field="state", value=status_parts.state_name(now["state"]),
            remedy="take the line off the patient, `pumpctl stop`",
        )  # fmt: skip
    if order.volume_nl * runs > now["reservoir_nl"]:
        needed, held = (quantity.format_volume(size) for size in (order.volume_nl * runs, now["reservoir_nl"]))
        raise UsageProblem(
            f"{runs} runs take {needed}; the reservoir holds {held}",
            field="--runs", value=runs, high=now["reservoir_nl"] // order.volume_nl,
            remedy="refill the pump, or give fewer --runs or a smaller --volume",
        )  # fmt: skip


def dispense(pump: Pump, order: Order, passing: Passing, progress: Progress) -> int:
    """Microsteps that the pump made for one volume, once it has dripped off; `progress` gets the ms passed.

    VerificationError if the pump did not do all of it.
    """
    before = pump.status()
    try:
        pump.prime(order.volume_nl, order.duration_ms)
        _until_done(pump, order, passing, progress)
        passing(_DRIP_MS)
    except BaseException:
        _stop_dispensing(pump)
        raise
    # What the last burst made counts once it is over.
    after = pump.status()
    steps = _primed(after) - _primed(before)
    due = units.volume_steps(order.volume_nl, before["step_pl"])
    # Those that were made are weighed; far fewer than were due means that somebody or something intervened.
    if after["state"] != before["state"] or steps * 100 < due * _WHOLE_PERCENT:
        raise _cut_short(after, steps, due)
    return steps


def _until_done(pump: Pump, order: Order, passing: Passing, progress: Progress) -> None:
    passed_ms = 0
    while pump.status()["state"] == states.PRIMING:
        if passed_ms > order.duration_ms + _LATE_MS:
            raise VerificationError(
                f"the pump still dispenses {quantity.format_duration(_LATE_MS)} after its time was over",
                remedy="see `pumpctl status`; a virtual pump needs --virtual-scale, which moves its time",
            )
        look_ms = max(_LOOK_MS, order.duration_ms // 100)
        passing(look_ms)
        passed_ms += look_ms
        progress(min(passed_ms, order.duration_ms))
    progress(order.duration_ms)


def _stop_dispensing(pump: Pump) -> None:
    """Motor off if it still dispenses; an abort leaves the pump as it was."""
    with contextlib.suppress(PumpctlError):
        if pump.status()["state"] == states.PRIMING:
            pump.cancel_bolus()


def _primed(now: Values) -> int:
    steps: int = now["bucket_list"][states.PRIME]["steps"]
    return steps


def _cut_short(now: Values, steps: int, due: int) -> VerificationError:
    present = ", ".join(status_view.alarm_name(one["alarm"]) for one in now["alarm_list"])
    because = f"; alarms: {present}" if present else ""
    return VerificationError(
        f"the run was cut short: {steps} of {due} microsteps, the pump is"
        f" {status_parts.state_name(now['state'])}{because}; its calibration is unchanged",
        field="steps", value=steps, low=due * _WHOLE_PERCENT // 100, remedy="remove the cause, then calibrate again",
    )  # fmt: skip
