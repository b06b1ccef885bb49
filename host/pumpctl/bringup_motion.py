"""Bring-up of what turns: the encoder by hand, and the motor by a priming of a few microsteps that is accounted for."""

import contextlib
import time

from infuser.wire import alarms, states, units
from pumpctl import quantity
from pumpctl.bringup import Part, PartFailed, PartSkipped, Walk
from pumpctl.errors import Refused
from pumpctl.replies import Inspected

COUNTS = 4096
TURN_STEPS = 3200
VOLUME_NL = 10 * units.NL_PER_UL
_QUIET_COUNTS = 4
_READS = 8
# By hand: 8 degrees. By the motor: microsteps of a screw whose nut has play, an encoder that is 1 degree off.
_TURNED_COUNTS = 90
_TOLERANCE_COUNTS = 16
_POLL_S = 0.2
_LIMIT_S = 60


def apart(counts: int, first: int) -> int:
    """How far the shaft has turned, the short way round: -2048 to 2047 counts."""
    return (counts - first + COUNTS // 2) % COUNTS - COUNTS // 2


def _encoder(walk: Walk) -> str:
    first = _counts(walk)
    noise = max(abs(apart(_counts(walk), first)) for _ in range(_READS))
    if noise > _QUIET_COUNTS:
        raise PartFailed(f"it moves by {noise} counts while the shaft stands, allowed {_QUIET_COUNTS}")

    def turned(told: Inspected) -> bool:
        return told.encoder_counts >= 0 and abs(apart(told.encoder_counts, first)) >= _TURNED_COUNTS

    told = walk.wait(
        "Turn the lead screw by hand, an eighth of a turn or more.", turned,
        lambda told: f"the encoder stands at {told.encoder_counts} of {COUNTS} counts",
    )  # fmt: skip
    return f"quiet to {noise} counts, then moved by {abs(apart(told.encoder_counts, first))} of {COUNTS}"


def _counts(walk: Walk) -> int:
    counts = walk.pump.inspect().encoder_counts
    if counts < 0:
        raise PartFailed("it does not answer on the bus")
    return counts


def _motor(walk: Walk) -> str:
    status = walk.pump.status()
    if status.reservoir_nl < VOLUME_NL:
        raise PartSkipped("the pump accounts for nothing in its reservoir: fill it with water first, `pumpctl refill`")
    walk.hands.confirm(
        f"The motor gives {quantity.format_volume(VOLUME_NL)}, accounted for as priming. Is the outlet off any patient"
    )
    first = _counts(walk)
    walk.pump.prime(VOLUME_NL, units.BOLUS_MIN_MS)
    try:
        _wait_for_end(walk)
    except (KeyboardInterrupt, PartFailed):
        with contextlib.suppress(Refused):  # it may have ended meanwhile
            walk.pump.cancel_bolus()
        raise
    now = walk.pump.status()
    steps = now.steps_total - status.steps_total
    moved = apart(_counts(walk), first)
    told = f"{steps} microsteps turned the encoder by {moved} counts, {steps * COUNTS // TURN_STEPS} expected"
    if wrong := _wrong(moved, steps * COUNTS // TURN_STEPS):
        raise PartFailed(f"{told}: {wrong}")
    if now.state == states.ALARM_STOPPED:
        named = ", ".join(alarms.name(one.alarm) for one in now.alarm_list if one.active)
        raise PartFailed(f"{told}; then the pump stopped it: {named}")
    return told


def _wrong(moved: int, due: int) -> str:
    """What a shaft that moved so far by the encoder speaks for, nothing if it followed."""
    if 4 * abs(moved) < due:
        return "it did not turn; the driver's 9 V, EN, or a coil"
    if moved < 0:
        return "the other way round; swap the wires of one coil, or strap the AS5600's DIR"
    if abs(moved - due) > min(_TOLERANCE_COUNTS, due // 4):
        return "MS1 and MS2 both high? too little current? a loose coupling?"
    return ""


def _wait_for_end(walk: Walk) -> None:
    end_s = time.monotonic() + _LIMIT_S
    while walk.pump.status().state == states.PRIMING:
        if time.monotonic() > end_s:
            raise PartFailed(f"the priming does not end within {_LIMIT_S} s")
        time.sleep(_POLL_S)


ENCODER = Part(
    "encoder", "the encoder on the shaft", _encoder,
    "the AS5600's supply and address, the magnet's distance, both wires of the bus", ("sda", "scl"),
)  # fmt: skip
MOTOR = Part(
    "motor", "motor, driver and screw", _motor,
    "VREF, the driver's straps, its 9 V and the coils", ("step", "dir", "enable"),
)  # fmt: skip
