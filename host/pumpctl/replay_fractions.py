"""What stood in a pump's buckets beyond their whole microsteps: found out from the records that followed."""

from collections.abc import Sequence

from infuser.wire import records, states, units
from pumpctl.logchain import Record


def fractions_pl(section: Sequence[Record], at: int) -> list[int]:
    """What stood in each bucket beyond its whole microsteps at a record of counters, so far as it can be found out.

    The record has their sum. How much of it is the basal bucket's shows in the times at which its count grows after.
    """
    fields = section[at]["fields"]
    step_pl = fields["step_pl"]
    therapy = sum(fields[name] for name in records.THERAPY_NAMES)
    total_pl = max(0, fields["programmed_nl"] * units.PL_PER_NL - therapy * step_pl)
    low, high = max(0, total_pl - (states.PRIME - 1) * (step_pl - 1)), min(total_pl, step_pl - 1)
    if not any(fields[name] for name in records.THERAPY_NAMES[1:]):
        low = high
    boluses_nl = 0
    for record in section[at + 1 :]:
        later = record["fields"]
        if record["kind"] in (records.BOOT, records.CALIBRATION) or later.get("reason", states.DONE) != states.DONE:
            break
        if record["kind"] == records.BOLUS_STARTED:
            boluses_nl += later["volume_nl"] if later["bucket"] != states.PRIME else 0
        elif record["kind"] == records.DELIVERY and _whole(section, at, record):
            passed_pl = (later["programmed_nl"] - fields["programmed_nl"] - boluses_nl) * units.PL_PER_NL
            made_pl = (later["basal_steps"] - fields["basal_steps"]) * step_pl
            low, high = _narrowed(low, high, made_pl - passed_pl, made_pl - passed_pl + step_pl)
    basal_pl = (low + high) // 2
    rest_pl = total_pl - basal_pl
    others = []
    for _ in range(states.PRIME - 1):
        others.append(min(rest_pl, step_pl - 1))
        rest_pl -= others[-1]
    return [basal_pl, *others, 0]


def _whole(section: Sequence[Record], at: int, record: Record) -> bool:
    """Whether no bolus was under way at a record."""
    under_way = 0
    for one in section[at + 1 :]:
        if one is record:
            break
        under_way += (one["kind"] == records.BOLUS_STARTED) - (one["kind"] == records.BOLUS_ENDED)
    return under_way == 0


def _narrowed(low: int, high: int, at_least: int, below: int) -> tuple[int, int]:
    """The part of low..high that a record allows for; the volumes of both records were rounded down to the nL."""
    within = max(low, at_least - units.PL_PER_NL), min(high, below + units.PL_PER_NL)
    return within if within[0] <= within[1] else (low, high)
