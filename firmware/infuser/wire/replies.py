"""Fields of the two long replies: what a pump tells about itself, and how it understood a program."""

# Of an alarm, `since_ms` is wall time, 0 while the clock is lost; its priority may have escalated. A bolus (or priming)
# that is held waits for another to end. A window: what went out in the last `span_min` and what may; `limit_nl` is 0
# where nothing limits it.
STATUS_FIELDS = (
    "state:u8 mode:u8 stop_reason:u8 rate_nl_per_day:u32 dose_ng_per_day:u32 program_dose_ng_per_day:u32 "
    "delivered_today_nl:u32 delivered_total_nl:u64 steps_total:u32 steps_uncertain:u32 bucket_list:(steps:u32) "
    "step_pl:u32 calibrated_ms:u64 calibration_ppm:u32 "
    "bolus_list:(bucket:u8,volume_nl:u32,delivered_nl:u32,left_ms:u32,held:bool) patient_bolus_nl:u32 "
    "patient_boluses_left:u8 patient_wait_ms:u32 periodic_due_ms:u32 start_in_ms:u64 temporary_dose_ng_per_day:u32 "
    "temporary_left_ms:u32 plan_length:u8 plan_position:u8 plan_held:bool plan_dose_ng_per_day:u32 plan_next_ms:u64 "
    "bridge_left_nl:u32 bridge_left_ms:u32 window_list:(span_min:u16,limit_nl:u32,used_nl:u32) reservoir_nl:u32 "
    "low_reservoir_nl:u32 refill_due_ms:u64 "
    "alarm_list:(alarm:u8,priority:u8,since_ms:u64,active:bool,acknowledged:bool,latched:bool,detail:i32) "
    "audio_pause_ms:u32 time_ms:u64 utc_offset_min:i32 time_valid:bool uptime_ms:u64 age_ms:u64 boot_count:u32 "
    "patient:text drug:text concentration_ug_per_ml:u32 delivered_ug_per_ml:u32 program_digest:blob library:text "
    "library_version:u32 library_digest:blob trust_digest:blob prescriber_digest:blob signed_only:bool keyed:bool "
    "role:u8 session_left_ms:u32 log_oldest:u32 log_next:u32 battery_mv:u16 temperature_mc:i32 pressure_pa:i32 "
    "free_bytes:u32"
)
# `inspect`: what each input reads, for whoever brings a board up; refused while anything is delivered. Its `signal`
# lights the lamp of a priority, or sounds, for half a second: with the service jumper alone. `encoder_counts` is -1 and
# `clock_ms` 0 where the part does not answer or has lost its time; `sounder_mv` is read while it sounds, `signalled`
# says whether the signal asked for was seen at its pin.
SIGNAL_SOUND = 4
INSPECT_FIELDS = (
    "encoder_counts:i32 clock_chip:bool clock_ms:u64 outlet_pa:i32 inlet_pa:i32 battery_mv:u16 supply:bool "
    "temperature_mc:i32 air:bool cover_open:bool jumper:bool at_full:bool at_empty:bool patient_button:bool "
    "stop_button:bool sounder_mv:u16 signalled:bool"
)
UNDERSTOOD_FIELDS = (
    "digest:blob dose_ng_per_day:u32 volume_nl_per_day:u32 rate_low_nl_per_day:u32 rate_high_nl_per_day:u32 "
    "minimum_nl_per_day:u32 bolus_max_nl:u32 patient_bolus_nl:u32 periodic_bolus_nl:u32 low_reservoir_nl:u32 "
    "refill_due_ms:u64 bridge_rate_nl_per_day:u32 warning_list:(field:text,text:text)"
)
