"""Code that is needed seldom: read from the flash for one command and forgotten after it, for a board's heap is small.

What delivers, measures, alarms, stops and answers a status is never among it: none of that depends on reading a file.
"""

import gc
import sys

# Each part by the module that is called, and all that comes and goes with it. In one text each: tuples take more.
PARTS = {
    "delivery_commands": "app.delivery_commands core.druglibrary",
    "library_commands": "app.library_commands core.druglibrary core.signature app.prescriber app.trust",
    "inspect_commands": "app.inspect_commands",
    "plan_commands": "app.plan_commands",
    "program_commands": "app.program_commands core.prescription core.druglibrary core.eligibility core.signature"
    " app.prescriber",
    "refill_commands": "app.refill_commands",
    "selftest": "app.selftest",
    "service_commands": "app.service_commands",
    "session_commands": "app.session_commands",
    "prescription": "core.prescription core.druglibrary core.eligibility",
    "replay": "app.replay app.recall",
    "startup": "app.startup app.selftest app.prescriber app.trust core.signature",
}
_ROOT = "infuser."


class Unloadable(Exception):
    """A part is not as it was installed, or does not fit into memory; the text says which file and why."""


def call(image, part: str, function: str, *arguments):
    """What `function` of a part returns or raises; the part is in memory for as long. Unloadable if it cannot be had.

    `image` as hw.image.Image: a file that is not what was installed is not run. None at the start, when all else is
    as it was read too, and the self-test that follows judges every file.
    """
    names = [_ROOT + name for name in PARTS[part].split()]
    absent = [name for name in names if name not in sys.modules]
    gc.collect()
    try:
        _check(image, absent)
        return getattr(_loaded(names[0]), function)(*arguments)
    finally:
        _forget(absent)
        gc.collect()


def _check(image, names: list[str]) -> None:
    wrong = image.check_these([name.replace(".", "/") for name in names]) if image and names else ""
    if wrong:
        raise Unloadable(wrong + " is not as it was installed")


def _loaded(name: str):
    try:
        __import__(name)
    except MemoryError:
        raise Unloadable(name + " does not fit into memory")
    except Exception as error:  # whatever a damaged file leads to where there is no list of hashes
        raise Unloadable("{} cannot be loaded: {}".format(name, type(error).__name__))
    return sys.modules[name]


def _forget(names: list[str]) -> None:
    for name in names:
        if sys.modules.pop(name, None):
            package, leaf = name.rsplit(".", 1)
            delattr(sys.modules[package], leaf)
