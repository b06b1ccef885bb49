"""The log at its real size: thirty days of a typical therapy and a thousand faults before the oldest record goes."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from blanks import blank
from journals import decode_all, read_all

from infuser.core.journal import BUDGET_BYTES, SEGMENT_BYTES, Journal
from infuser.core.ledger import Ledger
from infuser.hw.storage import Files
from infuser.wire import alarms, messages, records, states, units

START_MS = 1_767_225_600_000
DAYS = 30
BEFORE_DAYS = 60
FAULTS = 1000
BOLUSES_A_DAY = 4
VISITS_EVERY_DAYS = 7
VISIT = (messages.ALARM_ACK, messages.CLOCK_SET, messages.BOLUS, messages.REFILL_BEGIN, messages.REFILL_COMPLETE)
OPERATOR = "Dr. Anna Maria Beispiel, ward 4"
FAULT_TEXT = "found by the self-test that goes on while the pump runs, and something more to say about it"


class Pump:
    """A journal at its real size with the ledger that it snapshots; time goes on with each record."""

    def __init__(self, root: Path) -> None:
        self.ledger = Ledger()
        self.ledger.program = bytes(1200)  # a flex program of 48 steps with texts
        self.journal = Journal(Files(str(root)), self.ledger.snapshot)
        list(self.journal.open()[1])
        self.age_ms = 0
        self.count: Counter[int] = Counter()

    def note(self, kind: int, after_ms: int = 13, **fields: Any) -> int:
        """One record, as large as the real ones."""
        self.age_ms += after_ms
        values = {**blank(records.RECORDS[kind][1]), **fields}
        if "operator" in values:
            values["operator"] = OPERATOR
        time_ms = START_MS + self.age_ms
        seq = self.journal.append(kind, values, time_ms, self.age_ms)
        self.ledger.apply(kind, values, time_ms, self.age_ms)
        self.count[kind] += 1
        return seq

    def command(self, command: int) -> None:
        """A command is noted before and after."""
        self.note(records.COMMAND, command=command, request_id=self.journal.next_seq, error=36)
        self.note(records.COMMAND, command=command, request_id=self.journal.next_seq, error=0)

    def bolus(self) -> None:
        """A patient's bolus with its changes of state and the count before it."""
        self.note(records.BOLUS_STARTED, bucket=states.PATIENT_BOLUS, volume_nl=20_000)
        self.note(records.STATE, old=states.INFUSING, new=states.BOLUS)
        self.note(records.BOLUS_ENDED, 600_000, bucket=states.PATIENT_BOLUS, steps=203)
        self.note(records.STATE, old=states.BOLUS, new=states.INFUSING)

    def visit(self) -> None:
        """Somebody signs in, looks, gives a bolus, refills; and an alarm comes, grows, is answered and goes."""
        self.note(records.SIGN_IN, role=messages.ROLE_CLINICIAN, accepted=True)
        for command in VISIT:
            self.command(command)
        self.note(records.REFILL)
        self.note(records.CLOCK)
        self.note(records.OVERRIDE, field="dose_ng_per_day", text=FAULT_TEXT)
        for alarm in (alarms.RESERVOIR_LOW, alarms.OCCLUSION_DOWNSTREAM, alarms.POWER_RESTORED):
            self.note(records.ALARM_RAISED, alarm=alarm, priority=alarms.priority(alarm))
            self.note(records.ALARM_ESCALATED, alarm=alarm, priority=alarms.HIGH)
            self.note(records.ALARM_ACK, alarm=alarm)
            self.note(records.ALARM_CLEARED, alarm=alarm)
        self.note(records.BOOT, firmware="0.2.0", cause="power-on")
        self.note(records.SELF_TEST, passed=True)

    def day(self, faults: int) -> None:
        """24 h: a count each hour and at midnight, boluses of the patient's, a visit once a week."""
        begun_ms = self.age_ms
        for hour in range(24):
            self.note(records.DELIVERY, closes_hour=True)
            if hour % (24 // BOLUSES_A_DAY) == 0:
                self.bolus()
        self.note(records.DELIVERY)
        if begun_ms // units.MS_PER_DAY % VISITS_EVERY_DAYS == 0:
            self.visit()
        for number in range(faults):
            self.note(records.FAULT, part="outlet pressure sensor", detail=number, text=FAULT_TEXT)
        self.age_ms = begun_ms + units.MS_PER_DAY


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> tuple[Pump, list[dict[str, Any]]]:
    """A quarter of a year, of which the last thirty days hold the faults; everything that is still in the log."""
    pump = Pump(tmp_path_factory.mktemp("log"))
    for _ in range(BEFORE_DAYS):
        pump.day(0)
    pump.count.clear()
    for day in range(DAYS):
        pump.day(FAULTS * (day + 1) // DAYS - FAULTS * day // DAYS)
    return pump, decode_all(read_all(pump.journal, 8192))


@pytest.mark.case("R6.6")
def test_thirty_days_of_a_typical_therapy_and_a_thousand_faults_are_kept(month) -> None:
    pump, log = month
    assert (SEGMENT_BYTES, BUDGET_BYTES) == (32 * 1024, 288 * 1024), "the real sizes"
    since = [one for one in log if one["age_ms"] > BEFORE_DAYS * units.MS_PER_DAY]
    kept = Counter(one["kind"] for one in since if one["kind"] != records.SNAPSHOT)
    assert kept == pump.count
    assert kept[records.FAULT] == FAULTS and kept[records.DELIVERY] == 25 * DAYS
    assert kept[records.BOLUS_STARTED] == BOLUSES_A_DAY * DAYS and kept[records.SIGN_IN] >= DAYS // VISITS_EVERY_DAYS


@pytest.mark.case("R6.6")
def test_the_oldest_records_have_gone_and_the_chain_holds_from_the_oldest_kept(month) -> None:
    """decode_all has held each record against the one before."""
    pump, log = month
    assert pump.journal.oldest_seq == log[0]["seq"] > 1 and log[0]["kind"] == records.SNAPSHOT
    assert [one["seq"] for one in log] == list(range(log[0]["seq"], pump.journal.next_seq))
    assert sum(one["kind"] == records.SNAPSHOT for one in log) >= BUDGET_BYTES // SEGMENT_BYTES - 1
