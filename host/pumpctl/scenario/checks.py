"""What can be expected: each check looks at the pump and says whether it is met and what was seen."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infuser.wire import alarms, errors, messages, states, units
from pumpctl import quantity
from pumpctl.scenario import keys, signals
from pumpctl.scenario.stage import Look

# Two microsteps: volume goes out in whole ones.
VOLUME_TOLERANCE_NL = 200
INSTANT, GROWTH, SIGNAL, LOG = range(4)


@dataclass(frozen=True)
class Scene:
    """What a check is judged by: the look, the one at the beginning of the span, and the span in ms."""

    look: Look
    base: Look
    begin_ms: float
    end_ms: float
    told: dict[str, Any]


Seen = tuple[bool, str]
Judge = Callable[[Any, Scene], Seen]


def _state(wanted: tuple[str, ...], scene: Scene) -> Seen:
    state = scene.look.status["state"]
    return state in wanted, state


def _within(value: float, wanted: float, scene: Scene, least: float = 0) -> bool:
    """Whether a value is the one wanted, within the expectation's tolerance, or within `least` without one."""
    kind, tolerance = scene.told.get("tolerance", (1, least))
    allowed = wanted * tolerance / 1000 if kind == 0 else tolerance
    return abs(value - wanted) <= allowed


def _rate(wanted: tuple[int, int], scene: Scene) -> Seen:
    as_dose, value = wanted
    told: int = scene.look.told["dose_ng_per_day" if as_dose else "rate_nl_per_day"]
    shown = quantity.format_dose_rate(told) if as_dose else quantity.format_rate(told)
    return _within(told, value, scene), shown


def _flow(wanted: int, scene: Scene) -> Seen:
    steps = scene.look.truth["steps_made"] - scene.base.truth["steps_made"]
    span_ms = scene.look.truth["now_ms"] - scene.base.truth["now_ms"]
    flow = steps * units.STEP_PL_NOMINAL * units.MS_PER_DAY // (units.PL_PER_NL * max(1, span_ms))
    least = VOLUME_TOLERANCE_NL * units.MS_PER_DAY / max(1, span_ms)
    return _within(flow, wanted, scene, least), quantity.format_rate(flow)


def _volume(value: int, wanted: tuple[int, Any], scene: Scene) -> Seen:
    as_range, told = wanted
    shown = quantity.format_volume(value)
    if as_range:
        return told[0] <= value <= told[1], shown
    return _within(value, told, scene, VOLUME_TOLERANCE_NL), shown


def _counted(wanted: tuple[int, Any], scene: Scene) -> Seen:
    bucket = scene.told.get("bucket")
    chosen = [bucket] if bucket else list(states.BUCKET_NAMES)
    steps = [sum(look.status["delivered_steps"][name] for name in chosen) for look in (scene.look, scene.base)]
    return _volume(units.steps_volume_nl(steps[0] - steps[1], scene.look.told["step_pl"]), wanted, scene)


def _delivered(wanted: tuple[int, Any], scene: Scene) -> Seen:
    return _volume(scene.look.truth["delivered_nl"] - scene.base.truth["delivered_nl"], wanted, scene)


def _moved_nl(scene: Scene) -> int:
    """What the motor moved beyond what the pump counts."""
    moved = scene.look.truth["motor_steps"] - scene.base.truth["motor_steps"]
    counted = scene.look.told["steps_total"] - scene.base.told["steps_total"]
    return (moved - counted) * units.STEP_PL_NOMINAL // units.PL_PER_NL


def _over(most_nl: int, scene: Scene) -> Seen:
    over_nl = _moved_nl(scene)
    return over_nl <= most_nl, f"{quantity.format_volume(over_nl)} over"


def _missing(most_nl: int, scene: Scene) -> Seen:
    missing_nl = -_moved_nl(scene)
    return missing_nl <= most_nl, f"{quantity.format_volume(missing_nl)} missing"


def _motor(wanted: str, scene: Scene) -> Seen:
    seen = "on" if scene.look.truth["driver_enabled"] else "off"
    return seen == wanted, seen


def _present(look: Look) -> list[str]:
    return [alarm["id"] for alarm in look.status["alarms"]]


def _listed(found: list[str]) -> str:
    return ", ".join(found) or "none"


def _alarms(wanted: tuple[str, ...], scene: Scene) -> Seen:
    found = _present(scene.look)
    return found == list(wanted), _listed(found)


def _are_present(wanted: tuple[str, ...], scene: Scene) -> Seen:
    found = _present(scene.look)
    return set(wanted) <= set(found), _listed(found)


def _are_absent(wanted: tuple[str, ...], scene: Scene) -> Seen:
    found = _present(scene.look)
    return not set(wanted) & set(found), _listed(found)


def _alarm(wanted: dict[str, Any], scene: Scene) -> Seen:
    for alarm in scene.look.status["alarms"]:
        if alarm["id"] == wanted["id"]:
            seen = {name: alarm[name] for name in wanted}
            return seen == wanted, ", ".join(_plain(name, value) for name, value in seen.items())
    return False, _listed(_present(scene.look))


