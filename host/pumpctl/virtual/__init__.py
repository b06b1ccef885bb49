"""Virtual pumps: the firmware's own files on the MicroPython unix port, in virtual time. POSIX only."""

from pumpctl.virtual.paths import DEFAULT_NAME, all_names
from pumpctl.virtual.pump import VirtualPump, running, start

__all__ = ["DEFAULT_NAME", "VirtualPump", "all_names", "running", "start"]
