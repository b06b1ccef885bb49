"""What an order changes in what the pump gives: before and after, reckoned from the pump's status."""

from typing import Any

from infuser.core import reservoir
from infuser.core.schedule import Schedule
from infuser.wire import states, units
from pumpctl import doses, quantity, status_parts, status_view, therapy_times
from pumpctl import program_words as words
from pumpctl.comparison import NONE, Change, Number, number
from pumpctl.program import Program

Values = dict[str, Any]

_WHEN_ON = "when it goes on"


# Rates


def temporary(status: Values, dose_ng_per_day: int, duration_ms: int) -> list[Change]:
    """Another basal rate for a time, beside the rate now."""
    now = status["dose_ng_per_day"]
    given = [dose * duration_ms // units.MS_PER_DAY for dose in (now, dose_ng_per_day)]
    time = quantity.format_duration(duration_ms)
    return [
        *_rate(status, now, dose_ng_per_day),
        _dose(f"given in {time}", given),
        Change("until", NONE, _moment(status, status["time_ms"] + duration_ms)),
        _due_later(status, _volume_nl(status, given[1]) - _volume_nl(status, given[0])),
    ]


def temporary_end(status: Values, program: Program | None) -> list[Change]:
    """The temporary rate that ends, beside the dose of the program."""
    left = status_parts.whole(status["temporary_left_ms"])
    return [
        *_back(status, status["temporary_dose_ng_per_day"], program),
        Change("temporary rate", f"{left} left", "ended"),
    ]


def minimum(status: Values, program: Program, on: bool) -> list[Change]:
    """The minimum rate beside the dose in force, or the way back."""
    least = minimum_dose(status, program)
    state = status_parts.state_name(states.MINIMUM_RATE if on else states.INFUSING)
    told = [Change("state", status_parts.state_name(status["state"]), state)]
    now = status["dose_ng_per_day"]
    return told + (_rate(status, now, least) if on else _back(status, now, program))


def minimum_dose(status: Values, program: Program) -> int:
    """The minimum rate as ng a day; it falls with a plan that goes below it."""
    schedule = Schedule(program, status["plan_dose_ng_per_day"])
    return units.dose_ng(schedule.minimum_nl_per_day, schedule.concentration)


def start(status: Values, program: Program | None, delay_ms: int = 0) -> list[Change]:
    """Therapy started or resumed, beside what the pump does now."""
    told = [Change("state", _state(status), status_parts.state_name(states.INFUSING))]
    told += _back(status, status["dose_ng_per_day"], program)
    if delay_ms:
        told.append(Change("starts", NONE, f"in {status_parts.whole(delay_ms)}"))
    if program is not None and program["start_min"]:
        told.append(Change("not before", NONE, f"{therapy_times.people(program['start_min'])} local time"))
    return told


def plan_order(status: Values, action: int, dose_ng_per_day: int) -> list[Change]:
    """The plan held, going on or cut back to a dose, beside how it stands."""
    now = doses.dose_in_force(status)
    going, held = (f"step {status['plan_position']} of {status['plan_length']}, {how}" for how in ("going on", "held"))
    due = _moment(status, status["plan_next_ms"]) if status["plan_next_ms"] else NONE
    holds = action != states.PLAN_GO_ON
    return [
        *_rate(status, now, dose_ng_per_day if action == states.PLAN_CUT_BACK else now),
        Change("plan", held if status["plan_held"] else going, held if holds else going),
        Change("next step", due, _WHEN_ON if holds else due if due != NONE else "told by the pump"),
    ]


# Volumes


def bolus(status: Values, dose_ng: int, duration_ms: int) -> list[Change]:
    """What a clinician's bolus adds to the day, to each dose window and to the flow while it lasts."""
    volume_nl = _volume_nl(status, dose_ng)
    today = units.dose_ng(status["delivered_today_nl"], _strength(status))
    flow = [status["rate_nl_per_day"], status["rate_nl_per_day"]]
    flow[1] += units.bolus_rate_nl_per_day(volume_nl, max(1, duration_ms))
    told = [
        _dose("given today", [today, today + dose_ng]),
        *(_window(window, volume_nl, _strength(status)) for window in status["window_list"] if window["limit_nl"]),
        Change("flow meanwhile", words.per_hour(flow[0]), words.per_hour(flow[1])),
    ]
    return [*told, _left(status, volume_nl), _due_later(status, volume_nl)]


def _window(window: Values, volume_nl: int, strength: int) -> Change:
    """A dose window with the bolus in it; beyond its limit the pump refuses the bolus or cuts it short."""
    used, after, limit = (
        units.dose_ng(volume, strength)
        for volume in (window["used_nl"], window["used_nl"] + volume_nl, window["limit_nl"])
    )
    over = after > limit
    of = f"of {quantity.format_dose(limit)}"
    name = f"within {status_parts.window_span(window)}"
    then = f"{quantity.format_dose(after)} {of}" + ("\nabove the limit" if over else "")
    return Change(name, f"{quantity.format_dose(used)} {of}", then, (Number(used, after),), over)


def prime(status: Values, volume_nl: int, duration_ms: int) -> list[Change]:
    """What runs off the patient: flow and what is left in the reservoir."""
    flow = units.bolus_rate_nl_per_day(volume_nl, max(1, duration_ms))
    return [
        Change("state", _state(status), status_parts.state_name(states.PRIMING)),
        Change("flow", words.per_hour(status["rate_nl_per_day"]), words.per_hour(flow)),
        Change("counted", NONE, "as priming, not as therapy"),
        _left(status, volume_nl),
        _due_later(status, volume_nl),
    ]


def refill_words(given: Values) -> str:
    """What was drawn and filled in, as a question tells it; names as `refill`'s."""
    drawn, filled = (quantity.format_volume(given[name]) for name in ("residual_nl", "volume_nl"))
    return f"{drawn} drawn, {filled} of {given['concentration_ug_per_ml']} ug/mL filled in"


def refill(status: Values, program: Program | None, expected_nl: int, told: Values) -> list[Change]:
    """A refill beside what the pump expects; `told` holds residual_nl, volume_nl and concentration_ug_per_ml."""
    held, filled = status["delivered_ug_per_ml"], told["concentration_ug_per_ml"]
    made = [
        number("residual", expected_nl, told["residual_nl"], quantity.format_volume),
        Change("reservoir", quantity.format_volume(expected_nl), quantity.format_volume(told["volume_nl"])),
        Change("drug in it", _drug(held), _drug(filled), (Number(held, filled),) if held else (), True),
    ]
    if program is not None:
        schedule = Schedule(program, status["plan_dose_ng_per_day"])
        full = {**status, "reservoir_nl": told["volume_nl"]}
        now = status_view.refill_due(status["refill_due_ms"], status)
        made.append(Change("refill due", now, _due(full, schedule.total_nl_per_day)))
        if program["patient_bolus_ng"]:
            soonest = schedule.total_nl_per_day + schedule.patient_nl * program["patient_boluses_per_day"]
            made.append(Change("with all boluses", _due(status, soonest), _due(full, soonest)))
    return made


# Shared


def _rate(status: Values, now: int, then: int) -> list[Change]:
    """A daily dose with its volume and its flow."""
    before, after = (_volume_nl(status, dose) for dose in (now, then))
    rows = [number("dose per day", now, then, quantity.format_dose_rate)]
    if before or after:
        rows.append(number("volume per day", before, after, quantity.format_rate))
        rows.append(number("rate", before, after, words.per_hour))
    return rows


def _back(status: Values, now: int, program: Program | None) -> list[Change]:
    """From a dose to what the program gives at this time of day, with the mean of a flex day."""
    then, mean = doses.programmed_now(status, program), doses.dose_in_force(status)
    rows = _rate(status, now, then)
    return rows if then == mean else [*rows, Change("mean of the day", NONE, quantity.format_dose_rate(mean))]


def _volume_nl(status: Values, dose_ng: int) -> int:
    strength = status["concentration_ug_per_ml"]
    return units.volume_nl(dose_ng, strength) if strength else 0


def _strength(status: Values) -> int:
    """Of what leaves the catheter, ug/mL; the program's where the pump tells none."""
    return int(status["delivered_ug_per_ml"] or status["concentration_ug_per_ml"])


def _left(status: Values, volume_nl: int) -> Change:
    left = status["reservoir_nl"]
    return number("reservoir", left, max(0, left - volume_nl), quantity.format_volume)


def _due(status: Values, flow_nl_per_day: int) -> str:
    """When the alarm volume is reached at a mean flow."""
    wait_ms = reservoir.due_in_ms(status["reservoir_nl"], status["low_reservoir_nl"], flow_nl_per_day)
    known = wait_ms >= 0 and status["time_valid"]
    return status_view.refill_due(status["time_ms"] + wait_ms, status) if known else NONE


def _due_later(status: Values, more_nl: int) -> Change:
    """The refill date when so much more is given than programmed."""
    due_ms, flow = status["refill_due_ms"], _volume_nl(status, doses.dose_in_force(status))
    earlier_ms = more_nl * units.MS_PER_DAY // flow if flow else 0
    sooner_ms = max(1, due_ms - earlier_ms) if due_ms else 0
    return Change("refill due", status_view.refill_due(due_ms, status), status_view.refill_due(sooner_ms, status))


def _moment(status: Values, time_ms: int) -> str:
    return status_parts.moment(time_ms, status["utc_offset_min"]) if status["time_valid"] else NONE


def _state(status: Values) -> str:
    return status_parts.state_name(status["state"])


def _drug(strength: int) -> str:
    return f"{strength} ug/mL" if strength else NONE


def _dose(name: str, told: list[int]) -> Change:
    return number(name, told[0], told[1], quantity.format_dose)
