"""What each fault of a virtual pump does, in one line; the faults themselves are the device's."""

FAULTS = {
    "air": "the air sensor sees air in the line",
    "battery": "supply off and battery low; --value low, empty or mV",
    "button-stuck": "a button stays pressed; --value patient or stop",
    "clock-absent": "the real-time clock does not answer",
    "clock-lost": "the real-time clock has lost its time",
    "cover-open": "the cover is open",
    "encoder-dead": "the position sensor does not answer",
    "flash-broken": "the flash memory takes no writes",
    "leak": "part of the flow leaks out; --value in percent",
    "occlude": "the outlet is blocked: the pressure rises",
    "occlude-upstream": "the inlet is blocked: nothing flows, suction builds up",
    "overheat": "the board is hot; --value in thousandths of a degree C",
    "power-cut-at-flash-op": "power fails at a flash operation to come; --value which one, 1 for the next",
    "runaway": "the motor runs without being told; --value in microsteps a second",
    "service-jumper": "the service jumper is set",
    "skip-steps": "the motor loses microsteps; --value in percent",
    "sounder-dead": "the alarm sounder stays silent",
    "stall": "the motor is blocked",
    "supply-off": "the outside supply is off",
}
