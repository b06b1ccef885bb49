"""A scratch virtual pump on a virtual gravimetric scale: readings of what really left its outlet."""

from collections.abc import Callable

from infuser.wire import program as programs
from infuser.wire import states, units
from pumpctl import bench_library, operations, quantity
from pumpctl.client import Pump
from pumpctl.errors import UsageProblem, VerificationError
from pumpctl.program import Program
from pumpctl.scratch import private_home
from pumpctl.virtual import VirtualPump, start

NAME = "scale"
OPERATOR = "accuracy"
_DRUG = "water"
# Largest first: the stronger the drug, the finer the rates that a dose in whole ng can state.
_CONCENTRATIONS_UG_PER_ML = (1000, 500, 200, 100, 50)
_SELF_TEST_MS = 5 * units.MS_PER_S

Progress = Callable[[float], None]


def check(rate_nl_per_day: int, duration_ms: int) -> None:
    """UsageProblem unless the pump takes this rate and its reservoir lasts for so long."""
    low, high = units.THERAPY_MIN_NL_PER_DAY, units.THERAPY_MAX_NL_PER_DAY
    if not low <= rate_nl_per_day <= high:
        raise UsageProblem(
            f"--rate is {quantity.format_rate(rate_nl_per_day)}, allowed {quantity.format_rate(low)}"
            f" to {quantity.format_rate(high)}",
            field="--rate", value=rate_nl_per_day, low=low, high=high, remedy="for example --rate 0.2ml/d",
        )  # fmt: skip
    usable_nl = units.RESERVOIR_CAPACITY_NL - units.LOW_RESERVOIR_MIN_NL
    longest_ms = usable_nl * units.MS_PER_DAY // rate_nl_per_day
    if duration_ms > longest_ms:
        raise UsageProblem(
            f"--for is {quantity.format_duration(duration_ms)}; at {quantity.format_rate(rate_nl_per_day)} a full"
            f" reservoir lasts {quantity.format_duration(longest_ms)}",
            field="--for", value=duration_ms, high=longest_ms, remedy="give a shorter --for or a smaller --rate",
        )  # fmt: skip


def program(rate_nl_per_day: int) -> Program:
    """A continuous therapy of this volume a day, as near as a dose in whole ng can state it."""
    fit = (c for c in _CONCENTRATIONS_UG_PER_ML if units.dose_ng(rate_nl_per_day, c) <= units.DOSE_MAX_NG_PER_DAY)
    concentration = next(fit)
    dose = units.dose_ng(rate_nl_per_day, concentration)
    every_day = {"day_mask": programs.EVERY_DAY, "start_min": 0, "dose_ng_per_day": dose}
    return programs.new(
        patient="SCALE",
        drug=_DRUG,
        concentration_ug_per_ml=concentration,
        mode=programs.CONTINUOUS,
        step_list=[every_day],
        minimum_ng_per_day=units.dose_ng(units.THERAPY_MIN_NL_PER_DAY, concentration),
        low_reservoir_nl=units.LOW_RESERVOIR_MIN_NL,
    )


def set_rate_nl_per_day(therapy: Program) -> int:
    """The rate that the pump makes of a therapy of one dose."""
    return units.volume_nl(therapy["step_list"][0]["dose_ng_per_day"], therapy["concentration_ug_per_ml"])


def measure(
    therapy: Program, duration_ms: int, every_ms: int, progress: Progress, crystal_ppm: int = 0
) -> list[tuple[int, int]]:
    """(ms, pL) read off the scale `every_ms` from the start of the infusion; `progress` gets the ms passed.

    The scale reads to the nL and has an exact clock; the pump's own is wrong by `crystal_ppm`.
    """
    with private_home():
        bench = start(NAME, speed=0, crystal_ppm=crystal_ppm)
        try:
            with Pump.open(str(bench.port), operator=OPERATOR) as pump:
                _prepare(bench, pump, therapy)
                readings = _read(bench, duration_ms, every_ms, progress)
                _check_ran(pump)
                return readings
        finally:
            bench.stop()


def _prepare(bench: VirtualPump, pump: Pump, therapy: Program) -> None:
    bench.advance_ms(_SELF_TEST_MS)
    bench_library.put(bench, pump, bench_library.without_limits(_DRUG, therapy["concentration_ug_per_ml"]))
    pump.begin_refill()
    bench.fill(units.RESERVOIR_CAPACITY_NL)
    pump.complete_refill(0, units.RESERVOIR_CAPACITY_NL, therapy["concentration_ug_per_ml"])
    # Nobody is given this; limits meant for a patient's dose are warnings that may pass.
    operations.commit(pump, operations.propose(pump, therapy), confirmed=True)
    pump.resume()


def _read(bench: VirtualPump, duration_ms: int, every_ms: int, progress: Progress) -> list[tuple[int, int]]:
    readings = [_scale(bench)]
    start_ms = readings[0][0]
    for due_ms in range(every_ms, duration_ms + 1, every_ms):
        # What the firmware writes moves time on by some ms, which the next advance makes up for.
        bench.advance_ms(max(1, start_ms + due_ms - readings[-1][0]))
        readings.append(_scale(bench))
        progress(due_ms)
    return readings


def _scale(bench: VirtualPump) -> tuple[int, int]:
    truth = bench.get()
    return truth["now_ms"], truth["delivered_nl"] * units.PL_PER_NL


def _check_ran(pump: Pump) -> None:
    state = pump.status()["state"]
    if state not in states.DELIVERING:
        raise VerificationError(
            f"the virtual pump stopped by itself ({states.STATE_NAMES[state]}): nothing can be said of its flow"
        )
