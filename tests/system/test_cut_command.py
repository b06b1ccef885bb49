"""A power cut at every flash operation of a command: it is carried out once or not at all."""

from collections.abc import Callable

import pytest

from infuser.wire import records, states, units
from pumpctl import operations, program
from pumpctl.client import Pump
from pumpctl.errors import PumpctlError
from pumpctl.transport import open_transport
from pumpctl.virtual import VirtualPump

DOSE_NG = 1000
DURATION_MS = 10_000


def infusing(bench: VirtualPump) -> None:
    """A pump that infuses a program without a lock-out: nothing but the protocol keeps a bolus from coming twice."""
    therapy = {**program.load(program.example()), "bolus_max_ng": 50_000, "bolus_lockout_min": 0}
    bench.fill(20 * units.NL_PER_ML)
    with Pump.open(str(bench.port)) as pump:
        operations.commit(pump, operations.propose(pump, therapy))
        pump.begin_refill()
        pump.complete_refill(0, 20 * units.NL_PER_ML, therapy["concentration_ug_per_ml"])
        pump.resume()


def boluses_started(pump: Pump) -> int:
    raw = b"".join(pump.read_log(1))
    at = count = 0
    while at < len(raw):
        size = records.size_at(raw, at)
        count += records.decode(raw[at : at + size])["kind"] == records.BOLUS_STARTED
        at += size
    return count


def order_bolus_cut_at(bench: VirtualPump, operation: int) -> bool:
    """Order a bolus, the power failing at the n-th flash operation from now; whether the order was granted."""
    bench.fault("power-cut-at-flash-op", value=operation)
    try:
        with Pump(open_transport(str(bench.port)), timeout_s=0.3) as pump:
            pump.bolus(DOSE_NG, DURATION_MS, pump.status()["patient"])
    except PumpctlError:
        return False
    return True


@pytest.mark.case("UC3")
def test_a_bolus_ordered_while_power_fails_is_never_given_twice(bench: Callable[..., VirtualPump]) -> None:
    virtual = bench()
    infusing(virtual)
    most_steps = units.volume_nl(DOSE_NG, 500) * units.PL_PER_NL // units.STEP_PL_NOMINAL + 1
    cuts = 0
    for operation in range(1, 100):
        with Pump.open(str(virtual.port)) as pump:
            started = boluses_started(pump)
            given = pump.status()["bucket_list"][states.CLINICIAN_BOLUS]["steps"]
            boots = pump.hello.boot_count
        order_bolus_cut_at(virtual, operation)
        with Pump.open(str(virtual.port)) as pump:
            was_cut = pump.hello.boot_count != boots
            virtual.advance_ms(2 * DURATION_MS)
            assert boluses_started(pump) - started <= 1, f"cut at operation {operation}"
            now_given = pump.status()["bucket_list"][states.CLINICIAN_BOLUS]["steps"]
            assert now_given - given <= most_steps, f"cut at operation {operation}"
            assert pump.status()["state"] in (states.INFUSING, states.BOLUS)
        if not was_cut:
            break
        cuts += 1
    virtual.fault("power-cut-at-flash-op", on=False)
    print(f"{cuts} cut points")
    assert cuts >= 5
