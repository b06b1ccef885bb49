"""Runs on MicroPython: what the flow checker makes of a motor that turns as it should and an encoder that errs."""

import faults
import kernel
import main
from plant import END, plant

from infuser.core.flow import FlowChecker
from infuser.wire import units

_ROOM_STEPS = 100


def course(hardware, flow, rate_nl_per_day, days, at_once):
    """Microsteps made, least and largest deviation, while so many microsteps `at_once` go out at a rate for days."""
    drive, angle = hardware.drive, hardware.sensors.encoder_counts
    steps_a_day = rate_nl_per_day * units.PL_PER_NL // units.STEP_PL_NOMINAL
    period_us = units.MS_PER_DAY * 1000 * at_once // steps_a_day
    interval_us = min(1 << 22, period_us // at_once - 1)
    issued = least = most = 0
    for _ in range(days * steps_a_day // at_once):
        drive.burst(at_once, interval_us)
        made = issued
        issued += at_once
        for part_us in (period_us // 3, period_us - period_us // 3):
            kernel.run_until(kernel.now_us + part_us)
            deviation = flow.deviation_steps(angle(), made, issued)
            made = issued
            if deviation < least:
                least = deviation
            elif deviation > most:
                most = deviation
        if plant.piston > END - _ROOM_STEPS:
            plant.put_piston(0)
    return [issued, least, most]


def play(quantities, courses):
    """`course` for each of `courses`, one after the other: (nL a day, days, microsteps at once)."""
    for name, value in quantities.items():
        faults.put(name, value)
    hardware = main.Hardware()
    hardware.drive.enable(True)
    told = []
    for one in courses:
        flow = FlowChecker()
        flow.restart(hardware.sensors.encoder_counts(), 0)
        told.append(course(hardware, flow, *one))
    return told
