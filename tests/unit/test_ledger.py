"""The ledger: what the journal's records amount to, the same by replay as by snapshot."""

import pytest
from flexday import constant
from hypothesis import given
from hypothesis import strategies as st
from wiredata import value_of, values_of

from infuser.core import ledger as ledger_module
from infuser.core import outcomes, snapshot
from infuser.core.ledger import Ledger
from infuser.wire import alarms, codec, errors, messages, program, records, states, units

FIELDS = dict(codec.fields(snapshot.FIELDS))
LASTING = [name for name in FIELDS if name not in ("version", "alarm_list")]
ALARMS = st.lists(values_of(FIELDS["alarm_list"]), max_size=4)


def applied(ledger: Ledger, kind: int, age_ms: int = 5, time_ms: int = 0, **fields) -> None:
    """Apply a record of `fields`, with nothing in those not named."""
    blank = {"text": "", "blob": b"", "bool": False}
    declared = codec.fields(records.RECORDS[kind][1])
    values = {name: blank.get(field, 0) for name, field in declared}
    assert set(fields) <= set(values)
    ledger.apply(kind, {**values, **fields}, time_ms, age_ms)


@given(st.fixed_dictionaries({name: value_of(FIELDS[name]) for name in LASTING}), ALARMS)
def test_a_snapshot_restores_the_ledger_it_was_taken_of_whatever_is_in_it(values, present):
    ledger, restored = Ledger(), Ledger()
    for name, value in values.items():
        setattr(ledger, name, value)
    ledger.alarms.entries = present
    restored.restore(ledger.snapshot())
    assert vars(restored) | {"alarms": None} == vars(ledger) | {"alarms": None}
    assert restored.alarms.entries == present


def test_a_snapshot_forgets_nothing_that_the_ledger_holds():
    assert set(vars(Ledger())) == {*LASTING, "alarms"}


def test_a_snapshot_of_a_version_that_is_not_read_is_refused():
    stored = Ledger().snapshot()
    versions = [bytes([version]) + stored[1:] for version in (0, snapshot.OLDEST - 1, snapshot.VERSION + 1, 255)]
    assert not any(snapshot.readable(one) for one in versions) and not snapshot.readable(b"")
    for damaged in (b"", *versions, stored[:-1]):
        with pytest.raises(codec.CodecError):
            Ledger().restore(damaged)


@pytest.mark.parametrize("version", range(snapshot.OLDEST, snapshot.VERSION))
def test_a_snapshot_of_an_older_version_restores_what_it_has_and_leaves_the_rest_new(version):
    older = snapshot.fields_of(version)
    names = [name for name, _ in older if name != "version"]
    assert 0 < len(names) < len(LASTING) and names[-1] == "alarm_list"
    values = {name: value for name, value in vars(Ledger()).items() if name in names}
    stored = codec.encode(older, {**values, "version": version, "alarm_list": [], "filled_nl": 77, "program": b"p"})
    restored = Ledger()
    restored.restore(stored)
    assert vars(restored) | {"alarms": None} == vars(Ledger()) | {"alarms": None, "filled_nl": 77, "program": b"p"}
    assert snapshot.readable(stored) and not snapshot.current(stored)
    assert snapshot.current(restored.snapshot())


def test_every_field_with_a_version_of_its_own_is_one_of_the_ledgers():
    assert set(snapshot.SINCE) <= set(FIELDS)
    assert all(snapshot.OLDEST < version <= snapshot.VERSION for version in snapshot.SINCE.values())


def test_the_ledger_keeps_the_last_count_and_the_boluses_that_may_have_followed_it():
    ledger = Ledger()
    applied(ledger, records.DELIVERY, basal_steps=100, priming_steps=7)
    assert [entry["steps"] for entry in ledger.counter_list] == [100, 0, 0, 0, 7]
    applied(ledger, records.BOLUS_STARTED, bucket=states.PATIENT_BOLUS, volume_nl=20)
    applied(ledger, records.BOLUS_ENDED, bucket=states.PATIENT_BOLUS)
    applied(ledger, records.BOLUS_STARTED, bucket=states.CLINICIAN_BOLUS, volume_nl=50)
    assert ledger.bolus_since_nl == 70
    applied(ledger, records.DELIVERY)
    assert ledger.bolus_since_nl == 50, "that one is still under way"


def test_a_prescribers_key_and_that_it_is_needed_are_kept():
    ledger = Ledger()
    applied(ledger, records.PRESCRIBER, digest=b"key", required=True)
    assert (ledger.prescriber_digest, ledger.signed_only) == (b"key", True)


