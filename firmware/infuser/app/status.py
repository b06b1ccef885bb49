"""The status reply: everything a person asks a pump, gathered in one place."""

import gc

from infuser.core.ledger import NO_BUCKET
from infuser.wire import program as programs
from infuser.wire import units


def build(pump) -> dict:
    """STATUS_FIELDS as of now."""
    values = _therapy(pump)
    values.update(_delivered(pump))
    values.update(_device(pump))
    return values


def _therapy(pump) -> dict:
    controller = pump.controller
    schedule = controller.schedule
    program = schedule.program if schedule else {}
    rate = controller.basal_nl_per_day()
    return {
        "state": controller.state,
        "mode": program.get("mode", 0),
        "stop_reason": controller.ledger.stop_reason,
        "rate_nl_per_day": rate,
        "dose_ng_per_day": units.dose_ng(rate, schedule.concentration) if schedule else 0,
        "program_dose_ng_per_day": schedule.dose_ng_per_day() if schedule else 0,
        "patient": program.get("patient", ""),
        "drug": program.get("drug", ""),
        "concentration_ug_per_ml": program.get("concentration_ug_per_ml", 0),
        "program_digest": programs.digest(controller.ledger.program) if schedule else b"",
        "reservoir_nl": controller.reservoir_nl(),
        "low_reservoir_nl": controller.low_reservoir_nl(),
        "refill_due_ms": controller.refill_due_ms(),
        "alarm_list": controller.ledger.alarms.entries,
    }


def _delivered(pump) -> dict:
    controller = pump.controller
    delivery = controller.delivery
    step_pl = delivery.meter.step_pl
    bucket = controller.ledger.bolus_bucket
    running_nl = left_ms = 0
    if bucket != NO_BUCKET:
        left_ms = delivery.volume_left_ms(bucket)
        given = delivery.bucket_steps()[bucket] - controller.ledger.bolus_start_steps
        running_nl = max(0, controller.ledger.bolus_volume_nl - units.steps_volume_nl(given, step_pl))
    today = delivery.therapy_steps() - controller.ledger.day_steps
    return {
        "delivered_today_nl": units.steps_volume_nl(today, step_pl),
        "delivered_total_nl": units.steps_volume_nl(delivery.therapy_steps(), step_pl),
        "steps_total": delivery.steps_total(),
        "steps_uncertain": delivery.uncertain_steps,
        "bucket_list": [{"steps": steps} for steps in delivery.bucket_steps()],
        "step_pl": step_pl,
        "bolus_remaining_nl": running_nl,
        "bolus_remaining_ms": left_ms,
    }


def _device(pump) -> dict:
    journal = pump.recorder.journal
    uptime_ms = pump.timebase.uptime_ms()
    return {
        "audio_pause_ms": pump.audio_pause_left_ms(),
        "time_ms": pump.wall_ms(),
        "utc_offset_min": pump.controller.clock.utc_offset_min,
        "time_valid": pump.controller.clock.valid,
        "uptime_ms": uptime_ms,
        "boot_count": journal.boot,
        "log_oldest": journal.oldest_seq,
        "log_next": journal.next_seq,
        "battery_mv": pump.watch.battery_mv,
        "temperature_mc": pump.watch.temperature_mc,
        "pressure_pa": pump.watch.pressure_pa,
        "free_bytes": gc.mem_free() if hasattr(gc, "mem_free") else 0,
    }
