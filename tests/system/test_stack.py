"""The chip's stack: 8 KiB for the main program and, on top of it, every interrupt."""

import pytest
from ward import CONTINUOUS, PATIENT, SECOND_MS, infusing

from pumpctl import operations, program

# Where MicroPython refuses to call another function; what it calls in C is not stopped there.
REFUSES_AT = 8192 - 256


@pytest.mark.on_chip
def test_the_deepest_commands_leave_room_on_the_stack_for_the_tick(cli, bench, request):
    if request.config.getoption("--chip") == "vm":
        pytest.skip("the stack of the unix port is another: --chip rp2040 measures the chip's")
    ward = infusing(cli, bench)
    with ward.client() as pump:
        # Ticks come three times a second from here on.
        pump.bolus(50_000, 300 * SECOND_MS, PATIENT)
        operations.commit(pump, operations.propose(pump, program.load(CONTINUOUS)), confirmed=True)
        pump.minimum_rate(True)
        pump.minimum_rate(False)
        pump.stop()
        for _ in range(3):
            pump.prime(200_000, 600 * SECOND_MS)
            pump.stop()
    assert ward.plant.status()["boots"] == 1
    assert ward.plant.measure()["stack_bytes"] <= REFUSES_AT
