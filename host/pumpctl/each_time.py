"""What is told with each command: options that no config file and no environment variable may set."""

# What nobody can know beforehand, or must do with open eyes: option -> why no file may say it.
REFUSED = {
    "yes": "a file would answer yes to every question before it is asked; give --yes with the command",
    "json": "what a person and what a script reads would depend on a file; give --json, or PUMPCTL_JSON=1",
    "confirm_warnings": "a file would confirm values that nobody has looked at; give it with the command",
    "no_bridge": "whether the path was flushed is true of one change only; give it with the command",
    "patient": "the patient's identity is compared by telling it anew each time; give it with the command",
    "bridge": "it is true of one change only; tell the pump's catheter instead: catheter_length, lumen, dead_space",
    "signature": "it belongs to one therapy only; give it with the command",
    "weights": "what was weighed is told each time; give it with the command",
}

# Every option of these is part of an order to a pump, and an order is told each time.
ORDERS = (
    "bolus", "stop", "resume", "temporary-rate", "plan", "minimum-rate", "drain", "refill", "visit", "clock",
    "program trust", "library trust",
)  # fmt: skip
# Options without a value that only choose what is shown; every other one says what to do this once.
HARMLESS_FLAGS = (
    "status watch", "log show all", "log export all", "report all", "program send all", "doctor all", "config show all",
)  # fmt: skip
# What is so of one patient.
PATIENT = (
    "age", "weight", "indication", "screening", "response", "contraindication", "caution", "target", "dose", "minimum",
    "limit",
)  # fmt: skip


def spelt(key: str) -> str:
    """A key as it is compared: `catheter-length` is `catheter_length`."""
    return key.replace("-", "_")


def why_not(path: str, key: str, is_flag: bool) -> str:
    """Why only a command line may set the option `key` of the command `path`; empty if others may."""
    if key in REFUSED:
        return REFUSED[key]
    if key.startswith("confirm"):
        return "a file would confirm what nobody has looked at; give it with the command"
    if path in ORDERS or path.split()[0] in ORDERS:
        return f"`pumpctl {path}` is an order to the pump, whose every part is told each time"
    if key in PATIENT:
        return "it is about one patient, and the next is another; give it with the command"
    if is_flag and f"{path} {key}" not in HARMLESS_FLAGS:
        return "it says what to do this once; give it with the command"
    return ""
