"""`log replay`: what a log tells is done again, microstep by microstep; if it is not, the log is not true."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import replaylog
from replaylog import HOUR_MS, changed, raw_log

from infuser.wire import alarms, records, states
from pumpctl import library, logbook, replay_document, replay_run, timetext
from pumpctl.errors import PumpctlError, UsageProblem
from pumpctl.logchain import Record
from pumpctl.replay_run import Played
from pumpctl.virtual import launcher

Log = list[Record]


@pytest.fixture(scope="module", autouse=True)
def _vm() -> None:
    try:
        launcher.micropython()
    except PumpctlError as error:
        pytest.skip(f"{error.message}; {error.remedy}")


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The raw log of a pump that has lived through everything."""
    file = tmp_path_factory.mktemp("replay") / "everything.log"
    file.write_bytes(raw_log(replaylog.everything))
    yield file


def sound(raw: bytes) -> Log:
    """Its records, every checksum and link of which holds."""
    verdict = logbook.verify_raw(raw)
    logbook.require(verdict, "the log")
    return verdict.records


def told(log: Log, played: list[Played]) -> dict:
    return replay_document.document(played, replay_document.times(log))


def kinds(log: Log) -> set[int]:
    return {record["kind"] for record in log}


@pytest.mark.case("R6.6")
def test_a_log_of_every_mode_and_every_interruption_replays_step_for_step(everything: Path, cli: Callable) -> None:
    log = sound(everything.read_bytes())
    needed = {records.PROGRAM, records.REFILL, records.CALIBRATION, records.CLOCK, records.TEMPORARY_RATE}
    assert needed <= kinds(log)
    buckets = {record["fields"]["bucket"] for record in log if record["kind"] == records.BOLUS_STARTED}
    assert buckets == {states.PATIENT_BOLUS, states.CLINICIAN_BOLUS, states.PERIODIC_BOLUS, states.PRIME}
    raised = {record["fields"]["alarm"] for record in log if record["kind"] == records.ALARM_RAISED}
    assert alarms.OCCLUSION_DOWNSTREAM in raised
    ran = cli("log", "replay", str(everything), "--json")
    document = json.loads(ran.stdout)
    assert ran.exit_code == 0, document["first_deviation"]
    assert document["step_for_step"] and document["deviates"] == 0
    counted = [record for record in log if record["kind"] == records.DELIVERY and record["boot"] == 1]
    assert document["compared"] > len(counted) > 10
    # Hardly anything in this log is open: within one ms, a microstep may be handed over before or after.
    assert document["equal"] >= document["compared"] - 2
    part = document["parts"][0]
    assert part["from_first_power_on"] and part["not_played"] == []
    unmade = part["counted_at_stops_and_not_made"]
    assert part["motor_pulses"] == part["steps_counted"] + part["pulses_before_power_cuts"] - unmade
    first, second = part["stretches"]
    assert second["steps_uncertain"] == second["steps_uncertain_replayed"]
    assert second["off_ms"] > 47 * 60_000
    looked_at = [count for count in first["counts"] if count["motor_pulses"] is not None]
    assert len(looked_at) > 10
    for count in looked_at:
        assert abs(count["motor_pulses"] - sum(count["replayed"].values())) <= 1  # one may be on its way


@pytest.mark.case("R6.6")
def test_one_microstep_changed_by_somebody_who_can_forge_the_chain_is_found(everything: Path, tmp_path, cli) -> None:
    raw = everything.read_bytes()
    hourly = [one for one in sound(raw) if one["kind"] == records.DELIVERY and one["fields"]["closes_hour"]]
    forged, after = hourly[2], hourly[3]

    def change(record: Record) -> None:
        if record["seq"] == forged["seq"]:
            record["fields"]["basal_steps"] += 1

    file = tmp_path / "forged.log"
    file.write_bytes(changed(raw, change))
    sound(file.read_bytes())  # log verify finds nothing
    until = replay_document.times(sound(raw))[after["seq"]].utc_ms
    moment = timetext.iso(until + 1)
    ran = cli("log", "replay", str(file), "--to", moment)
    assert ran.exit_code == 5
    logged = forged["fields"]["basal_steps"]
    assert f"record {forged['seq']}," in ran.stdout
    assert f"basal, {logged + 1} microsteps logged, {logged} replayed" in ran.stdout
    assert "DEVIATES" in ran.stdout and "NOT step for step" in ran.stdout


