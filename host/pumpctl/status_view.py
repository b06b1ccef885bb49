"""The pump's status as a JSON document and as lines for people."""

from typing import Any

from infuser.wire import alarms, states, units
from infuser.wire import program as programs
from pumpctl import alarm_texts, quantity, status_parts, timetext
from pumpctl.exchange import Hello

Values = dict[str, Any]


_COUNTS = ("dose_ng_per_day", "delivered_today_nl", "delivered_total_nl", "steps_total", "reservoir_nl")


def document(status: Values, hello: Hello) -> Values:
    """The status under the names that scripts use; times are ISO 8601 or null."""
    offset = status["utc_offset_min"]
    told = {
        "state": status_parts.state_name(status["state"]),
        "mode": programs.MODE_NAMES.get(status["mode"], str(status["mode"])),
        "rate_nl_per_day": status["rate_nl_per_day"],
        "rate_nl_per_h": units.rate_nl_per_h(status["rate_nl_per_day"]),
        **{name: status[name] for name in _COUNTS},
        "refill_due": timetext.iso(status["refill_due_ms"], offset),
        "alarms": [alarm_document(alarm, offset) for alarm in status["alarm_list"]],
        "time": timetext.iso(status["time_ms"], offset) if status["time_valid"] else None,
        **status_parts.document(status),
        "uptime_ms": status["uptime_ms"],
        "firmware": hello.firmware,
        "serial": hello.serial,
        "program_digest": programs.digest_text(status["program_digest"]),
        "library_digest": programs.digest_text(status["library_digest"]),
        "trust_digest": programs.digest_text(status["trust_digest"]),
        "prescriber_digest": programs.digest_text(status["prescriber_digest"]),
        "stop_reason": status_parts.named(states.REASON_NAMES, status["stop_reason"]),
        "delivered_steps": {
            name: bucket["steps"] for name, bucket in zip(states.BUCKET_NAMES, status["bucket_list"], strict=False)
        },
        "protocol": hello.protocol.hex(),
        "heap_free_bytes": status["free_bytes"],
    }
    renamed = {"bucket_list", "refill_due_ms", "alarm_list", "time_ms", "free_bytes"} | status_parts.RENAMED
    return {**told, **{name: value for name, value in status.items() if name not in told and name not in renamed}}


def alarm_document(alarm: Values, utc_offset_min: int) -> Values:
    """One alarm; `id` is its name, `code` its number."""
    code = alarm["alarm"]
    known = code in alarms.ALARMS
    return {
        "id": alarm_name(code),
        "code": code,
        "priority": alarms.PRIORITY_NAMES.get(alarm["priority"], str(alarm["priority"])),
        "since": timetext.iso(alarm["since_ms"], utc_offset_min),
        "active": alarm["active"],
        "acknowledged": alarm["acknowledged"],
        "latched": alarm["latched"],
        "detail": alarm["detail"],
        "text": alarm_texts.text(code) if known else "",
        "remedy": alarm_texts.remedy(code) if known else "",
    }


def alarm_name(code: int) -> str:
    """An alarm's name, `alarm-N` for one of a later firmware."""
    return alarms.name(code) if code in alarms.ALARMS else f"alarm-{code}"


def lines(status: Values, hello: Hello) -> list[tuple[str, str]]:
    """(name, value) for people, what matters most first."""
    offset = status["utc_offset_min"]
    dose, rate = quantity.format_dose_rate(status["dose_ng_per_day"]), quantity.format_rate(status["rate_nl_per_day"])
    rows = [
        ("state", _state(status)),
        ("alarms", "; ".join(_alarm_line(alarm) for alarm in status["alarm_list"]) or "none"),
        ("therapy", _therapy(status)),
        ("rate now", f"{dose}  {rate}"),
    ]
    rows += status_parts.running(status) + status_parts.allotted(status)
    rows += [
        ("delivered today", quantity.format_volume(status["delivered_today_nl"])),
        ("delivered in all", f"{quantity.format_volume(status['delivered_total_nl'])}, {_steps(status)}"),
        *status_parts.windows(status),
        ("reservoir", _reservoir(status)),
        ("refill due", refill_due(status["refill_due_ms"], status)),
        ("clock", timetext.people(status["time_ms"], offset) if status["time_valid"] else "not set"),
        ("pump", f"{hello.serial}, firmware {hello.firmware}, up {_up(status)}"),
        ("drug library", status_parts.library(status)),
        ("access", status_parts.access(status)),
        ("calibration", status_parts.calibration(status)),
        ("measured", measured(status)),
    ]
    return rows


def _up(status: Values) -> str:
    return quantity.format_duration(status["uptime_ms"] // units.MS_PER_S * units.MS_PER_S)


def refill_due(due_ms: int, status: Values) -> str:
    """When a refill is due: `now` if it is, `-` where nothing tells (never filled, no program, no clock)."""
    never_filled = not status["reservoir_nl"] and not status["steps_total"]
    if not due_ms or never_filled:
        return "-"
    # The pump's answers were not given at one instant, and people are shown minutes.
    due = due_ms < status["time_ms"] + units.MS_PER_MIN
    return "now" if due else timetext.people(due_ms, status["utc_offset_min"])


def _state(status: Values) -> str:
    state = status_parts.state_name(status["state"])
    stopped = status["state"] in (states.SUSPENDED, states.ALARM_STOPPED, states.MINIMUM_RATE)
    return f"{state} (by {status_parts.named(states.REASON_NAMES, status['stop_reason'])})" if stopped else state


def _alarm_line(alarm: Values) -> str:
    priority = alarms.PRIORITY_NAMES.get(alarm["priority"], "?")
    acknowledged = ", acknowledged" if alarm["acknowledged"] else ""
    return f"{alarm_name(alarm['alarm'])} ({priority}{acknowledged})"


def _therapy(status: Values) -> str:
    if not status["mode"]:
        return "none programmed"
    dose = quantity.format_dose_rate(status["program_dose_ng_per_day"])
    drug = f"{status['drug']} {status['concentration_ug_per_ml']} ug/mL"
    return f"{status['patient']}: {dose} {programs.MODE_NAMES.get(status['mode'], '?')}, {drug}"


def _steps(status: Values) -> str:
    uncertain = f" (and {status['steps_uncertain']} uncertain)" if status["steps_uncertain"] else ""
    return f"{status['steps_total']} microsteps{uncertain}"


def _reservoir(status: Values) -> str:
    left, low = (quantity.format_volume(status[name]) for name in ("reservoir_nl", "low_reservoir_nl"))
    return f"{left}, alarm at {low}"


def measured(status: Values) -> str:
    """What the pump measures of itself: battery, temperature, pressure at the outlet."""
    battery = f"battery {quantity.decimal(status['battery_mv'], 1000, 2)} V"
    warmth = f"{quantity.decimal(status['temperature_mc'], 1000, 1)} C"
    return f"{battery}, {warmth}, outlet {quantity.decimal(status['pressure_pa'], 1000, 1)} kPa"
