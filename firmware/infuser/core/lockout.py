"""Whether a patient's bolus may be given: lock-out and allowance of any 24 h, in the pump's own time."""

from infuser.wire import errors, units


def refusal(program: dict, given_ms: list[int], age_ms: int) -> int:
    """The error code that refuses a patient's bolus at `age_ms`, OK if nothing does.

    `given_ms` are the ages at which the last ones began, oldest first.
    """
    if not program["patient_bolus_ng"]:
        return errors.NO_PATIENT_BOLUS
    if given_ms and age_ms - given_ms[-1] < program["patient_lockout_min"] * units.MS_PER_MIN:
        return errors.LOCK_OUT
    if left(program, given_ms, age_ms) == 0:
        return errors.PATIENT_BOLUS_LIMIT
    return errors.OK


def left(program: dict, given_ms: list[int], age_ms: int) -> int:
    """How many patient boluses of this day's allowance are left."""
    recent = sum([1 for given in given_ms if age_ms - given < units.MS_PER_DAY])
    return max(0, program["patient_boluses_per_day"] - recent)


def wait_ms(program: dict, given_ms: list[int], age_ms: int) -> int:
    """Time until the next patient bolus may be given, 0 if now."""
    if not given_ms:
        return 0
    wait = given_ms[-1] + program["patient_lockout_min"] * units.MS_PER_MIN - age_ms
    most = program["patient_boluses_per_day"]
    if left(program, given_ms, age_ms) == 0 and 0 < most <= len(given_ms):
        wait = max(wait, given_ms[-most] + units.MS_PER_DAY - age_ms)
    return max(0, wait)
