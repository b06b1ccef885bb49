"""Installed on the board as /main.py: starts the application, or the one before it.

That one is started if an update was cut off, or if the application cannot be loaded. It holds its own files
against its list, and leaves the state of a newer firmware alone with the motor off. An application that ends
later, once it is loaded, is left to its watchdog.
"""

import gc
import os
import sys

found = ["/" + name for name in ("app", "app.old") if name in os.listdir("/")]
for folder in found:
    sys.path.insert(0, folder)
    try:
        import main

        break
    except Exception as error:
        if folder == found[-1]:
            raise
        sys.print_exception(error)
    # Nothing of the one must stay for the other.
    sys.path.pop(0)
    for name in list(sys.modules):
        if name == "main" or name.split(".")[0] == "infuser":
            del sys.modules[name]
    gc.collect()

main.main()
