"""The keys of a scenario file, declared once: reader, JSON Schema, template and player go by these tables."""

from infuser.wire import alarms, errors, messages, records, states
from pumpctl.fault_names import FAULTS
from pumpctl.scenario.kinds import (
    Choice,
    Either,
    Flag,
    Free,
    Key,
    Many,
    Number,
    Pair,
    Quantity,
    Span,
    Table,
    Text,
)

FILE_PATTERN = r"\S(.*\S)?\.toml"
ALARMS = Choice([alarms.name(code) for code in alarms.ALARMS])
BUCKETS = Choice(states.BUCKET_NAMES)
PRIORITIES = Choice([alarms.PRIORITY_NAMES[one] for one in (alarms.LOW, alarms.MEDIUM, alarms.HIGH)])
COLOURS = ("red", "yellow", "cyan")
# What is not the pump's own refusal: the tool says no before anything is sent, or nobody answers.
BY_TOOL = "tool"
NO_ANSWER = "no-answer"
REFUSALS = Choice([*(errors.name(code) for code in errors.codes()), BY_TOOL, NO_ANSWER])
VOLUME = Either(Quantity("volume"), Pair(Quantity("volume")))
RATE = Either(Quantity("flow"), Quantity("dose_rate"))
TOLERANCE = Either(Quantity("share"), Quantity("volume"))
THERAPY = Either(Text(FILE_PATTERN, "../start-100ug-continuous.toml"), Table(each=Free()))

