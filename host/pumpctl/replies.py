"""What a pump tells about itself and about a program, one class a reply: a dict whose fields are attributes too.

A test holds the fields against the declarations in `infuser.wire.messages`. Units are in the names: nL, ng, ms, pL.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from pumpctl.status_parts import state_name


class Reply(dict[str, Any]):
    """Fields of a reply: `status.state` is `status["state"]`."""

    _LISTS: ClassVar[Mapping[str, type["Reply"]]] = {}

    def __init__(self, told: Mapping[str, Any]) -> None:
        super().__init__(told)
        for name, kind in self._LISTS.items():
            self[name] = [kind(one) for one in told[name]]

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"{type(self).__name__} has no field {name}") from None


class Alarm(Reply):
    """An alarm that stands."""

    alarm: int
    priority: int
    since_ms: int
    active: bool
    acknowledged: bool
    latched: bool
    detail: int


class BolusUnderWay(Reply):
    """A bolus or priming under way."""

    bucket: int
    volume_nl: int
    delivered_nl: int
    left_ms: int
    held: bool


class Window(Reply):
    """What went out in the last hours, and what may; a `limit_nl` of 0 is none."""

    span_min: int
    limit_nl: int
    used_nl: int


class Bucket(Reply):
    """Microsteps of one kind of delivery."""

    steps: int


class SoftLimit(Reply):
    """A soft limit overstepped."""

    field: str
    text: str


class FailedPart(Reply):
    """What a self-test found wrong."""

    part: str


class Status(Reply):
    """What the pump tells about itself."""

    @property
    def state_name(self) -> str:
        """The state in words: `infusing`."""
        return state_name(self.state)

    _LISTS = {"bucket_list": Bucket, "bolus_list": BolusUnderWay, "window_list": Window, "alarm_list": Alarm}

    state: int
    mode: int
    stop_reason: int
    rate_nl_per_day: int
    dose_ng_per_day: int
    program_dose_ng_per_day: int
    delivered_today_nl: int
    delivered_total_nl: int
    steps_total: int
    steps_uncertain: int
    bucket_list: list[Bucket]
    step_pl: int
    calibrated_ms: int
    calibration_ppm: int
    bolus_list: list[BolusUnderWay]
    patient_bolus_nl: int
    patient_boluses_left: int
    patient_wait_ms: int
    periodic_due_ms: int
    start_in_ms: int
    temporary_dose_ng_per_day: int
    temporary_left_ms: int
    plan_length: int
    plan_position: int
    plan_held: bool
    plan_dose_ng_per_day: int
    plan_next_ms: int
    bridge_left_nl: int
    bridge_left_ms: int
    window_list: list[Window]
    reservoir_nl: int
    low_reservoir_nl: int
    refill_due_ms: int
    alarm_list: list[Alarm]
    audio_pause_ms: int
    time_ms: int
    utc_offset_min: int
    time_valid: bool
    uptime_ms: int
    age_ms: int
    boot_count: int
    patient: str
    drug: str
    concentration_ug_per_ml: int
    delivered_ug_per_ml: int
    program_digest: bytes
    library: str
    library_version: int
    library_digest: bytes
    trust_digest: bytes
    prescriber_digest: bytes
    signed_only: bool
    keyed: bool
    role: int
    session_left_ms: int
    log_oldest: int
    log_next: int
    battery_mv: int
    temperature_mc: int
    pressure_pa: int
    free_bytes: int


class Inspected(Reply):
    """What each input of the pump reads now; `encoder_counts` is -1 and `clock_ms` 0 where there is nothing to read."""

    encoder_counts: int
    clock_chip: bool
    clock_ms: int
    outlet_pa: int
    inlet_pa: int
    battery_mv: int
    supply: bool
    temperature_mc: int
    air: bool
    cover_open: bool
    jumper: bool
    at_full: bool
    at_empty: bool
    patient_button: bool
    stop_button: bool
    sounder_mv: int
    signalled: bool


class Understood(Reply):
    """How the pump understood the program staged."""

    _LISTS = {"warning_list": SoftLimit}

    digest: bytes
    dose_ng_per_day: int
    volume_nl_per_day: int
    rate_low_nl_per_day: int
    rate_high_nl_per_day: int
    minimum_nl_per_day: int
    bolus_max_nl: int
    patient_bolus_nl: int
    periodic_bolus_nl: int
    low_reservoir_nl: int
    refill_due_ms: int
    bridge_rate_nl_per_day: int
    warning_list: list[SoftLimit]
