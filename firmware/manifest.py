"""Freeze list for people who build their own MicroPython image: `make BOARD=RPI_PICO FROZEN_MANIFEST=<this file>`."""

metadata(version="0.2.0", license="MIT")
include("$(PORT_DIR)/boards/manifest.py")
package("infuser")
module("main.py")
