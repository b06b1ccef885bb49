"""The status reply: everything a person asks a pump, gathered in one place."""

import gc

from infuser.app import planner
from infuser.core import lockout
from infuser.core.window import SPANS_MIN
from infuser.wire import program as programs
from infuser.wire import units


def build(pump) -> dict:
    """STATUS_FIELDS as of now."""
    values = _therapy(pump)
    values.update(_delivered(pump))
    values.update(_coming(pump))
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
        "dose_ng_per_day": units.dose_ng(rate, controller.basal.concentration()) if schedule else 0,
        "program_dose_ng_per_day": schedule.dose_ng_per_day() if schedule else 0,
        "patient": program.get("patient", ""),
        "drug": program.get("drug", ""),
        "concentration_ug_per_ml": program.get("concentration_ug_per_ml", 0),
        # While a bridge lasts, that of the drug before.
        "delivered_ug_per_ml": controller.basal.concentration() if schedule else 0,
        "program_digest": programs.digest(controller.ledger.program) if schedule else b"",
        "library": controller.ledger.library,
        "library_version": controller.ledger.library_version,
        "library_digest": controller.ledger.library_digest,
        "trust_digest": controller.ledger.trust_digest,
        "prescriber_digest": controller.ledger.prescriber_digest,
        "signed_only": controller.ledger.signed_only,
        "keyed": bool(controller.ledger.keys_digest),
        "role": pump.link.session.role,
        "session_left_ms": pump.link.session.left_ms(pump.timebase.age_ms()),
        "reservoir_nl": controller.account.reservoir_nl(),
        "low_reservoir_nl": controller.low_reservoir_nl(),
        "refill_due_ms": controller.refill_due_ms(),
        "alarm_list": controller.ledger.alarms.entries,
    }


def _delivered(pump) -> dict:
    controller = pump.controller
    delivery = controller.delivery
    return {
        "delivered_today_nl": controller.account.delivered_today_nl(),
        "delivered_total_nl": controller.account.delivered_total_nl(),
        "steps_total": delivery.steps_total(),
        "steps_uncertain": delivery.memory.uncertain_steps,
        "bucket_list": [{"steps": steps} for steps in delivery.bucket_steps()],
        "step_pl": delivery.meter.step_pl,
        "calibrated_ms": controller.ledger.calibrated_ms,
        "calibration_ppm": controller.ledger.calibration_ppm,
        "bolus_list": [_bolus(delivery, entry) for entry in controller.ledger.bolus_list],
        "window_list": [_window(delivery, index, span) for index, span in enumerate(SPANS_MIN)],
    }


def _bolus(delivery, entry: dict) -> dict:
    bucket = entry["bucket"]
    given = delivery.bucket_steps()[bucket] - entry["start_steps"]
    return {
        "bucket": bucket,
        "volume_nl": entry["volume_nl"],
        "delivered_nl": units.steps_volume_nl(given, delivery.meter.step_pl),
        "left_ms": delivery.volume_left_ms(bucket),
        "held": entry["held"],
    }


def _window(delivery, index: int, span_min: int) -> dict:
    guard = delivery.guard
    step_pl = delivery.meter.step_pl
    return {
        "span_min": span_min,
        "limit_nl": units.steps_volume_nl(guard.limits[index], step_pl) if guard.limited(index) else 0,
        "used_nl": units.steps_volume_nl(guard.used_steps(index), step_pl),
    }


def _coming(pump) -> dict:
    """What the pump will do by itself, and what the patient may ask for."""
    controller = pump.controller
    ledger = controller.ledger
    schedule = controller.schedule
    program = schedule.program if schedule else {}
    age_ms = pump.timebase.age_ms()
    given_ms = controller.boluses.given_ms()
    prescribed = bool(schedule and schedule.patient_nl)
    return {
        "patient_bolus_nl": schedule.patient_nl if prescribed else 0,
        "patient_boluses_left": lockout.left(program, given_ms, age_ms) if prescribed else 0,
        "patient_wait_ms": lockout.wait_ms(program, given_ms, age_ms) if prescribed else 0,
        "periodic_due_ms": max(1, ledger.periodic_age_ms - age_ms) if ledger.periodic_age_ms else 0,
        "start_in_ms": pump.start_in_ms(),
        "temporary_dose_ng_per_day": ledger.temporary_ng_per_day,
        "temporary_left_ms": max(0, ledger.temporary_end_ms - age_ms),
        "plan_length": len(program.get("plan_list", ())),
        "plan_position": ledger.plan_position,
        "plan_held": ledger.plan_held,
        "plan_dose_ng_per_day": ledger.plan_ng_per_day,
        "plan_next_ms": pump.wall_of_local_min(planner.next_local_min(controller)),
        "bridge_left_nl": units.steps_volume_nl(
            controller.basal.bridge_left_steps(), controller.delivery.meter.step_pl
        ),
        "bridge_left_ms": controller.basal.bridge_left_ms(controller.state),
    }


def _device(pump) -> dict:
    journal = pump.recorder.journal
    return {
        "audio_pause_ms": pump.audio_pause_left_ms(),
        "time_ms": pump.wall_ms(),
        "utc_offset_min": pump.controller.clock.utc_offset_min,
        "time_valid": pump.controller.clock.valid,
        "uptime_ms": pump.timebase.uptime_ms(),
        "age_ms": pump.timebase.age_ms(),
        "boot_count": journal.boot,
        "log_oldest": journal.oldest_seq,
        "log_next": journal.next_seq,
        "battery_mv": pump.watch.device.battery_mv,
        "temperature_mc": pump.watch.device.temperature_mc,
        "pressure_pa": pump.watch.line.pressure_pa,
        "free_bytes": gc.mem_free() if hasattr(gc, "mem_free") else 0,
    }
