"""How every visit ends: the log is pulled and verified, the pump as it is left is noted, the summary is written."""

from pumpctl import doses, logbook, logpull, status_parts, status_view, visit_facts, visit_log
from pumpctl.visit import moment
from pumpctl.visit_room import Room, Step


def pull_log(room: Room) -> None:
    """The log is pulled and verified; one that is broken is told, and does not keep the visit open."""
    try:
        pulled = room.talk.progress("Pulling the log", lambda advance: logpull.pull(
            room.pump, room.archive, False, lambda done, total: advance(done / total if total else 1.0)))  # fmt: skip
        logpull.require_whole(pulled)
        verdict = logbook.verify_archive(room.archive, pulled.log)
        findings = [str(one) for one in verdict.findings]
        told = f"{len(verdict.records)} records up to {pulled.log.next_seq - 1}"
    except logbook.LogProblem as problem:
        findings, told = [str(one) for one in problem.findings], "not whole"
    room.facts["log"] = {"verified": not findings, "findings": findings, "text": told}
    sound = "verified: every checksum and the whole chain hold" if not findings else f"BROKEN: {findings[0]}"
    room.talk.tell(f"Log: {told}, {sound}.")


def finish(room: Room) -> None:
    """The pump as the visit leaves it, the figures and the page."""
    from pumpctl import visit_summary

    now = room.status()
    held = room.pump.read_program()
    primed = visit_log.priming(room.pump, room.facts["mark"])
    room.facts.update(
        primed_nl=primed[1] if primed else None,
        bridge_nl=visit_log.bridge_nl(room.pump, room.facts["mark"]),
        clock_off=visit_facts.clock_off(now, room.pump.virtual),
        library=status_parts.library(now),
        state_after=status_parts.state_name(now["state"]),
        program_after=held.hex(),
        dose_after_ng_per_day=doses.dose_in_force(now),
        plan_dose_after_ng_per_day=now["plan_dose_ng_per_day"],
        reservoir_after_nl=now["reservoir_nl"],
        alarms_after=[visit_facts.alarm_text(one) for one in now["alarm_list"]],
        ended=moment(now),
        end_seq=now["log_next"],
        new_refill_due=status_view.refill_due(now["refill_due_ms"], now),
    )
    if not room.visit.patient:
        room.visit.patient = now["patient"]
    room.visit.figures = visit_summary.figures(room.visit)
    room.facts["summary"] = visit_summary.write(room.visit)


LOG = Step("log", "pull and verify the log", pull_log)
SUMMARY = Step("summary", "write the summary", finish)
