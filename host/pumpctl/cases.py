"""The cases that the pump is held against, declared once: what is required, what the pump does, which modules do it.

The yardstick is the Open PCA Pump requirements 1.0.0 in words of our own. SAFETY.md's table, `make trace` and the
tests are made from this list; tests say which case they show with `@pytest.mark.case("EC13")`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One case: modules are paths below `firmware/infuser/`; `lacking` says what of it is not there."""

    id: str
    requirement: str
    answer: str
    modules: tuple[str, ...]
    lacking: str = ""


CASES = (
    Case(
        "UC1",
        "normal operation: self-test, sign-in, prescription held against the drug library; start, run and stop",
        "as required; on a pump without keys nobody has to sign in",
        (
            "app/startup.py",
            "app/controller.py",
            "core/session.py",
            "app/session_commands.py",
            "app/program_commands.py",
        ),
    ),
    Case(
        "UC2",
        "patient's bolus by the button, at the prescribed rate on top of the basal rate",
        "given, after lock-out, allowance and dose windows are asked",
        ("app/boluses.py", "core/lockout.py"),
    ),
    Case(
        "UC3",
        "clinician's bolus over a chosen time; the patient's comes first and suspends it",
        "given; what is left of it goes on afterwards",
        ("app/boluses.py", "app/delivery_commands.py"),
    ),
    Case(
        "UC4",
        "the host orders the minimum rate",
        "boluses end, the minimum rate runs until it is ordered otherwise",
        ("app/controller.py", "app/basal.py"),
    ),
    Case(
        "UC5",
        "the host orders the prescribed infusion to resume",
        "the programmed rate runs again",
        ("app/controller.py",),
    ),
    Case(
        "UC6",
        "audible alarm silenced for 10 min at most, or until cancelled",
        "sound paused, the lamp goes on",
        ("app/device_commands.py", "app/pump.py"),
    ),
    Case(
        "UC7",
        "infusion resumes after a stop",
        "by command, or at a time told before",
        ("app/controller.py", "app/pump.py"),
    ),
    Case(
        "UC8", "flush the fluid path off the patient", "flush and drain, counted apart", ("app/delivery_commands.py",)
    ),
    Case(
        "UC9",
        "prime the catheter; counted as priming, never as therapy",
        "a bucket of its own",
        ("app/delivery_commands.py",),
    ),
    Case(
        "EC1",
        "a bolus is asked for within its lock-out",
        "refused and logged; nothing is delivered",
        ("core/lockout.py", "app/boluses.py"),
    ),
    Case(
        "EC2",
        "a programmed value is outside a soft limit",
        "refused until it is confirmed, which is logged",
        ("core/druglibrary.py", "core/prescription.py", "core/eligibility.py", "app/program_commands.py"),
    ),
    Case(
        "EC3",
        "a programmed value is outside a hard limit",
        "refused on the pump, whatever the host says",
        ("core/prescription.py", "core/druglibrary.py", "app/program_commands.py"),
    ),
    Case(
        "EC4",
        "the power-on self-test fails",
        "`self-test` names the part; no infusion",
        ("app/selftest.py", "core/memtest.py", "hw/image.py", "app/startup.py"),
    ),
    Case(
        "EC5",
        "an internal fault is found while running",
        "`internal-fault` or `journal-fault`, motor off, fault logged",
        (
            "app/watch_device.py",
            "core/guard.py",
            "core/seal.py",
            "app/integrity.py",
            "core/liveness.py",
            "app/upkeep.py",
            "app/pump.py",
        ),
    ),
    Case(
        "EC6",
        "priming does not finish",
        "`priming-failed`, motor off",
        ("core/priming.py", "app/watch_line.py"),
    ),
    Case(
        "EC7",
        "measured flow above the commanded flow",
        "`over-delivery`, motor off; judged by volume",
        ("core/flow.py", "app/watch_flow.py"),
        "a source of hundreds of false steps a second is found later than 1 uL; see below",
    ),
    Case(
        "EC8",
        "measured flow below the commanded flow",
        "`stall` or `under-delivery`; the pump keeps trying",
        ("core/flow.py", "app/watch_flow.py"),
    ),
    Case("EC9", "the pump is hotter than 55 C", "`overheat`, motor off", ("app/watch_device.py",)),
    Case(
        "EC10",
        "downstream occlusion, over 69 kPa",
        "`occlusion-downstream`, motor off; nothing is made up for",
        ("app/watch_line.py", "core/rising.py"),
    ),
    Case(
        "EC11",
        "upstream occlusion, suction over 7 kPa",
        "`occlusion-upstream`, motor off",
        ("app/watch_line.py", "core/rising.py"),
    ),
    Case("EC12", "air in line", "`air-in-line`, motor off", ("app/watch_line.py", "hw/sensors.py")),
    Case(
        "EC13",
        "the dose of a window of 1 h, 4 h or 24 h would be exceeded",
        "boluses refused; `dose-limit`, minimum rate until the window has room",
        ("core/window.py", "core/guard.py", "app/watch.py"),
    ),
    Case(
        "EC14",
        "clinician not authenticated",
        "refused, logged and counted",
        ("core/session.py", "app/session_commands.py", "app/link.py"),
    ),
    Case(
        "EC15",
        "the patient's identity does not match",
        "refused and logged",
        ("app/checks.py", "app/program_commands.py"),
    ),
    Case(
        "EC16",
        "the prescription does not match drug, concentration or signature",
        "refused and logged",
        ("core/druglibrary.py", "core/signature.py", "app/readiness.py", "app/program_commands.py"),
    ),
    Case(
        "EC17",
        "the sounder does not work",
        "`sounder-failed`; a start is refused, therapy under way goes on",
        ("app/selftest.py", "app/upkeep.py", "hw/annunciator.py", "app/readiness.py"),
    ),
    Case(
        "EC18",
        "the host link is lost",
        "a paused alarm sounds again; therapy goes on untouched",
        ("app/link.py", "hw/serialport.py"),
    ),
    Case(
        "EC19",
        "drug library absent or corrupt",
        "`library-fault`, motor off",
        ("app/library.py", "core/druglibrary.py", "app/watch_device.py"),
    ),
    Case("EC20", "reservoir low", "`reservoir-low`; basal rate only", ("app/watch.py", "core/reservoir.py")),
    Case("EC21", "reservoir empty", "`reservoir-empty`, motor off", ("app/watch.py", "app/account.py")),
    Case(
        "EC22",
        "diagnostics: battery, supply, cover, periodic self-test, masked fault, fault lamp",
        "an alarm for each part; a masked fault is logged without one",
        ("app/watch_device.py", "app/selftest.py", "app/upkeep.py", "app/integrity.py"),
    ),
    Case(
        "EC23",
        "the same alarm, stop and start three times within ten minutes; a flood of stop commands",
        "`stop-start`, minimum rate until a clinician acknowledges; `stop-flood`",
        ("core/repeats.py", "app/pump.py", "app/watch.py"),
    ),
    Case(
        "EC24",
        "a signed-in session is left idle; therapy is not started",
        "the session is closed; `long-stop`",
        ("core/session.py", "app/link.py", "app/watch.py"),
    ),
    Case(
        "R6.6",
        "event and fault log: stamped, kept without power, 30 days and 1,000 faults, nothing altered unnoticed",
        "append only, each record with a CRC and chained to the one before",
        ("core/journal.py", "app/recorder.py"),
    ),
)
