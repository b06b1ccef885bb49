"""What the log says of the drug library, of overridden soft limits and of alarms that nobody answered."""

import pytest
from pumplog import PumpLog

from infuser.wire import alarms, records
from pumpctl.report_events import describe


def said(kind: int, **fields: object) -> str:
    log = PumpLog()
    log.note(kind, **fields)
    return describe(log.decoded[-1])


@pytest.mark.case("EC2")
def test_an_override_names_the_limit_and_who_overrode_it() -> None:
    told = said(records.OVERRIDE, field="dose_ng", text="a bolus of 120 ug is above the usual 100 ug", operator="Ada")
    assert told == "A soft limit was overridden by Ada: a bolus of 120 ug is above the usual 100 ug."


def test_a_library_is_named_with_version_digest_and_operator() -> None:
    told = said(records.LIBRARY, library="Ward 3", version=7, digest=bytes(range(32)), operator="Ada")
    assert told == "A drug library was taken into use by Ada: Ward 3, version 7 (digest 0001020304050607)."


def test_the_key_that_signs_libraries_is_named_by_its_digest() -> None:
    told = said(records.TRUST, digest=bytes(range(32)), operator="Ada")
    assert told == "The key that signs drug libraries was set by Ada (digest 0001020304050607)."


def test_an_escalated_alarm_is_named_with_its_new_priority() -> None:
    told = said(records.ALARM_ESCALATED, alarm=alarms.OCCLUSION_DOWNSTREAM, priority=alarms.HIGH)
    assert told == "Nobody answered occlusion-downstream: it is signalled with priority high now."
    assert "alarm 250" in said(records.ALARM_ESCALATED, alarm=250, priority=9)