RECORDS = st.lists(
    st.sampled_from(sorted(set(records.RECORDS) - {records.SNAPSHOT})).flatmap(
        lambda kind: st.tuples(st.just(kind), values_of(records.RECORDS[kind][1]))
    ),
    max_size=30,
)


@given(RECORDS, st.integers(0, 30))
def test_records_after_a_snapshot_lead_where_all_of_them_lead(course, cut):
    whole, first = Ledger(), Ledger()
    for number, (kind, fields) in enumerate(course):
        fields = _possible(kind, fields)
        whole.apply(kind, fields, 1_780_000_000_000 + number, number * 1000)
        first.apply(kind, fields, 1_780_000_000_000 + number, number * 1000)
        if number == cut:
            again = Ledger()
            again.restore(first.snapshot())
            first = again
    assert first.snapshot() == whole.snapshot()


def _possible(kind: int, fields: dict) -> dict:
    """What counts up stays within what a snapshot's fields hold."""
    fields = {name: value & 0xFFFFFFF if isinstance(value, int) else value for name, value in fields.items()}
    if kind == records.DELIVERY:
        fields["closes_hour"] = False
    if kind in (records.ALARM_RAISED, records.ALARM_ACK, records.ALARM_CLEARED):
        fields["alarm"] = 1 + fields["alarm"] % len(alarms.ALARMS)
    if kind == records.CLOCK:
        fields["utc_offset_min"] %= 840
    return fields


def test_the_delivery_of_an_hour_is_that_of_all_therapy_and_no_priming():
    ledger = Ledger()
    counters = dict(zip(records.COUNTER_NAMES, (10, 20, 30, 40, 5000), strict=True))
    applied(ledger, records.DELIVERY, closes_hour=True, **counters)
    applied(ledger, records.DELIVERY, closes_hour=True, **{**counters, "basal_steps": 17})
    assert ledger.hour_list == [{"steps": 100}, {"steps": 7}]
    for _ in range(30):
        applied(ledger, records.DELIVERY, closes_hour=True, **counters)
    assert len(ledger.hour_list) == ledger_module.HOURS_KEPT


@pytest.mark.case("EC13")
def test_microsteps_that_a_restart_left_in_doubt_count_in_the_hour():
    ledger = Ledger()
    counters = dict(zip(records.COUNTER_NAMES, (10, 0, 0, 0, 0), strict=True))
    applied(ledger, records.BOOT, steps_uncertain=9)
    applied(ledger, records.DELIVERY, closes_hour=True, **counters)
    applied(ledger, records.BOOT, steps_uncertain=5)
    applied(ledger, records.BOOT, steps_uncertain=6)
    applied(ledger, records.DELIVERY, closes_hour=True, **counters)
    assert ledger.hour_list == [{"steps": 19}, {"steps": 11}]


def test_a_bolus_interrupted_by_power_is_known_after_replay():
    ledger = Ledger()
    applied(ledger, records.BOLUS_STARTED, age_ms=70, bucket=states.CLINICIAN_BOLUS, volume_nl=9, start_steps=3)
    applied(ledger, records.BOLUS_STARTED, age_ms=90, bucket=states.PATIENT_BOLUS, volume_nl=7)
    applied(ledger, records.BOLUS_HELD, bucket=states.CLINICIAN_BOLUS, held=True)
    assert [(entry["bucket"], entry["held"]) for entry in ledger.bolus_list] == [
        (states.CLINICIAN_BOLUS, True),
        (states.PATIENT_BOLUS, False),
    ]
    assert (ledger.clinician_age_ms, ledger.patient_list) == (70, [{"age_ms": 90}])
    applied(ledger, records.BOLUS_ENDED, bucket=states.CLINICIAN_BOLUS)
    assert ledger.bolus(states.CLINICIAN_BOLUS) is None
    assert ledger.bolus(states.PATIENT_BOLUS)
    applied(ledger, records.BOLUS_ENDED, bucket=states.CLINICIAN_BOLUS)  # told twice, as after a power cut
    assert len(ledger.bolus_list) == 1


def test_as_many_patient_boluses_are_remembered_as_any_program_allows_in_a_day():
    ledger = Ledger()
    for number in range(40):
        applied(ledger, records.BOLUS_STARTED, age_ms=number, bucket=states.PATIENT_BOLUS)
    assert [entry["age_ms"] for entry in ledger.patient_list] == list(range(16, 40))
    assert len(ledger.patient_list) == units.PATIENT_BOLUSES_PER_DAY_MAX