def _plain(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return name if value else f"not {name}"
    return str(value)


def _lamp(wanted: tuple[int, Any], scene: Scene) -> Seen:
    told = {"colour": wanted[1]} if wanted[0] == 0 else wanted[1]
    span = (scene.begin_ms, scene.end_ms)
    found = {colour: signals.lit(scene.look.stage.trace, colour, *span) for colour in keys.COLOURS}
    lit = [colour for colour in keys.COLOURS if found[colour]]
    if told["colour"] == "none" or lit != [told["colour"]]:
        return told["colour"] == "none" and not lit, " and ".join(lit) or "none"
    hz, duty = signals.flashing(found[told["colour"]], *span)
    met = all(told[name][0] <= value <= told[name][1] for name, value in (("hz", hz), ("duty", duty)) if name in told)
    return met, f"{told['colour']}, {hz:.2f} Hz, {duty / 10:.0f} %"


def _sounder(wanted: str, scene: Scene) -> Seen:
    seen = "on" if signals.tones(scene.look.stage.trace, scene.begin_ms, scene.end_ms) else "off"
    return seen == wanted, seen


def _melody(wanted: str, scene: Scene) -> Seen:
    heard = signals.names(signals.tones(scene.look.stage.trace, scene.begin_ms, scene.end_ms))
    return signals.plays(heard, signals.notes(wanted)), " ".join(heard) or "silence"


def _log(wanted: tuple[dict[str, Any], ...], scene: Scene) -> Seen:
    span = [one for one in scene.look.log if scene.begin_ms <= one["at_ms"] <= scene.end_ms]
    counts = [sum(_matches(record, one) for record in span) for one in wanted]
    met = all(_counts(count, one.get("count")) for count, one in zip(counts, wanted, strict=True))
    return met, ", ".join(f"{count} {one['kind']}" for count, one in zip(counts, wanted, strict=True))


def _counts(count: int, wanted: tuple[int, Any] | None) -> bool:
    if wanted is None:
        return count > 0
    as_range, told = wanted
    low, high = told if as_range else (told, told)
    return bool(low <= count <= high)


_NAMES: dict[str, Callable[[int], str]] = {
    "alarm": alarms.name,
    "priority": lambda value: alarms.PRIORITY_NAMES[value],
    "old": lambda value: states.STATE_NAMES[value],
    "new": lambda value: states.STATE_NAMES[value],
    "reason": lambda value: states.REASON_NAMES[value],
    "bucket": lambda value: states.BUCKET_NAMES[value],
    "error": lambda value: errors.name(value),
    "command": lambda value: messages.MESSAGES[value][0],
    "role": lambda value: messages.ROLE_NAMES[value],
}


def _matches(record: dict[str, Any], wanted: dict[str, Any]) -> bool:
    if record["kind"] != wanted["kind"]:
        return False
    return all(_field(record["fields"], name, value) for name, value in wanted.get("fields", {}).items())


def _field(fields: dict[str, Any], name: str, wanted: Any) -> bool:
    if name not in fields:
        return False
    value = fields[name]
    if isinstance(wanted, str) and name in _NAMES and isinstance(value, int):
        try:
            return _NAMES[name](value) == wanted
        except (KeyError, IndexError):
            return False
    return bool(value == wanted)


def _accounting(_wanted: str, scene: Scene) -> Seen:
    """The pulses before and after the question bound what the pump may count."""
    before = scene.look.stage.bench.get()["steps_made"]
    told = scene.look.stage.ask_status()
    after = scene.look.stage.bench.get()["steps_made"]
    counted, uncertain = told["steps_total"], told["steps_uncertain"]
    apart = f", {uncertain} of them uncertain" if uncertain else ""
    return before <= counted <= after + uncertain, f"{counted} counted, {after} made{apart}"


def _document(document: dict[str, Any], wanted: dict[str, Any]) -> Seen:
    seen = {name: document.get(name) for name in wanted}
    shown = ", ".join(f"{name} = {value}" for name, value in seen.items())
    return all(_agrees(seen[name], value) for name, value in wanted.items()), shown


def _agrees(seen: Any, wanted: Any) -> bool:
    bounds = isinstance(wanted, list) and len(wanted) == 2 and not isinstance(seen, list)
    if bounds and isinstance(seen, int | float):
        return bool(wanted[0] <= seen <= wanted[1])
    if isinstance(wanted, dict) and isinstance(seen, dict):
        return all(name in seen and _agrees(seen[name], value) for name, value in wanted.items())
    return bool(seen == wanted)


def _status(wanted: dict[str, Any], scene: Scene) -> Seen:
    return _document(scene.look.status, wanted)


def _truth(wanted: dict[str, Any], scene: Scene) -> Seen:
    return _document(scene.look.truth, wanted)


# name -> (what it is judged by, whether the pump itself is asked, judge)
CHECKS: dict[str, tuple[int, bool, Judge]] = {
    "state": (INSTANT, True, _state),
    "rate": (INSTANT, True, _rate),
    "flow": (GROWTH, False, _flow),
    "counted": (GROWTH, True, _counted),
    "delivered": (GROWTH, False, _delivered),
    "over": (GROWTH, True, _over),
    "missing": (GROWTH, True, _missing),
    "motor": (INSTANT, False, _motor),
    "alarms": (INSTANT, True, _alarms),
    "present": (INSTANT, True, _are_present),
    "absent": (INSTANT, True, _are_absent),
    "alarm": (INSTANT, True, _alarm),
    "lamp": (SIGNAL, False, _lamp),
    "sounder": (SIGNAL, False, _sounder),
    "melody": (SIGNAL, False, _melody),
    "log": (LOG, True, _log),
    "accounting": (INSTANT, True, _accounting),
    "status": (INSTANT, True, _status),
    "truth": (INSTANT, False, _truth),
}