def test_boluses_whose_records_were_taken_out_are_missed_in_the_counters(everything: Path) -> None:
    log = sound(everything.read_bytes())
    hourly = [one for one in log if one["kind"] == records.DELIVERY and one["fields"]["closes_hour"]]
    begun = next(
        at for at, one in enumerate(log)
        if one["kind"] == records.COMMAND and log[at + 1]["kind"] == records.BOLUS_STARTED
        and log[at + 1]["fields"]["bucket"] == states.CLINICIAN_BOLUS
    )  # fmt: skip
    end = next(at for at, one in enumerate(log) if one["age_ms"] > log[begun]["age_ms"] and one in hourly)
    shortened = [*log[:begun], {**log[end], "seq": begun + 1}]
    first = told(shortened, replay_run.replay(shortened, lambda _: None))["first_deviation"]
    assert first["what"] == "patient-bolus" and first["logged"] > first["replayed"] == 0


@pytest.mark.case("R6.6")
def test_alarms_that_stop_the_motor_are_played_by_the_fault_or_by_one_that_stops_it_alike() -> None:
    log = sound(raw_log(replaylog.mishaps))
    raised = {record["fields"]["alarm"] for record in log if record["kind"] == records.ALARM_RAISED}
    wanted = {alarms.AIR_IN_LINE, alarms.OVERHEAT, alarms.OVER_DELIVERY, alarms.RESERVOIR_EMPTY, alarms.CLOCK_LOST}
    assert wanted <= raised
    document = told(log, replay_run.replay(log, lambda _: None))
    assert document["step_for_step"], document["first_deviation"]
    (part,) = document["parts"]
    assert part["stood_in"] == dict.fromkeys(("overheat", "over-delivery"), "occlusion-downstream")
    assert {one["kind"] for one in part["not_played"]} == {"fault"}


def test_a_pump_whose_crystal_is_wrong_is_compared_at_its_own_age() -> None:
    log = sound(raw_log(replaylog.drifting, crystal_ppm=400))
    jumps = {one["time_ms"] - one["age_ms"] for one in log if one["kind"] == records.DELIVERY}
    assert len(jumps) > 3  # the pump took its clock chip's time again and again
    document = told(log, replay_run.replay(log, lambda _: None))
    assert document["step_for_step"], document["first_deviation"]
    counts = [count for stretch in document["parts"][0]["stretches"] for count in stretch["counts"]]
    assert all(abs(count["apart_ms"]) < 300 for count in counts)
    assert document["equal"] > 0.7 * document["compared"]
    assert max(count["open_nl"] for count in counts) < 200


def test_a_log_without_its_beginning_replays_from_a_snapshot_and_without_the_pumps_keys() -> None:
    # With so long a name the log goes on in a second segment, and a second snapshot, soon.
    log = sound(raw_log(replaylog.keyed, operator="A" * 60))
    at = [at for at, one in enumerate(log) if one["kind"] == records.SNAPSHOT][1]
    own = {**library.starting(), "version": 7}
    document = told(log, replay_run.replay(log[at:], lambda _: None, libraries=[own]))
    assert document["step_for_step"], document["first_deviation"]
    (part,) = document["parts"]
    assert not part["from_first_power_on"] and part["records_before"] > 0
    assert document["compared"] >= 4
    reasons = {one["why"] for one in part["not_played"]}
    assert "sign-in is not about what is delivered" in reasons
    # The log does not tell where between two ticks it begins: no more than that is open.
    counts = [count for stretch in part["stretches"] for count in stretch["counts"]]
    assert all(count["open_nl"] < 100 for count in counts)
    off = [abs(count["logged"][name] - count["replayed"][name]) for count in counts for name in count["logged"]]
    assert max(off) <= 1


def test_a_log_with_nothing_to_replay_is_told_from_one_that_deviates(everything: Path) -> None:
    log = sound(everything.read_bytes())
    with pytest.raises(UsageProblem, match="nothing in this log that can be replayed"):
        replay_run.replay(log[20:40], lambda _: None)
    later = max(one["time_ms"] for one in log) + HOUR_MS
    with pytest.raises(UsageProblem):
        replay_run.replay(log, lambda _: None, from_ms=later)
