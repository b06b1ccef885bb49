"""One plain sentence for each record of a log that is an event."""

from collections.abc import Callable
from typing import Any

from infuser.core.schedule import Schedule
from infuser.wire import alarms, codec, errors, messages, records, states
from infuser.wire import program as programs
from pumpctl.report_text import dose, duration, moment, plural, volume, zone

Fields = dict[str, Any]


def describe(record: dict[str, Any]) -> str:
    """What a decoded record says, as a sentence without its time."""
    return SENTENCES[record["kind"]](record["fields"])


def _by(fields: Fields) -> str:
    return f" by {fields['operator']}" if fields["operator"] else ""


def _name(names: tuple[str, ...], at: int) -> str:
    return names[at] if at < len(names) else f"no. {at}"


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
    why = "start-up" if fields["reason"] == states.BY_POWER else _name(states.REASON_NAMES, fields["reason"])
    reason = f" ({why})" if fields["reason"] else ""
    rate = f", {volume(fields['rate_nl_per_day'])} a day" if fields["rate_nl_per_day"] else ""
    old, new = _name(states.STATE_NAMES, fields["old"]), _name(states.STATE_NAMES, fields["new"])
    return f"From {old} to {new}{reason}{rate}."


def _program(fields: Fields) -> str:
    if not fields["program"]:
        return f"The program was cleared{_by(fields)}."
    try:
        program = programs.decode(fields["program"])
        told = f"{dose(Schedule(program).dose_ng_per_day())} a day of {program['drug']} for {program['patient']}"
    except (codec.CodecError, ArithmeticError):
        told = "it cannot be read"
    override = "; a soft limit was overridden" if fields["confirmed"] else ""
    return f"A program was taken into use{_by(fields)}: {told}{override}."


def _command(fields: Fields) -> str:
    known = messages.MESSAGES.get(fields["command"])
    name = known[0] if known else f"command {fields['command']}"
    if fields["error"] == errors.OK:
        return f"{name}{_by(fields)}: done."
    if fields["error"] == errors.BEGUN:
        return f"{name}{_by(fields)}: begun."
    refusal = errors.ERRORS.get(fields["error"])
    return f"{name}{_by(fields)}: refused, {refusal[1] if refusal else fields['error']}."


def _delivery(fields: Fields) -> str:
    return f"{volume(fields['reservoir_nl'])} in the reservoir, {volume(fields['rate_nl_per_day'])} a day."


def _raised(fields: Fields) -> str:
    known = alarms.ALARMS.get(fields["alarm"])
    priority = alarms.PRIORITY_NAMES.get(fields["priority"], "?")
    meaning = f": {known[4]}" if known else ""
    detail = f" (detail {fields['detail']})" if fields["detail"] else ""
    return f"Alarm {_alarm(fields['alarm'])}, priority {priority}{meaning}{detail}."


def _cleared(fields: Fields) -> str:
    return f"The cause of {_alarm(fields['alarm'])} is gone."


def _acknowledged(fields: Fields) -> str:
    which = _alarm(fields["alarm"]) if fields["alarm"] else "Every alarm"
    return f"{which} was acknowledged{_by(fields)}."


def _paused(fields: Fields) -> str:
    if not fields["pause_s"]:
        return f"The pause of the sound was ended{_by(fields)}."
    return f"The sound was paused for {fields['pause_s']} s{_by(fields)}."


def _bolus_started(fields: Fields) -> str:
    bucket = _name(states.BUCKET_NAMES, fields["bucket"]).replace("-", " ")
    dosed = (
        f"{dose(fields['dose_ng'])} ({volume(fields['volume_nl'])})"
        if fields["dose_ng"]
        else volume(fields["volume_nl"])
    )
    return f"A {bucket} of {dosed} over {duration(fields['duration_ms'])} began{_by(fields)}."


def _bolus_ended(fields: Fields) -> str:
    bucket = _name(states.BUCKET_NAMES, fields["bucket"]).replace("-", " ")
    reason = _name(states.REASON_NAMES, fields["reason"])
    return f"The {bucket} ended ({reason}) after {volume(fields['volume_nl'])}, {plural(fields['steps'], 'microstep')}."


def _refill(fields: Fields) -> str:
    expected, measured = fields["expected_residual_nl"], fields["measured_residual_nl"]
    return (
        f"Refilled{_by(fields)} to {volume(fields['volume_nl'])} at {fields['concentration_ug_per_ml']} µg/mL; "
        f"{volume(measured)} were left, {volume(expected)} expected."
    )


def _clock(fields: Fields) -> str:
    offset_min = fields["utc_offset_min"]
    shift_ms = offset_min * 60000
    before = f", from {moment(fields['old_ms'] + shift_ms, True)}" if fields["old_ms"] else "; it had been lost"
    return f"The clock was set{_by(fields)} to {moment(fields['new_ms'] + shift_ms, True)} {zone(offset_min)}{before}."


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
    records.BOLUS_STARTED: _bolus_started,
    records.BOLUS_ENDED: _bolus_ended,
    records.REFILL: _refill,
    records.CLOCK: _clock,
    records.FAULT: _fault,
    records.SELF_TEST: _self_test,
}