TOP = {
    "title": Key(Text(), "What is shown, in one line.", True),
    "case": Key(Many(Text(r"[A-Z]+[0-9.]+", "EC10")), "The use and exception cases that it shows."),
    "description": Key(Text(r"[\s\S]*\S[\s\S]*"), "What happens and why, in a few sentences."),
}
SETUP = {
    "therapy": Key(THERAPY, "A therapy file, relative to this one, or the therapy itself as a table; none without it."),
    "reservoir": Key(Quantity("volume"), "What the reservoir is filled with; 20 mL without it."),
    "concentration": Key(Quantity("concentration"), "Of the filling; the therapy's without it."),
    "clock": Key(Text(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T\S+", "2026-01-01T08:00:00+00:00"), "Time at the beginning."),
    "library": Key(Text(FILE_PATTERN, "library.toml"), "A drug library to send before; signed with a key made for it."),
    "started": Key(Flag(), "Whether therapy runs at the beginning; it does without it, if there is a therapy."),
}
WHEN = {
    "at": Key(Span(), "Time from the beginning."),
    "after": Key(Span(), "Time from the step before, or from the beginning."),
}
# What every step may have besides its action.
STEP = {
    **WHEN,
    "says": Key(Text(), "A word for the verdict."),
    "refused": Key(REFUSALS, "The name of the error with which it must be refused."),
    "operator": Key(Text(), "Who acts."),
}
# Action -> (its value, other keys that belong to it).
ACTIONS: dict[str, tuple[Key, dict[str, Key]]] = {
    "command": (Key(Text(), 'A command of pumpctl, such as "bolus"; its parameters are further keys.'), {}),
    "program": (
        Key(THERAPY, "Send a therapy: a file, or a table with what differs from the therapy of the set-up."),
        {
            "confirm-warnings": Key(Flag(), "Take values outside soft limits."),
            "bridge": Key(Quantity("volume"), "Fluid path in which the drug before stands."),
            "tampered": Key(Table(each=Free()), "Fields of the wire's program changed after the tool's own check."),
        },
    ),
    "refill": (
        Key(Quantity("volume"), "A complete refill: drained, filled with this volume, accounted for."),
        {"concentration": Key(Quantity("concentration"), "Of the filling; the program's without it.")},
    ),
    "button": (
        Key(Choice(("patient", "stop")), "Press a button."),
        {"for": Key(Span(), "How long; 200 ms without it.")},
    ),
    "fault": (
        Key(Choice(sorted(FAULTS)), "Switch a fault on."),
        {"value": Key(Free(), "Size of the fault, for those that have one.")},
    ),
    "clear": (Key(Choice(sorted(FAULTS)), "Switch a fault off."), {}),
    "set": (Key(Table(each=Free()), "Set quantities of the plant, as `pumpctl virtual set`."), {}),
    "power-cut": (Key(Span(), "Cut the power for this time; the pump is up again afterwards."), {}),
    "fill": (Key(Quantity("volume"), "The technician's hands: the reservoir holds this volume; nothing is told."), {}),
    "raw": (
        Key(Text(r"([0-9a-fA-F]{2} ?)+", "00 ff"), "Bytes on the serial line as they stand, in hexadecimal."),
        {"unanswered": Key(Flag(), "Whether the pump must say nothing to it.")},
    ),
    "request": (
        Key(Choice([name for name, *_ in messages.MESSAGES.values()]), "A message of the protocol, past the tool."),
        {
            "fields": Key(Table(each=Free()), "Fields of the message by name; 0 or empty where they are left out."),
            "greeted": Key(Flag(), "Whether the pump is greeted first; it is without it."),
        },
    ),
}
_ALARM = {
    "id": Key(ALARMS, "Its name.", True),
    "priority": Key(PRIORITIES, "Its priority."),
    "active": Key(Flag(), "Whether its cause lasts."),
    "acknowledged": Key(Flag(), "Whether somebody has acknowledged it."),
    "latched": Key(Flag(), "Whether it stays until then."),
}
_LAMP = {
    "colour": Key(Choice((*COLOURS, "none")), "The only lamp that is lit.", True),
    "hz": Key(Pair(Number(0, 50)), "Flashes a second, measured at the pin."),
    "duty": Key(Pair(Quantity("share")), "Share of the time in which it is lit."),
}
_LOG = {
    "kind": Key(Choice([name for name, _ in records.RECORDS.values()]), "Kind of the record.", True),
    "fields": Key(Table(each=Free()), "Fields that it must have; names are taken for numbers."),
    "count": Key(Either(Number(0, 10**6, True), Pair(Number(0, 10**6, True))), "How many; at least one without it."),
}
SPAN = {
    "at": WHEN["at"],
    "between": Key(Pair(Span()), "Holds at every look in this span; volumes and flows are those of the span."),
    "within": Key(Pair(Span()), "Becomes true somewhere in this span."),
}
# What belongs to the expectation as a whole.
EXPECT = {
    **SPAN,
    "says": STEP["says"],
    "tolerance": Key(TOLERANCE, "For rate, flow, counted and delivered; 0.2 uL for volumes without it."),
    "bucket": Key(BUCKETS, "Count only what was given as this; for counted."),
    "for": Key(Span(), "How long lamp and sounder are observed from `at` on."),
}
CHECKS = {
    "state": Key(Many(Choice(states.STATE_NAMES)), "The pump's state, or one of several."),
    "rate": Key(RATE, "The rate that the pump tells, as flow or as dose."),
    "flow": Key(Quantity("flow"), "The rate at which the motor was driven over the span; with `between`."),
    "counted": Key(VOLUME, "What the pump counts as delivered since the beginning, or over the span; [least, most]."),
    "delivered": Key(VOLUME, "What really left the outlet, since the beginning or over the span; [least, most]."),
    "over": Key(Quantity("volume"), "At most this much more was moved than the pump counts."),
    "missing": Key(Quantity("volume"), "At most this much less was moved than the pump counts."),
    "motor": Key(Choice(("on", "off")), "The driver's enable line."),
    "alarms": Key(Many(ALARMS), "Exactly these alarms, in order of occurrence."),
    "present": Key(Many(ALARMS), "These alarms and perhaps others."),
    "absent": Key(Many(ALARMS), "None of these alarms."),
    "alarm": Key(Table(_ALARM), "One alarm with what is told of it."),
    "lamp": Key(Either(_LAMP["colour"].kind, Table(_LAMP)), "The only lamp lit, at the pins."),
    "sounder": Key(Choice(("on", "off")), "Whether the sounder is heard at all."),
    "melody": Key(Text(r"[CDEGcdeg -]+", "C d g"), "Tones of a burst in order; C is the upper c, a dash a longer gap."),
    "log": Key(Many(Table(_LOG)), "Records in the pump's log since the beginning, or of the span."),
    "accounting": Key(Choice(("exact",)), "Microsteps counted are those made by the motor."),
    "status": Key(Table(each=Free()), "Other fields of `pumpctl status --json`; [least, most] for a number."),
    "truth": Key(Table(each=Free()), "Fields of `pumpctl virtual get`; [least, most] for a number."),
}
TABLES = {
    "setup": "The pump at the beginning.",
    "step": "What is done, and when.",
    "expect": "What is expected, and when.",
}
