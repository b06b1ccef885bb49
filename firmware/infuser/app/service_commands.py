"""Commands that a technician gives now and then: clock, self-test, calibration, the way out of the application."""

from infuser.app.checks import within, wrong_state
from infuser.wire import alarms, errors, records, states, units
from infuser.wire.messages import Refusal


def clock_set(pump, request: dict) -> dict:
    """Set the wall clock; no dose is touched."""
    within("time_ms", request["time_ms"], units.EPOCH_MIN_MS, units.EPOCH_MAX_MS - 1)
    within("utc_offset_min", request["utc_offset_min"], -12 * 60, 14 * 60)
    old_ms = pump.wall_ms()
    _set_clock(pump, request["time_ms"], request["utc_offset_min"], request["operator"])
    return {"time_ms": pump.wall_ms(), "moved_ms": request["time_ms"] - old_ms if old_ms else 0}


def _set_clock(pump, time_ms: int, utc_offset_min: int, operator: str) -> None:
    """What was delivered stays as it is, the day's pattern follows. Refusal STORAGE.

    After a power cut the clock tells how long the pump was off, so what is lost between clock and record must
    only make that time look shorter: forwards the record comes first, backwards the clock.
    """
    _refuse_unwritable(pump.recorder)
    pump.recorder.begin()
    old_ms = pump.wall_ms()
    forwards = time_ms >= old_ms
    if not forwards:
        _give_time(pump, time_ms)
    pump.recorder.note(records.CLOCK, old_ms=old_ms, new_ms=time_ms, utc_offset_min=utc_offset_min, operator=operator)
    _refuse_unwritable(pump.recorder)
    if forwards:
        _give_time(pump, time_ms)
    clock = pump.controller.clock
    clock.utc_offset_min = utc_offset_min
    pump.watch.set(alarms.CLOCK_LOST, not clock.valid)
    pump.controller.refresh()


def _give_time(pump, time_ms: int) -> None:
    pump.hardware.wall_clock.set_ms(time_ms)
    pump.controller.clock.set(time_ms, pump.timebase.age_ms())


def _refuse_unwritable(recorder) -> None:
    if recorder.failure:
        raise Refusal(errors.STORAGE, text=recorder.failure)


def self_test(pump, request: dict) -> dict:
    """Run the self-test while nothing is delivered."""
    if pump.controller.delivering():
        raise wrong_state(pump.controller.state)
    failed = pump.self_test()
    return {"passed": not failed, "failed_list": [{"part": part} for part in failed]}


def calibrate(pump, request: dict) -> dict:
    """Take up the measured volume of a microstep; what was delivered before keeps its volume."""
    controller = pump.controller
    if controller.state not in (states.IDLE, states.SUSPENDED):
        raise wrong_state(controller.state)
    margin = units.STEP_PL_NOMINAL * units.STEP_PL_TOLERANCE_PERCENT // 100
    within("step_pl", request["step_pl"], units.STEP_PL_NOMINAL - margin, units.STEP_PL_NOMINAL + margin)
    within("uncertainty_ppm", request["uncertainty_ppm"], 0, 100000)
    within("runs", request["runs"], 1, 255)
    delivery = controller.delivery
    pump.recorder.note(
        records.CALIBRATION,
        step_pl=request["step_pl"],
        uncertainty_ppm=request["uncertainty_ppm"],
        runs=request["runs"],
        reservoir_nl=controller.account.reservoir_nl(),
        total_nl=controller.account.delivered_total_nl(),
        today_nl=controller.account.delivered_today_nl(),
        therapy_steps=delivery.therapy_steps(),
        steps_total=delivery.steps_total(),
        operator=request["operator"],
    )
    delivery.set_step(request["step_pl"])
    controller.basal.adopt()
    controller.note_delivery(False)
    return {"step_pl": delivery.meter.step_pl, "reservoir_nl": controller.account.reservoir_nl()}


def service_repl(pump, request: dict) -> dict:
    """Leave the application so that the REPL is free."""
    if pump.controller.delivering():
        raise wrong_state(pump.controller.state)
    pump.controller.enter(states.SERVICE, states.BY_COMMAND)
    pump.leaving = True
    return {"state": pump.controller.state}
