"""What can go wrong with the pump, declared once: what guards against it, where, and which tests show it.

SAFETY.md's table and `make trace` are made from this list.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Hazard:
    """One hazard: modules are paths below `firmware/`, tests are files below `tests/` of which every test counts."""

    id: str
    hazard: str
    guards: str
    modules: tuple[str, ...]
    tests: tuple[str, ...]


HAZARDS = (
    Hazard(
        "H1",
        "rounding or late ticks add up",
        "integers; floor rule over the cumulative volume; elapsed time, not ticks, is counted",
        ("infuser/core/meter.py", "infuser/hw/ticktimer.py"),
        ("unit/test_meter.py", "micropython/test_hw_edges.py"),
    ),
    Hazard(
        "H2",
        "a number outgrows the chip's small int",
        "refused before it is programmed",
        ("infuser/core/meter.py",),
        ("unit/test_meter.py",),
    ),
    Hazard(
        "H3",
        "controller asks for too much",
        "guard with counters of its own: rate, ceiling, all of it sealed; it can veto, never start",
        ("infuser/core/guard.py",),
        ("unit/test_guard.py",),
    ),
    Hazard(
        "H4",
        "too much within 1 h, 4 h or a day",
        "sliding windows, also over a restart; boluses refused beyond them; "
        "a program that would fill its own is refused",
        ("infuser/core/window.py", "infuser/core/guard.py", "infuser/app/memory.py", "infuser/app/watch.py"),
        ("unit/test_window.py", "system/test_dose_windows.py", "power/test_whole_pump.py"),
    ),
    Hazard(
        "H5",
        "a bolus that does not end",
        "the guard passes no more above the basal rate than was granted",
        ("infuser/core/guard.py",),
        ("unit/test_guard.py",),
    ),
    Hazard(
        "H6",
        "the patient asks too often",
        "lock-out and allowance of 24 h in the pump's own time, also over a restart",
        ("infuser/core/lockout.py", "infuser/app/boluses.py"),
        ("unit/test_lockout.py", "system/test_patient_bolus.py"),
    ),
    Hazard(
        "H7",
        "a dose is raised too fast",
        "increments within the label's, at most one in 24 h, held and cut back by command",
        ("infuser/core/plan.py", "infuser/app/planner.py"),
        ("unit/test_plan.py", "system/test_plan.py"),
    ),
    Hazard(
        "H8",
        "old drug in the catheter at the new rate",
        "bridge at the old dose; no start on another concentration",
        ("infuser/app/basal.py", "infuser/app/program_commands.py"),
        ("system/test_bridge.py",),
    ),
    Hazard(
        "H9",
        "wrong dose programmed",
        "hard limits on the pump, soft limits confirmed; the pump echoes, a digest is committed, "
        "the program is read back",
        ("infuser/core/prescription.py", "infuser/app/program_commands.py"),
        ("unit/test_prescription.py", "unit/test_program_file.py", "unit/test_cli_usage.py"),
    ),
    Hazard(
        "H10",
        "wrong patient, drug or concentration",
        "compared at every program and bolus, and with what the reservoir holds",
        ("infuser/app/program_commands.py", "infuser/app/delivery_commands.py"),
        ("system/test_therapy.py",),
    ),
    Hazard(
        "H11",
        "a command repeated gives a second bolus",
        "request ids; the first answer is kept, and no refusal pushes it out; journalled before it acts; lock-out",
        ("infuser/app/link.py", "infuser/core/outcomes.py"),
        ("unit/test_client.py", "unit/test_ledger.py", "micropython/test_link_flood.py", "system/test_cut_command.py"),
    ),
    Hazard(
        "H12",
        "noise or a foreign byte on the line",
        "COBS, CRC-32, bounded frames, declarations compared first; no byte interrupts the pump, from its launcher's "
        "first line on; no turn of its loop hears more than two frames; refusals without end are counted, not logged "
        "one by one",
        (
            "launcher.py",
            "infuser/wire/frame.py",
            "infuser/hw/serialport.py",
            "infuser/app/link_notes.py",
            "infuser/core/notelimit.py",
        ),
        (
            "unit/test_frame.py",
            "unit/test_hostile_decoding.py",
            "wire/test_wire_on_vm.py",
            "micropython/test_fuzz.py",
            "micropython/test_flood_steps.py",
            "micropython/test_link_flood.py",
            "system/test_hostile_line.py",
            "board/test_start.py",
        ),
    ),
    Hazard(
        "H13",
        "motor does not turn",
        "encoder against command, 6 microsteps (0.59 uL); told, and tried on",
        ("infuser/core/flow.py", "infuser/app/watch_flow.py"),
        ("unit/test_flow.py", "system/test_flow_alarms.py", "micropython/test_measured_flow.py"),
    ),
    Hazard(
        "H14",
        "motor turns by itself",
        "current only around its own steps; the same comparison, the other way; driver off",
        ("infuser/hw/drive.py", "infuser/core/flow.py", "infuser/app/watch_flow.py"),
        ("system/test_flow_alarms.py", "system/test_motor_current.py", "micropython/test_measured_flow.py"),
    ),
    Hazard(
        "H15",
        "pulses lost or doubled at a stop",
        "a pulse that may have been made counts as made",
        ("infuser/hw/drive.py",),
        ("micropython/test_hw_drive.py",),
    ),
    Hazard(
        "H16",
        "power fails",
        "microsteps are reserved on flash before they are made: at most 10 (0.98 uL) at therapy rates are "
        "uncertain and count as given; therapy is taken up, a bolus never",
        ("infuser/app/delivery.py", "infuser/app/memory.py", "infuser/app/startup.py", "infuser/core/checkpoint.py"),
        ("unit/test_checkpoint.py", "power/test_power_cuts.py", "power/test_whole_pump.py"),
    ),
    Hazard(
        "H17",
        "the log is cut, changed or lost",
        "append only, CRC, chain; a torn tail is cut off and told, damage is never overwritten",
        ("infuser/core/journal.py", "infuser/wire/records.py"),
        (
            "unit/test_journal.py",
            "unit/test_logbook.py",
            "unit/test_retention.py",
            "unit/test_log_pull.py",
            "unit/test_hostile_log.py",
            "power/test_power_cuts.py",
            "power/test_whole_pump.py",
            "power/test_stored_files.py",
        ),
    ),
    Hazard(
        "H18",
        "program hangs or the tick stops",
        "watchdog 8 s, fed only while tick, loop and journal go on; therapy goes on after the reset, the third "
        "within a day stands; unforeseen errors stop the motor, are logged, reset",
        ("infuser/core/liveness.py", "infuser/app/alive.py", "infuser/core/repeats.py", "infuser/app/pump.py"),
        ("unit/test_liveness.py", "system/test_standstill.py", "micropython/test_progress.py"),
    ),
    Hazard(
        "H19",
        "interrupt handler dies",
        "it cannot raise, allocates nothing; a failure ends in a reset with nothing half done saved",
        ("infuser/hw/ticktimer.py",),
        ("micropython/test_hw_edges.py", "micropython/test_hw_drive.py"),
    ),
    Hazard(
        "H20",
        "nobody notices an alarm",
        "lamps and melodies by priority, louder when nobody answers, sound paused 10 min at most, sounder and lamps "
        "judged whenever they are used",
        ("infuser/core/signals.py", "infuser/hw/annunciator.py", "infuser/app/alarming.py", "infuser/app/upkeep.py"),
        (
            "unit/test_signals.py",
            "micropython/test_waveforms.py",
            "system/test_signals_seen.py",
            "system/test_alarm_neglect.py",
        ),
    ),
    Hazard(
        "H21",
        "clock wrong",
        "doses follow the pump's own age; setting the clock never changes what was given",
        ("infuser/core/clock.py",),
        ("unit/test_clock.py", "system/test_clock_changes.py", "system/test_therapy.py"),
    ),
    Hazard(
        "H22",
        "an update is cut off, or goes back to an older firmware",
        "new application beside the old one, compared, then renamed; stored state has a version: an older one is read, "
        "a newer one left alone with the motor off",
        ("onboard.py", "launcher.py", "infuser/core/snapshot.py", "infuser/core/journal.py", "infuser/app/startup.py"),
        ("system/test_flash.py", "power/test_upgrade.py"),
    ),
    Hazard(
        "H23",
        "a bit flips in memory or on flash",
        "counters, limits, program and ledger are sealed and verified before use; a flip ends in a reset, flash holds "
        "the truth; what flash holds has a checksum and, where it counts, a twin",
        ("infuser/core/seal.py", "infuser/app/integrity.py", "infuser/core/guard.py", "infuser/core/checkpoint.py"),
        ("unit/test_seal.py", "micropython/test_bitflips.py", "system/test_bitflips.py"),
    ),
    Hazard(
        "H24",
        "a drug, a dose or a patient that the therapy is not for",
        "drug library with hard and soft limits, signed, replaced as a whole; screening, age, contraindications asked",
        ("infuser/core/druglibrary.py", "infuser/app/library.py", "infuser/core/eligibility.py"),
        (
            "unit/test_druglibrary.py",
            "unit/test_eligibility.py",
            "system/test_library.py",
            "system/test_soft_limits.py",
        ),
    ),
    Hazard(
        "H25",
        "somebody who must not changes the therapy",
        "session signed in with the pump's keys, closed when idle; delay that grows with each failure",
        ("infuser/core/session.py", "infuser/app/session_commands.py"),
        ("unit/test_session.py", "system/test_sign_in.py", "system/test_sessions.py"),
    ),
)
