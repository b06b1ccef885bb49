"""One plain sentence for each record of a log that is an event."""

from collections.abc import Callable
from typing import Any

from infuser.core.schedule import Schedule
from infuser.wire import alarms, errors, messages, records, states
from pumpctl import alarm_texts, error_texts, report_access, report_device, report_doses, report_program
from pumpctl.report_text import dose, duration, moment, plural, volume, zone
from pumpctl.report_words import Fields, alarm_detail, by, name


def describe(record: dict[str, Any]) -> str:
    """What a decoded record says, as a sentence without its time."""
    # An age to come says nothing without the record's own.
    return SENTENCES[record["kind"]]({**record["fields"], "at_age_ms": record["age_ms"]})


def _alarm(alarm: int) -> str:
    return alarms.name(alarm) if alarm in alarms.ALARMS else f"alarm {alarm}"


def _snapshot(fields: Fields) -> str:
    return "A new segment of the log begins."


def _boot(fields: Fields) -> str:
    gap = f" after {duration(fields['gap_ms'])}" if fields["gap_ms"] else ""
    uncertain = fields["steps_uncertain"]
    told = f" {plural(uncertain, 'microstep')} may or may not have been made." if uncertain else ""
    torn = f" {plural(fields['torn_bytes'], 'byte')} of an unfinished record were cut." if fields["torn_bytes"] else ""
    return f"The pump started{gap} (cause: {fields['cause']}; firmware {fields['firmware']}).{told}{torn}"


def _state(fields: Fields) -> str:
    # The state is entered anew at every boot, whether power was lost or not.
    why = "start-up" if fields["reason"] == states.BY_POWER else name(states.REASON_NAMES, fields["reason"])
    reason = f" ({why})" if fields["reason"] else ""
    rate = f", {volume(fields['rate_nl_per_day'])} a day" if fields["rate_nl_per_day"] else ""
    old, new = name(states.STATE_NAMES, fields["old"]), name(states.STATE_NAMES, fields["new"])
    return f"From {old} to {new}{reason}{rate}."


def _program(fields: Fields) -> str:
    if not fields["program"]:
        return f"The program was cleared{by(fields)}."
    program = report_program.read(fields["program"])
    if program:
        told = f"{dose(Schedule(program).dose_ng_per_day())} a day of {program['drug']} for {program['patient']}"
    else:
        told = "it cannot be read"
    override = "; a soft limit was overridden" if fields["confirmed"] else ""
    return f"A program was taken into use{by(fields)}: {told}{override}."


def _command(fields: Fields) -> str:
    known = messages.MESSAGES.get(fields["command"])
    what = known[0] if known else f"command {fields['command']}"
    if fields["error"] == errors.OK:
        return f"{what}{by(fields)}: done."
    if fields["error"] == errors.BEGUN:
        return f"{what}{by(fields)}: begun."
    refusal = error_texts.ERRORS.get(fields["error"])
    return f"{what}{by(fields)}: refused, {refusal[1] if refusal else fields['error']}."


def _delivery(fields: Fields) -> str:
    return f"{volume(fields['reservoir_nl'])} in the reservoir, {volume(fields['rate_nl_per_day'])} a day."


def _raised(fields: Fields) -> str:
    priority = alarms.PRIORITY_NAMES.get(fields["priority"], "?")
    meaning = f": {alarm_texts.text(fields['alarm'])}" if fields["alarm"] in alarms.ALARMS else ""
    told = alarm_detail(fields["alarm"], fields["detail"]) if fields["detail"] else ""
    detail = f" (detail {told})" if told else ""
    return f"Alarm {_alarm(fields['alarm'])}, priority {priority}{meaning}{detail}."


def _cleared(fields: Fields) -> str:
    return f"The cause of {_alarm(fields['alarm'])} is gone."


def _acknowledged(fields: Fields) -> str:
    which = _alarm(fields["alarm"]) if fields["alarm"] else "Every alarm"
    return f"{which} was acknowledged{by(fields)}."


def _paused(fields: Fields) -> str:
    if not fields["pause_s"]:
        return f"The pause of the sound was ended{by(fields)}."
    return f"The sound was paused for {fields['pause_s']} s{by(fields)}."


def _refill(fields: Fields) -> str:
    expected, measured = fields["expected_residual_nl"], fields["measured_residual_nl"]
    return (
        f"Refilled{by(fields)} to {volume(fields['volume_nl'])} at {fields['concentration_ug_per_ml']} µg/mL; "
        f"{volume(measured)} were left, {volume(expected)} expected."
    )


def _clock(fields: Fields) -> str:
    offset_min = fields["utc_offset_min"]
    shift_ms = offset_min * 60000
    before = f", from {moment(fields['old_ms'] + shift_ms, True)}" if fields["old_ms"] else "; it had been lost"
    return f"The clock was set{by(fields)} to {moment(fields['new_ms'] + shift_ms, True)} {zone(offset_min)}{before}."


def _fault(fields: Fields) -> str:
    masked = " (masked)" if fields["masked"] else ""
    detail = f" (detail {fields['detail']})" if fields["detail"] else ""
    return f"Fault in {fields['part']}{masked}: {fields['text']}{detail}."


def _self_test(fields: Fields) -> str:
    return "The self-test passed." if fields["passed"] else f"The self-test failed: {fields['failed']}."


SENTENCES: dict[int, Callable[[Fields], str]] = {
    records.SNAPSHOT: _snapshot,
    records.BOOT: _boot,
    records.STATE: _state,
    records.PROGRAM: _program,
    records.COMMAND: _command,
    records.DELIVERY: _delivery,
    records.ALARM_RAISED: _raised,
    records.ALARM_CLEARED: _cleared,
    records.ALARM_ACK: _acknowledged,
    records.AUDIO_PAUSE: _paused,
    records.BOLUS_STARTED: report_doses.bolus_started,
    records.BOLUS_ENDED: report_doses.bolus_ended,
    records.BOLUS_REFUSED: report_doses.bolus_refused,
    records.BOLUS_HELD: report_doses.bolus_held,
    records.TEMPORARY_RATE: report_doses.temporary_rate,
    records.START_AT: report_doses.start_at,
    records.PLAN: report_doses.plan,
    records.BRIDGE: report_doses.bridge,
    records.CALIBRATION: report_doses.calibration,
    records.REFILL: _refill,
    records.CLOCK: _clock,
    records.FAULT: _fault,
    records.SELF_TEST: _self_test,
    records.ALARM_ESCALATED: report_device.escalated,
    records.LIBRARY: report_device.library,
    records.TRUST: report_device.trust,
    records.OVERRIDE: report_device.override,
    records.SIGN_IN: report_access.sign_in,
    records.KEYS: report_access.keys,
    records.PRESCRIBER: report_access.prescriber,
    records.PRESCRIPTION: report_access.prescription,
}
