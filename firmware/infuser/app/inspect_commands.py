"""What each input reads now, and lamps and sounder one by one: for whoever brings a board up."""

from infuser.app.checks import within, wrong_state
from infuser.wire import errors
from infuser.wire.messages import Refusal
from infuser.wire.replies import SIGNAL_SOUND


def inspect(pump, request: dict) -> dict:
    """What each input reads, and whether a lamp or the sounder follows; only while nothing is delivered."""
    if pump.controller.delivering():
        raise wrong_state(pump.controller.state)
    signal = request["signal"]
    within("signal", signal, 0, SIGNAL_SOUND)
    told = pump.hardware.sensors
    # Whoever is on the line must not outshine an alarm: who sets the jumper stands beside the pump.
    if signal and not told.service_jumper():
        raise Refusal(errors.JUMPER_NEEDED)
    signalled, sounder_mv = pump.hardware.annunciator.try_one(signal) if signal else (False, told.sounder_mv())
    return {
        "encoder_counts": told.encoder_counts(),
        "clock_chip": pump.hardware.wall_clock.chip_answers(),
        "clock_ms": pump.hardware.wall_clock.read_ms(),
        "outlet_pa": told.outlet_pa(),
        "inlet_pa": told.inlet_pa(),
        "battery_mv": told.battery_mv(),
        "supply": told.supply_present(),
        "temperature_mc": told.temperature_mc(),
        "air": told.air(),
        "cover_open": told.cover_open(),
        "jumper": told.service_jumper(),
        "at_full": told.at_full(),
        "at_empty": told.at_empty(),
        "patient_button": told.patient_button(),
        # Not `stop_button`, which forgets a press that the watch has still to see.
        "stop_button": told.stop_held_ms() > 0,
        "sounder_mv": sounder_mv,
        "signalled": signalled,
    }
