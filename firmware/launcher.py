"""Installed on the board as /main.py: starts the application, or the one before it.

That one is started if an update was cut off; and if the application cannot be loaded it takes its place for good. It
holds its own files against its list, and leaves the state of a newer firmware alone with the motor off. What an
application does once it is loaded is left to its watchdog. No Ctrl-C on the line ends it: there would be no pump then.
"""

import micropython

micropython.kbd_intr(-1)

import os  # noqa: E402
import sys  # noqa: E402

names = os.listdir("/")
sys.path.insert(0, "/app" if "app" in names else "/app.old")
try:
    import main
except Exception:
    if "app" not in names or "app.old" not in names:
        raise
    import machine

    os.rename("/app", "/app.new")
    machine.reset()  # what was loaded of the one leaves no memory for the other

main.main()
