"""What a fleet command does on each pump, given the pump and a function that hears how much of it is done."""

from typing import Any

from pumpctl import library_send, library_view, logbook, logpull, operations, timetext
from pumpctl.client import Pump
from pumpctl.errors import UsageProblem
from pumpctl.fleet_crew import Advance, Crew, Task
from pumpctl.store import Archive

Values = dict[str, Any]
DrugLibrary = dict[str, Any]
# A clock that is off by less is left alone.
CLOCK_OFF_MS = 1000


def status(pump: Pump, advance: Advance) -> Values:
    """The document of `pumpctl status --json`, with the reply itself under `reply` for whoever prints it."""
    reply = pump.status()
    return {"reply": reply, "hello": pump.hello}


def pull(pump: Pump, advance: Advance) -> Values:
    """Bring what is new in the log into the archive: new, last_seq, gaps. LogProblem where it is unsound."""
    with Archive() as archive:
        pulled = logpull.pull(pump, archive, progress=lambda done, total: advance(done / total if total else 1.0))
    logpull.require_whole(pulled)
    gaps = [{"first_seq": gap.first_seq, "last_seq": gap.last_seq, "why": gap.why} for gap in pulled.gaps]
    return {"new": pulled.count, "last_seq": pulled.log.next_seq - 1, "gaps": gaps}


def verify(pump: Pump, advance: Advance) -> Values:
    """Verify the archived log of this pump: records, last_seq. UsageProblem if none was pulled."""
    serial = pump.hello.serial
    with Archive() as archive:
        log = archive.newest(serial)
        if log is None:
            raise UsageProblem(f"no log of pump {serial} was pulled yet", remedy="run `pumpctl fleet pull`")
        verdict = logbook.verify_archive(archive, log, advance)
    logbook.require(verdict, f"the archived log of pump {serial}")
    return {"records": len(verdict.records), "last_seq": log.next_seq - 1}


def self_test(pump: Pump, advance: Advance) -> Values:
    """Run the self-test; Refused while something is delivered, or if it fails."""
    return operations.self_test(pump)


# Clock


def clock(pump: Pump, advance: Advance) -> Values:
    """The document of `pumpctl clock show --json`, and whether the clock is `off` by more than a second or its zone."""
    told = operations.clock(pump)
    ahead = told["ahead_ms"]
    zone = told["utc_offset_min"] != timetext.now()[1]
    return {**told, "off": ahead is None or abs(ahead) >= CLOCK_OFF_MS or zone}


def set_clock(pump: Pump, advance: Advance) -> Values:
    """Set the clock to this machine's time and zone: time, utc_offset_min, moved_ms, set."""
    time_ms, offset_min = timetext.now()
    reply = pump.set_clock(time_ms, offset_min)
    told = timetext.iso(reply["time_ms"], offset_min)
    return {"time": told, "utc_offset_min": offset_min, "moved_ms": reply["moved_ms"], "set": True}


# Drug library


def present_library(pump: Pump, advance: Advance) -> Values:
    """The drug library in force, None under `now` if it is missing or damaged."""
    return {"now": library_send.present(pump)}


def send_library(stored: bytes) -> Task:
    """A task that puts a signed library into force and reads it back."""

    def send(pump: Pump, advance: Advance) -> Values:
        library_send.stage(pump, stored, lambda done: advance(done / len(stored)))
        now = library_send.commit(pump, stored)
        return {"sent": True, "verified": True, "version": now["version"]}

    return send


def to_send(crew: Crew, new: DrugLibrary) -> list[tuple[DrugLibrary | None, list[str]]]:
    """(library in force, names of the pumps that hold it) for each one that the new library would replace."""
    kinds: dict[str, tuple[DrugLibrary | None, list[str]]] = {}
    for seat in crew.able:
        now = seat.result["now"]
        digest = library_view.digest_text(now) if now else ""
        if digest != library_view.digest_text(new):
            kinds.setdefault(digest, (now, []))[1].append(seat.name)
    return list(kinds.values())
