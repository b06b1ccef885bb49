"""Runs on MicroPython: one part of pump or plant is spoilt at a time, to see that the invariants can fail."""

import faults
from plant import Plant
from vm_chance import Chance
from vm_fault_course import Course
from vm_fault_truth import Truth
from vm_fault_world import Violation, World
from vm_orders import PATIENT
from vm_reference import MIN_MS

from infuser.app.delivery import Delivery
from infuser.app.recorder import Recorder
from infuser.core.flow import FlowChecker
from infuser.core.guard import Guard
from infuser.hw.annunciator import Annunciator
from infuser.wire import messages, records

_HOUR_MS = 60 * MIN_MS


def uncounted(course):
    """The driver makes two microsteps of each pulse that it counts as one."""
    pulses = Plant.pulses

    def twice(self, count):
        pulses(self, count)
        self.steps_made += count

    Plant.pulses = twice
    yield 3 * _HOUR_MS


def unrecorded(course):
    """Changes of the state reach the memory and not the journal."""
    note = Recorder.note

    def forgetful(self, kind, **fields):
        if kind == records.STATE:
            self.ledger.apply(kind, fields, 0, self.timebase.age_ms())
            self._seal = self._digest()
        else:
            note(self, kind, **fields)

    Recorder.note = forgetful
    yield from course.order(messages.STOP)
    yield MIN_MS


def silent(course):
    """No lamp, no sound."""
    Annunciator.show = lambda self, priority, sounding: None
    yield from course.order(messages.STOP)
    yield 2 * _HOUR_MS


def unstopped(course):
    """The motor goes on whatever stops it."""
    Delivery.stop = lambda self: None
    faults.switch("air", True)
    yield _HOUR_MS


def unlimited(course):
    """The dose windows have room for everything."""
    Guard.room_steps = lambda self: 1 << 20
    step = {"day_mask": 127, "start_min": 0, "dose_ng_per_day": 100 * course.concentration}
    limits = {"dose_max_1h_ng": 10 * course.concentration, "dose_max_4h_ng": 30 * course.concentration}
    plain = {"mode": 1, "step_list": [step], "plan_list": [], "periodic_bolus_ng": 0, "patient_bolus_ng": 0}
    plain["minimum_ng_per_day"] = step["dose_ng_per_day"]
    plain.update({"start_min": 0, "bolus_max_ng": 20 * course.concentration, "bolus_lockout_min": 0})
    values = course.some_program()
    values.update(plain)
    values.update(limits)
    assert (yield from course.send(values))
    for _ in range(3):
        yield from course.order(
            messages.BOLUS, dose_ng=9 * course.concentration, duration_ms=60000, patient=PATIENT, confirmed=True
        )
        yield 12 * MIN_MS


def unmeasured(course):
    """The motor turns by itself and the encoder is not compared."""
    FlowChecker.deviation_steps = lambda self, *told: 0
    faults.switch("runaway", True, 200)
    yield _HOUR_MS


def play(name):
    """What the campaign says of a pump that is spoilt so; None if it finds nothing."""
    world = World(Truth())
    course = Course(world, Chance(1))
    try:
        world.live(_script(course, globals()[name]))
    except Violation as error:
        return str(error)


def _script(course, spoil):
    yield from course.begin()
    yield 5 * MIN_MS
    yield from course.greet()
    yield from spoil(course)
    course.truth.look()
    course.truth.check_log()
