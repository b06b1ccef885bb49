"""One plain sentence for each record about doses: boluses, temporary rate, plan, bridge, delayed start, calibration."""

from infuser.wire import states, units
from pumpctl import error_texts
from pumpctl.report_text import dose, duration, plural, scaled, volume
from pumpctl.report_words import Fields, amount, bucket, by, name, reason


def bolus_started(fields: Fields) -> str:
    """What was begun; what runs off the patient is named by its purpose."""
    priming = fields["bucket"] == states.PRIME
    what = name(states.PURPOSE_NAMES, fields["purpose"]) if priming else bucket(fields)
    return f"A {what} of {amount(fields)} over {duration(fields['duration_ms'])} began{by(fields)}."


def bolus_ended(fields: Fields) -> str:
    """What was given of it, and why it ended."""
    why = name(states.REASON_NAMES, fields["reason"])
    return f"The {bucket(fields)} ended ({why}) after {volume(fields['volume_nl'])}, {_steps(fields)}."


def _steps(fields: Fields) -> str:
    return plural(fields["steps"], "microstep")


def bolus_refused(fields: Fields) -> str:
    """What was asked for and why it was not given."""
    known = error_texts.ERRORS.get(fields["error"])
    asked = f" of {dose(fields['dose_ng'])}" if fields["dose_ng"] else ""
    return f"A {bucket(fields)}{asked} was refused: {known[1] if known else fields['error']}."


def bolus_held(fields: Fields) -> str:
    """A bolus waits for another, or goes on after it."""
    return f"The {bucket(fields)} {'is held while another runs' if fields['held'] else 'goes on'}."


def temporary_rate(fields: Fields) -> str:
    """A temporary rate began or ended."""
    if not fields["dose_ng_per_day"]:
        return f"The temporary rate ended{by(fields)} ({name(states.REASON_NAMES, fields['reason'])})."
    told = f"{dose(fields['dose_ng_per_day'])} a day for {duration(fields['duration_ms'])}"
    return f"A temporary rate of {told} began{by(fields)}."


def start_at(fields: Fields) -> str:
    """Therapy is to start by itself, or no more; `at_age_ms` is the pump's age at the record."""
    remind = f"; the reminder comes after {fields['remind_min']} min" if fields["remind_min"] else ""
    if not fields["start_age_ms"]:
        return f"No start by itself is awaited{remind}."
    wait_ms = max(0, fields["start_age_ms"] - fields["at_age_ms"])
    return f"A start by itself in {duration(wait_ms)} was set{by(fields)}{remind}."


def plan(fields: Fields) -> str:
    """Where the plan of doses stands."""
    given = f"{dose(fields['dose_ng_per_day'])} a day" if fields["dose_ng_per_day"] else "the dose as it was"
    late = f", {duration(fields['shift_min'] * units.MS_PER_MIN)} later than planned" if fields["shift_min"] else ""
    held = ", held" if fields["held"] else ""
    return f"The plan of doses stands at step {fields['position']}, {given}{held}{late}{by(fields)}{reason(fields)}."


def bridge(fields: Fields) -> str:
    """The drug before is given from the fluid path, or is used up."""
    if not fields["volume_nl"]:
        return f"The bridge ended ({name(states.REASON_NAMES, fields['reason'])}); the program's own drug follows."
    rate = f"{volume(fields['rate_nl_per_day'])} a day"
    return f"A bridge began: {volume(fields['volume_nl'])} of the drug before, at {rate}."


def calibration(fields: Fields) -> str:
    """The volume of a microstep, and how well it is known."""
    size = f"{scaled(fields['step_pl'], units.PL_PER_NL, 3)} nL a microstep"
    how = f"{plural(fields['runs'], 'run')}, uncertainty {scaled(fields['uncertainty_ppm'], 10_000, 2)} %"
    return f"The pump was calibrated{by(fields)} to {size} ({how})."
