"""The starting library as a module of the firmware, written from its TOML file by `make docs`."""

from pumpctl import library

FILE = "infuser/app/startinglibrary.py"
_BYTES_A_LINE = 16
_HEAD = '''"""The drug library that a pump begins with, encoded: host/pumpctl/libraries/intrathecal-baclofen.toml.

Written by `make docs`; not to be edited here.
"""

# fmt: off
STARTING_LIBRARY = (
'''


def text() -> str:
    """The module's source."""
    data = library.encode(library.starting())
    lines = [data[at : at + _BYTES_A_LINE] for at in range(0, len(data), _BYTES_A_LINE)]
    spelt = ("".join(f"\\x{byte:02x}" for byte in line) for line in lines)
    return _HEAD + "".join(f'    b"{line}"\n' for line in spelt) + ")\n# fmt: on\n"
