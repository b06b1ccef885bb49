"""The delivery counters and dose windows as flash and log have them, taken up at the start."""

from infuser.app import overlay
from infuser.app.memory import HOUR_MIN, RESERVE_STEPS, WINDOW_NAMES
from infuser.core.schedule import Schedule
from infuser.core.window import unit_of
from infuser.wire import records, states, units
from infuser.wire.messages import Refusal


def counters(delivery) -> None:
    """Take up the counters of the last checkpoint; `memory.found` is what it said, empty without one.

    Without one, or with one that is older than the log, the counters are those of the log's last hour.
    """
    memory = delivery.memory
    meter = delivery.meter
    ledger = delivery.recorder.ledger
    saved, damaged = memory.load()
    counted = _counted(ledger)
    if sum(counted) > (saved["steps_reserved"] if saved else 0):
        _take_from_log(delivery, counted)
    elif saved:
        names = zip(records.COUNTER_NAMES, records.FRACTION_NAMES)
        for bucket, (steps, fraction) in enumerate(names):
            rest = saved["basal_acc_rem"] if bucket == states.BASAL else 0
            meter.restore(bucket, saved[steps], saved[fraction], rest)
        memory.uncertain_steps = max(0, saved["steps_reserved"] - meter.issued())
        memory.found = saved
    if damaged and memory.found:
        # It may have been the newer one: then one reservation more was used up, perhaps that of a fast bolus.
        per_two_s = 2 * units.PUMP_MAX_NL_PER_DAY * units.PL_PER_NL // (meter.step_pl * 86400)
        memory.uncertain_steps += per_two_s if ledger.bolus_list else RESERVE_STEPS
        memory.masked.append(("checkpoint", "one of the two copies is damaged: the other is taken"))
    memory.begin()


def _take_from_log(delivery, counted: list[int]) -> None:
    """The count never goes back; what may have gone out since the log's last count is uncertain."""
    for bucket, steps in enumerate(counted):
        delivery.meter.restore(bucket, steps, 0, 0)
    uncertain = delivery.memory.uncertain_steps = _since_counted(delivery)
    text = "no checkpoint holds: counted from the log, and up to {} microsteps more may have gone out"
    delivery.memory.lost = text.format(uncertain)


def _since_counted(delivery) -> int:
    """The most that can have gone out since the last count, which is an hour old at most; it stands in the log."""
    ledger = delivery.recorder.ledger
    if ledger.state not in states.DELIVERING:
        return 0  # the count was logged when the motor was stopped
    rates = [ledger.bridge_nl_per_day]
    if ledger.program:
        rates += _rates(ledger)
    volume_nl = max(rates) * HOUR_MIN // units.MIN_PER_DAY + ledger.bolus_since_nl
    return units.volume_steps(volume_nl, delivery.meter.step_pl) + RESERVE_STEPS


def _rates(ledger) -> list[int]:
    """Every basal rate that the program in force can have come to; the pump's most if it cannot be read."""
    try:
        schedule = overlay.call(None, "prescription", "stored", ledger.program)
    except (Refusal, overlay.Unloadable):
        return [units.THERAPY_MAX_NL_PER_DAY]
    rates = schedule.rates() + Schedule(schedule.program, ledger.plan_ng_per_day).rates()
    return rates + [schedule.volume_nl(ledger.temporary_ng_per_day)]


def _counted(ledger) -> list[int]:
    """Microsteps of each bucket as the log counted them last; of a log of format 3 the most that it names."""
    if ledger.counter_list:
        return [entry["steps"] for entry in ledger.counter_list]
    return [max(ledger.hour_steps, ledger.day_steps, ledger.total_steps, ledger.steps_at_fill)]


def guard(delivery, files) -> bool:
    """Start the guard with its windows as of now; what is uncertain counts as delivered last.

    False if the windows on flash do not verify: then they are filled from the journal's hours, as
    late as can be.
    """
    memory = delivery.memory
    window = delivery.guard.window
    ledger = delivery.recorder.ledger
    age_ms = delivery.timebase.age_ms()
    open_steps = 0
    # A pump that never counted anything has nothing in its windows.
    exact = _load_window(delivery, files) if memory.found else not memory.lost
    if exact and memory.found:
        open_steps = window.go_on(age_ms // units.MS_PER_MIN) + memory.uncertain_steps
    elif not exact:
        hours = [entry["steps"] for entry in ledger.hour_list]
        hours.append(max(0, delivery.therapy_steps() - ledger.hour_steps) + memory.uncertain_steps)
        window.assume(hours, age_ms // units.MS_PER_MIN)
    total = delivery.steps_total()
    primed = total - delivery.therapy_steps()
    delivery.guard.restore(total + memory.uncertain_steps, primed, age_ms, open_steps)
    return exact


def _load_window(delivery, files) -> bool:
    """Take the file that the checkpoint refers to.

    Both may fit it, where they were stored within a minute because another drug followed. Then it is the one in
    the stronger concentration: whatever else the checkpoint counts, nothing counts for less than it was.
    """
    found = delivery.memory.found
    base = found["window_min"]
    stored = [_read(files, name) for name in WINDOW_NAMES]
    units_found = [unit_of(one, base) for one in stored]
    best = 1 if units_found[1] > units_found[0] else 0
    if not delivery.guard.window.load(stored[best], base, found["minutes"]):
        return False
    delivery.memory.begin_windows(1 - best, units_found[best])
    return True


def _read(files, name: str) -> bytes | None:
    try:
        return files.read(name)
    except OSError:
        return None
