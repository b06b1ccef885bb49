"""Parts of a status that are there only sometimes: boluses, delayed starts, temporary rate, plan, bridge, limits."""

from collections.abc import Sequence
from typing import Any

from infuser.wire import messages, states, units
from infuser.wire import program as programs
from pumpctl import quantity, timetext

Values = dict[str, Any]
Row = tuple[str, str]

# Fields of the reply that the document holds under names of its own.
RENAMED = {"bolus_list", "window_list", "calibrated_ms", "plan_next_ms"}


def document(status: Values) -> Values:
    """These parts for scripts, where they differ from the reply's own fields."""
    offset = status["utc_offset_min"]
    return {
        "boluses": [{**bolus, "bucket": bucket_name(bolus["bucket"])} for bolus in status["bolus_list"]],
        "dose_windows": [dict(window) for window in status["window_list"]],
        "plan_next": timetext.iso(status["plan_next_ms"], offset),
        "role": role_name(status["role"]),
        "calibrated": timetext.iso(status["calibrated_ms"], offset),
    }


def named(names: Sequence[str], number: int) -> str:
    """The name of a number, the number itself for one of a later firmware."""
    return names[number] if 0 <= number < len(names) else str(number)


def state_name(state: int) -> str:
    """Name of the pump's state."""
    return named(states.STATE_NAMES, state)


def bucket_name(bucket: int) -> str:
    """Name of an accounting bucket."""
    return named(states.BUCKET_NAMES, bucket)


def role_name(role: int) -> str:
    """Name of a role."""
    return named(messages.ROLE_NAMES, role)


def library(status: Values) -> str:
    """The drug library that the pump holds programs against."""
    return f"{status['library']}, version {status['library_version']}" if status["library"] else "none"


def access(status: Values) -> str:
    """Who may change something, and whose programs are taken."""
    signed = f"; only programs signed with key {programs.digest_text(status['prescriber_digest'])[:16]}"
    only = signed if status["signed_only"] else ""
    if not status["keyed"]:
        return f"open to everybody: the pump has no keys{only}"
    return f"with a key; signed in: {role_name(status['role'])}{only}"


def moment(time_ms: int, utc_offset_min: int) -> str:
    """A time for people, `-` where there is none."""
    return timetext.people(time_ms, utc_offset_min) if time_ms else "-"


def running(status: Values) -> list[Row]:
    """What runs besides the programmed rate, or waits to: start, temporary rate, bridge, boluses."""
    rows: list[Row] = []
    if status["start_in_ms"]:
        rows.append(("starts by itself", f"in {whole(status['start_in_ms'])}"))
    if status["temporary_left_ms"]:
        dose = quantity.format_dose_rate(status["temporary_dose_ng_per_day"])
        rows.append(("temporary rate", f"{dose} for {whole(status['temporary_left_ms'])} more"))
    if status["bridge_left_nl"]:
        left = quantity.format_volume(status["bridge_left_nl"])
        rows.append(("bridge", f"{left} of the drug before, for {whole(status['bridge_left_ms'])} more"))
    return rows + [_bolus(bolus) for bolus in status["bolus_list"]]


def _bolus(bolus: Values) -> Row:
    name = bucket_name(bolus["bucket"])
    given, volume = (quantity.format_volume(bolus[name]) for name in ("delivered_nl", "volume_nl"))
    then = "held" if bolus["held"] else f"{whole(bolus['left_ms'])} left"
    return name.replace("-", " "), f"{given} of {volume}, {then}"


def allotted(status: Values) -> list[Row]:
    """What the program allots beside its rate: patient's boluses, the next periodic one, the plan."""
    rows: list[Row] = []
    if status["patient_bolus_nl"]:
        rows.append(("patient button", _patient_bolus(status)))
    if status["periodic_due_ms"]:
        rows.append(("periodic bolus", f"next in {whole(status['periodic_due_ms'])}"))
    if status["plan_length"]:
        rows.append(("plan", _plan(status)))
    return rows


def _patient_bolus(status: Values) -> str:
    wait = status["patient_wait_ms"]
    when = f"locked for {whole(wait)}" if wait else "free now"
    return f"{quantity.format_volume(status['patient_bolus_nl'])}, {status['patient_boluses_left']} left, {when}"


def _plan(status: Values) -> str:
    dose = quantity.format_dose_rate(status["plan_dose_ng_per_day"])
    place = f"step {status['plan_position']} of {status['plan_length']}, {dose}"
    if status["plan_held"]:
        return f"{place}, held"
    return f"{place}, next {moment(status['plan_next_ms'], status['utc_offset_min'])}"


def windows(status: Values) -> list[Row]:
    """What went out within each window, of what may."""
    return [(f"within {window_span(window)}", _window(window, status))
            for window in status["window_list"] if window["limit_nl"]]  # fmt: skip


def window_span(window: Values) -> str:
    """The length of a dose window in hours, as the therapy's limits are named."""
    return f"{window['span_min'] // 60} h" if window["span_min"] % 60 == 0 else f"{window['span_min']} min"


def _window(window: Values, status: Values) -> str:
    concentration = status["delivered_ug_per_ml"]
    if not concentration:
        used, limit = (quantity.format_volume(window[name]) for name in ("used_nl", "limit_nl"))
    else:
        used, limit = (
            quantity.format_dose(units.dose_ng(window[name], concentration)) for name in ("used_nl", "limit_nl")
        )
    return f"{used} of {limit} at most"


def calibration(status: Values) -> str:
    """The volume of a microstep, and how it is known."""
    size = f"{quantity.decimal(status['step_pl'], units.PL_PER_NL, 3)} nL a microstep"
    if not status["calibrated_ms"]:
        return f"{size}, not calibrated"
    off = quantity.decimal(status["calibration_ppm"], 10_000, 2)
    return f"{size}, +/- {off} %, {timetext.people(status['calibrated_ms'], status['utc_offset_min'])}"


def whole(duration_ms: int) -> str:
    """How long something still takes, without milliseconds, rounded up."""
    return quantity.format_duration(-(-duration_ms // units.MS_PER_S) * units.MS_PER_S)
