"""Follows a titration plan or a taper, and does what a clinician asks of it: hold, go on, cut back."""

from infuser.core import plan
from infuser.wire import records, states, units

CHECK_MS = units.MS_PER_MIN


class Planner:
    """Goes over to the plan's next dose when it is due; `poll` in every turn of the loop."""

    def __init__(self, controller) -> None:
        self._controller = controller
        self.due_ms = 0  # when to look next

    def _wait_ms(self, now_ms: int) -> int:
        """Time until the plan's next date; a minute where that is past or unknown."""
        controller = self._controller
        due_ms = next_local_min(controller) * units.MS_PER_MIN - controller.clock.local_ms(now_ms)
        return due_ms if due_ms > 0 else CHECK_MS

    def poll(self, now_ms: int) -> bool:
        """Follow the plan; True if it ended the therapy just now."""
        if now_ms < self.due_ms:
            return False
        controller = self._controller
        self.due_ms = now_ms + min(CHECK_MS, self._wait_ms(now_ms))
        ledger = controller.ledger
        # A dose is raised or lowered only while therapy runs as programmed, by a clock that can be trusted.
        if controller.state not in states.THERAPY or ledger.plan_held or ledger.bridge_nl:
            return False
        entries = controller.schedule.program["plan_list"]
        if not entries or ledger.plan_position >= len(entries) or not controller.clock.valid:
            return False
        local_min = controller.clock.local_ms(now_ms) // units.MS_PER_MIN
        since_ms = now_ms - ledger.plan_age_ms
        found = plan.step(
            controller.schedule.program,
            ledger.plan_position,
            ledger.plan_ng_per_day,
            ledger.plan_shift_min,
            since_ms,
            local_min,
        )
        if found is None:
            return False
        note(controller, found[0], found[1], states.BY_PLAN)
        return therapy_ended(controller)


def note(controller, position: int, dose: int, reason: int, operator: str = "", held: bool = False) -> None:
    """Journal where the plan stands and deliver its dose from here on; a dose of 0 ends the therapy."""
    ledger = controller.ledger
    shift_min = ledger.plan_shift_min
    if ledger.plan_held:
        # What is still to come is put off by as long as the plan was held.
        shift_min += (controller.timebase.age_ms() - ledger.plan_age_ms) // units.MS_PER_MIN
    controller.recorder.note(
        records.PLAN,
        position=position,
        dose_ng_per_day=dose,
        held=held,
        shift_min=shift_min,
        reason=reason,
        operator=operator,
    )
    controller.basal.adopt()
    if controller.delivering() and therapy_ended(controller):
        controller.end_bolus(reason)
        controller.enter(states.SUSPENDED, reason)
    else:
        controller.refresh()


def therapy_ended(controller) -> bool:
    """Whether a taper has come to its end."""
    entries = controller.schedule.program["plan_list"] if controller.schedule else []
    if not entries or controller.ledger.plan_position < len(entries):
        return False
    return bool(entries[-1]["dose_ng_per_day"] == 0)


def next_local_min(controller) -> int:
    """Local minute at which the plan's next dose is due, 0 for none."""
    entries = controller.schedule.program["plan_list"] if controller.schedule else []
    position = controller.ledger.plan_position
    if position >= len(entries):
        return 0
    due_min = entries[position]["at_min"] + controller.ledger.plan_shift_min
    return int(due_min)
