"""A working day of therapy from Python: fill, program, start, give a bolus, see what was delivered.

Plays on a virtual pump of its own; `Pump.open("ward1")` would be a real one. Run: python day_of_therapy.py
"""

from pathlib import Path

import pumpctl
from pumpctl import Pump, operations, program, virtual

HOUR_MS = 3_600_000
ML_NL = 1_000_000


def begin(pump: Pump, therapy: Path) -> None:
    """Account for 18 mL filled in, put the therapy into force and start it."""
    pump.complete_refill(measured_residual_nl=0, volume_nl=18 * ML_NL, concentration_ug_per_ml=500)
    proposal = operations.propose(pump, program.load(therapy))
    for setting, old, new, _ in proposal.rows():
        print(f"{setting:24} {old:>12} -> {new}")
    operations.commit(pump, proposal, confirmed=bool(proposal.warnings))
    pump.resume()


def main() -> None:
    """Play the day."""
    bench = virtual.start("day-of-therapy", speed=0)
    try:
        with Pump.open("day-of-therapy", operator="Ada") as pump:
            pump.begin_refill()
            bench.fill(18 * ML_NL)
            begin(pump, program.example("start-100ug-continuous"))
            bench.advance_ms(4 * HOUR_MS)
            bolus = pump.bolus(dose_ng=25_000, duration_ms=600_000, patient="BENCH-001")
            print(f"a bolus of {bolus.volume_nl} nL runs at {bolus.rate_nl_per_day} nL a day")
            bench.advance_ms(4 * HOUR_MS)
            try:
                pump.bolus(dose_ng=900_000, duration_ms=600_000, patient="BENCH-001")
            except pumpctl.Refused as refused:
                print(f"refused: {refused.message}")
            status = pump.status()
            print(f"{status.state_name}: {status.delivered_total_nl} nL delivered, {status.reservoir_nl} nL left")
            print("alarms:", [alarm.alarm for alarm in status.alarm_list])
    finally:
        bench.stop()
        bench.remove()


if __name__ == "__main__":
    main()