def test_a_new_program_ends_plan_temporary_rate_and_count_to_the_next_bolus_but_no_lock_out():
    ledger = Ledger()
    applied(ledger, records.BOLUS_STARTED, age_ms=70, bucket=states.CLINICIAN_BOLUS)
    applied(ledger, records.BOLUS_STARTED, age_ms=80, bucket=states.PATIENT_BOLUS)
    applied(ledger, records.PLAN, position=2, dose_ng_per_day=9, held=True, shift_min=4)
    applied(ledger, records.TEMPORARY_RATE, dose_ng_per_day=5, duration_ms=100)
    applied(ledger, records.STATE, new=states.INFUSING, next_due_ms=400)
    applied(ledger, records.PROGRAM, program=program.encode(constant()))
    assert (ledger.plan_position, ledger.plan_ng_per_day, ledger.plan_held, ledger.plan_shift_min) == (0, 0, False, 0)
    assert (ledger.temporary_ng_per_day, ledger.temporary_end_ms, ledger.periodic_age_ms) == (0, 0, 0)
    assert (ledger.clinician_age_ms, len(ledger.patient_list)) == (70, 1)


def test_a_temporary_rate_ends_at_an_age_of_the_pump():
    ledger = Ledger()
    applied(ledger, records.TEMPORARY_RATE, age_ms=1000, dose_ng_per_day=5, duration_ms=100)
    assert ledger.temporary_end_ms == 1100
    applied(ledger, records.TEMPORARY_RATE, age_ms=1050)
    assert (ledger.temporary_ng_per_day, ledger.temporary_end_ms) == (0, 0)


def test_what_was_delivered_before_a_calibration_keeps_its_volume():
    ledger = Ledger()
    values = {"step_pl": 99_000, "uncertainty_ppm": 500, "reservoir_nl": 18_000_000, "total_nl": 700_000}
    applied(ledger, records.CALIBRATION, time_ms=77, **values, today_nl=400, therapy_steps=7_000, steps_total=8_000)
    assert (ledger.step_pl, ledger.calibration_ppm, ledger.calibrated_ms) == (99_000, 500, 77)
    assert (ledger.total_nl, ledger.total_steps) == (700_000, 7_000)
    assert (ledger.day_nl, ledger.day_steps) == (400, 7_000)
    assert (ledger.filled_nl, ledger.steps_at_fill) == (18_000_000, 8_000)


def command(ledger: Ledger, request_id: int, error: int, number: int = messages.BOLUS) -> None:
    applied(ledger, records.COMMAND, request_id=request_id, command=number, error=error)


def test_the_outcomes_of_the_last_commands_are_kept_and_a_second_word_replaces_the_first():
    ledger = Ledger()
    for number in range(20):
        command(ledger, number, errors.BEGUN)
        if number < 19:
            command(ledger, number, errors.OK)
    assert [ledger.outcome(number) for number in (2, 3, 18, 19, 20)] == [None, 0, 0, errors.BEGUN, None]
    command(ledger, 19, errors.OK)
    assert [ledger.outcome(number) for number in (3, 4, 19)] == [None, 0, 0]


@given(st.lists(st.tuples(st.sampled_from(sorted(messages.MESSAGES)), st.booleans()), max_size=60))
def test_no_refusal_and_nothing_that_anybody_may_order_makes_the_ledger_forget_a_bolus(others):
    ledger = Ledger()
    command(ledger, 7, errors.BEGUN)
    command(ledger, 7, errors.OK)
    for number, (kind, begun) in enumerate(others, 100):
        for_anybody = not messages.MESSAGES[kind][1] & (messages.CLINICIAN | messages.SERVICE)
        if begun:
            command(ledger, number, errors.BEGUN, kind)
        command(ledger, number, errors.OK if for_anybody and begun else errors.NOT_SIGNED_IN, kind)
    assert ledger.outcome(7) == errors.OK
    assert len(ledger.outcome_list) <= outcomes.KEPT and len(ledger.anybodys_list) <= outcomes.ANYBODYS_KEPT


def test_a_command_cut_off_by_a_power_cut_stays_begun_beside_those_refused_after_it():
    ledger = Ledger()
    command(ledger, 7, errors.BEGUN)
    for number in range(100, 140):
        command(ledger, number, errors.BEGUN)
        command(ledger, number, errors.OUT_OF_RANGE)
    assert ledger.outcome(7) == errors.BEGUN
    assert ledger.outcome(100) is None
    assert ledger.outcome(7, messages.NOBODY) is None and ledger.outcome(7, messages.ROLE_SERVICE) == errors.BEGUN
