"""What a pump answers to orders: replies as in `pumpctl.replies`, and which command has which."""

from infuser.wire import messages
from pumpctl.replies import FailedPart, Inspected, Reply, Status, Understood


class Committed(Reply):
    """A program put into force."""

    digest: bytes
    state: int


class StateTold(Reply):
    """The state that a command led to."""

    state: int


class BolusStarted(Reply):
    """A clinician's bolus begun."""

    volume_nl: int
    rate_nl_per_day: int
    ends_ms: int


class BolusCancelled(Reply):
    """A bolus or priming ended."""

    delivered_nl: int


class Priming(Reply):
    """Priming, flushing or draining begun."""

    volume_nl: int
    ends_ms: int


class Stopped(Reply):
    """Delivery stopped; `start_in_ms` is 0 unless it resumes by itself."""

    state: int
    start_in_ms: int


class Resumed(Reply):
    """Therapy started, or armed to start in `start_in_ms`."""

    state: int
    rate_nl_per_day: int
    start_in_ms: int


class RateTold(Reply):
    """State and rate that a command led to."""

    state: int
    rate_nl_per_day: int


class TemporaryRate(Reply):
    """Another basal rate for a time."""

    rate_nl_per_day: int
    ends_ms: int


class PlanTold(Reply):
    """Where the plan of doses is."""

    position: int
    dose_ng_per_day: int
    held: bool
    next_ms: int


class RefillBegun(Reply):
    """The pump stands for a refill."""

    expected_residual_nl: int
    capacity_nl: int


class RefillCompleted(Reply):
    """A refill accounted for."""

    discrepancy_nl: int
    reservoir_nl: int
    refill_due_ms: int
    state: int


class Acknowledged(Reply):
    """How many alarms were acknowledged."""

    acknowledged: int


class AudioPaused(Reply):
    """Until when alarms are silent."""

    until_ms: int


class ClockSet(Reply):
    """The clock as set, and by how much it moved."""

    time_ms: int
    moved_ms: int


class Calibrated(Reply):
    """The volume of a microstep in use."""

    step_pl: int
    reservoir_nl: int


class SelfTest(Reply):
    """What a self-test found."""

    _LISTS = {"failed_list": FailedPart}

    passed: bool
    failed_list: list[FailedPart]


class LibraryTaken(Reply):
    """A drug library put into force."""

    library: str
    version: int


class Trusted(Reply):
    """The digest of a key that is trusted."""

    digest: bytes


class PrescriberTrusted(Reply):
    """Whose signature programs may carry."""

    digest: bytes
    required: bool


class Keyed(Reply):
    """Whether the pump has keys."""

    keyed: bool


REPLIES: dict[int, type[Reply]] = {
    messages.STATUS: Status,
    messages.INSPECT: Inspected,
    messages.PROGRAM_CHECK: Understood,
    messages.PROGRAM_COMMIT: Committed,
    messages.PROGRAM_CLEAR: StateTold,
    messages.BOLUS: BolusStarted,
    messages.BOLUS_CANCEL: BolusCancelled,
    messages.PRIME: Priming,
    messages.STOP: Stopped,
    messages.RESUME: Resumed,
    messages.MINIMUM_RATE: RateTold,
    messages.TEMPORARY_RATE: TemporaryRate,
    messages.PLAN_ORDER: PlanTold,
    messages.REFILL_BEGIN: RefillBegun,
    messages.REFILL_COMPLETE: RefillCompleted,
    messages.ALARM_ACK: Acknowledged,
    messages.AUDIO_PAUSE: AudioPaused,
    messages.CLOCK_SET: ClockSet,
    messages.CALIBRATE: Calibrated,
    messages.SELF_TEST: SelfTest,
    messages.LIBRARY_COMMIT: LibraryTaken,
    messages.LIBRARY_TRUST: Trusted,
    messages.PRESCRIBER: PrescriberTrusted,
    messages.KEYS: Keyed,
    messages.REFILL_CANCEL: StateTold,
    messages.SERVICE_REPL: StateTold,
}
