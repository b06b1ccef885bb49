"""Installed on the board as /main.py: starts the application, or the one before it if an update was cut off."""

import os
import sys

sys.path.insert(0, "/app" if "app" in os.listdir("/") else "/app.old")

import main  # noqa: E402

main.main()
