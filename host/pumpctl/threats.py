"""Who could do harm to or with a pump, declared once: what guards against it, what does not, and which tests show it.

SECURITY.md's table and `make trace` are made from this list.
"""

from dataclasses import dataclass

from pumpctl.hazards import Hazard


@dataclass(frozen=True)
class Threat(Hazard):
    """A hazard that somebody means; `left` is what the guards leave open. Modules of the tool begin with `host/`."""

    left: str = ""


THREATS = (
    Threat(
        "T1",
        "somebody with a cable, and without a key, programs the pump or gives a bolus",
        "a role for each command, signed in with a key of the pump; refused and logged",
        ("infuser/core/session.py", "infuser/app/link.py", "infuser/app/session_commands.py"),
        ("unit/test_session.py", "system/test_sign_in.py", "system/test_sessions.py"),
        "a pump as flashed has no keys and obeys whoever has the cable. Status, program and log can be read by anybody",
    ),
    Threat(
        "T2",
        "keys are guessed",
        "256 random bits; after each failure a longer wait, after five 10 min, over power cuts too; each is logged",
        ("infuser/core/session.py", "infuser/app/session_commands.py"),
        ("unit/test_session.py", "system/test_sign_in.py"),
        "who keeps guessing keeps the clinician out as well; stop, status and the patient's button go on",
    ),
    Threat(
        "T3",
        "somebody on the cable replays, reorders, alters, cuts, reflects or adds frames while a clinician is signed in",
        "each command and each reply carries a counter and a MAC under a key of this session alone",
        ("infuser/core/mac.py", "infuser/core/session.py", "infuser/app/link.py", "host/pumpctl/exchange.py"),
        ("unit/test_session.py", "system/test_tapped_line.py", "micropython/test_session_on_vm.py"),
        "the line is not encrypted. What is read before a sign-in, and the answer to a stop, are not signed and could "
        "be made up on the cable; frames can be dropped",
    ),
    Threat(
        "T4",
        "malware on the laptop, or a rogue host, uses a clinician's key",
        "the pump alone guards limits: hard limits, drug library, dose windows, lock-outs; with a prescriber's key it "
        "takes no program that the prescriber has not signed; everything is logged on the pump",
        ("infuser/core/guard.py", "infuser/core/druglibrary.py", "infuser/app/prescriber.py"),
        (
            "unit/test_guard.py",
            "system/test_soft_limits.py",
            "system/test_prescriber.py",
            "system/test_dose_windows.py",
        ),
        "within the limits it can do what the clinician can: bolus, temporary rate, stop, clock",
    ),
    Threat(
        "T5",
        "keys are copied from the laptop, or read back from the pump",
        "kept in the system's keyring, else in a file for its owner alone; a clinician's machine needs no service key; "
        "no command reads them back, and the log knows their digest only",
        ("infuser/app/session_commands.py", "host/pumpctl/keystore.py"),
        ("unit/test_keystore.py", "system/test_sign_in.py"),
        "one pair for each pump: the name of the operator in the log is told by the host, not proven",
    ),
    Threat(
        "T6",
        "somebody provisions keys of their own",
        "only with the service jumper set, inside the housing, and while nothing is delivered; both keys as one unit",
        ("infuser/app/session_commands.py", "infuser/hw/sensors.py"),
        ("system/test_sign_in.py",),
        "who opens the housing can. They go over the cable as they are: provision on a machine that you trust",
    ),
    Threat(
        "T7",
        "a therapy file is changed on its way, or belongs to another patient",
        "the pump echoes what it understood; a digest is confirmed, committed and read back; patient, drug and "
        "concentration are compared; the prescriber's signature covers every byte that the pump gets",
        ("infuser/app/program_commands.py", "infuser/app/prescriber.py", "infuser/app/checks.py"),
        ("unit/test_client.py", "system/test_prescriber.py", "system/test_therapy.py"),
        "a signature has no date: an older program of the same patient that was signed once can be sent again",
    ),
    Threat(
        "T8",
        "a drug library is forged, or an older one put back",
        "RSA-2048 signature, newer versions only, whole or not at all, and the therapy in force must stay within it",
        ("infuser/core/signature.py", "infuser/app/library_commands.py"),
        ("unit/test_signature.py", "system/test_library.py"),
        "the first library comes with the firmware and is as trusted as that",
    ),
    Threat(
        "T9",
        "the REPL or the firmware is used to get around all of it",
        "no byte interrupts the firmware; the REPL is given up to a signed service command, never while delivering",
        ("infuser/hw/serialport.py", "infuser/app/device_commands.py"),
        ("system/test_flash.py", "system/test_tapped_line.py", "micropython/test_hw_edges.py"),
        "an RP2040 starts whatever is on its flash: who reaches BOOTSEL can read keys and replace the firmware",
    ),
    Threat(
        "T10",
        "the clock is set to get around lock-outs and windows, or to hide when something happened",
        "they count the pump's own age; setting is a clinician's command, logged with the time before and after",
        ("infuser/core/clock.py", "infuser/app/pump.py"),
        ("unit/test_clock.py", "system/test_clock_changes.py"),
        "a flex schedule follows the clock: within its limits the pattern of the day can be shifted",
    ),
    Threat(
        "T11",
        "a flood of stop commands, or of stop and start, keeps therapy from the patient",
        "stop stays open to anybody, but the sixth within ten minutes is an alarm that only a clinician ends",
        ("infuser/core/repeats.py", "infuser/app/watch.py"),
        ("system/test_alarm_neglect.py", "unit/test_rising.py"),
        "the pump cannot know a needed stop from a malicious one: it stops, and says so",
    ),
    Threat(
        "T12",
        "malformed, mutated or random frames, control bytes, half frames, a flood at full speed",
        "frames bounded, checked, decoded strictly; the main loop never waits for the line, the tick does not know it; "
        "a million frames are sent at pumps that infuse, and their steps compared",
        ("infuser/wire/frame.py", "infuser/wire/codec.py", "infuser/hw/serialport.py", "infuser/app/link.py"),
        ("micropython/test_fuzz.py", "micropython/test_flood_steps.py", "system/test_hostile_line.py")
        + ("unit/test_hostile_decoding.py",),
        "a flood holds up the answers to others on the same line; therapy, alarms and the stop button do not wait "
        "for it",
    ),
    Threat(
        "T13",
        "refused commands or noise without end push what happened out of the log, make the pump forget what it "
        "has carried out, or wear its flash out",
        "beyond a burst they are counted and told in one record an hour; what was carried out has lists of its own; "
        "what anybody may ask for is refused as busy beyond a burst, but never a stop that stops",
        ("infuser/app/link_notes.py", "infuser/core/notelimit.py", "infuser/core/outcomes.py"),
        ("micropython/test_link_flood.py", "unit/test_notelimit.py", "unit/test_ledger.py"),
        "the refusals counted are not told one by one",
    ),
    Threat(
        "T14",
        "an older firmware is put on a pump to make it forget",
        "the state has a version: an older firmware stands with the motor off, changes nothing on flash and still "
        "asks for the keys; `pumpctl flash` refuses it beforehand",
        ("infuser/core/snapshot.py", "infuser/core/journal.py", "host/pumpctl/flash.py"),
        ("power/test_upgrade.py", "system/test_newer_state.py", "system/test_flash.py"),
        "failed sign-ins are counted only until the next reset there; where the keys cannot be read either, the "
        "service jumper opens the prompt",
    ),
    Threat(
        "T15",
        "somebody changes the log, on the pump or on the laptop",
        "append only, CRC and chain; the archive keeps where each log ended, holds every pull against it, and "
        "names what was changed, dropped, moved or came from another pump; a log is replayed step for step",
        ("infuser/core/journal.py", "infuser/wire/records.py", "host/pumpctl/logchain.py", "host/pumpctl/store.py"),
        ("unit/test_journal.py", "unit/test_logbook.py", "unit/test_hostile_log.py", "unit/test_log_pull.py")
        + ("system/test_replay.py",),
        "the chain has no key: who can write the flash, or the archive, can make a whole log anew that nobody "
        "pulled before",
    ),
    Threat(
        "T16",
        "something that is no pump, or a pump that lies, is at the other end of the laptop's cable",
        "answers are decoded strictly and held against what a pump can hold; text of theirs cannot act on the "
        "terminal, in a report, in a table or in a file's name; reads are bounded; another pump in its place is "
        "noticed",
        ("host/pumpctl/exchange.py", "host/pumpctl/printable.py", "host/pumpctl/logread.py", "host/pumpctl/paths.py"),
        ("unit/test_hostile_pump.py", "unit/test_hostile_log.py", "unit/test_logexport.py"),
        "a pump can lie plausibly about what it does. `keys provision` at one that claims another's serial number "
        "replaces the keys kept here for that number: the question names it",
    ),
    Threat(
        "T17",
        "somebody on the line lights lamps or sounds, to outshine an alarm or to feign one",
        "lamps and sounder are tried one by one only with the service jumper set, and never while the pump delivers",
        ("infuser/app/inspect_commands.py", "infuser/hw/annunciator.py"),
        ("system/test_bringup.py",),
        "with the jumper set the pump that stands can be made to signal without end; its alarm stays in the status",
    ),
)
