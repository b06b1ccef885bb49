"""A home of its own for a virtual pump that is thrown away afterwards."""

import contextlib
import os
import tempfile
from collections.abc import Iterator

# Neither the user's files count here, nor the settings that name other pumps.
_SETTINGS = ("PUMPCTL_HOME", "PUMPCTL_CONFIG")


@contextlib.contextmanager
def private_home() -> Iterator[None]:
    """A folder of its own for the virtual pump and its archive, so that nothing of the user's is touched."""
    before = {name: os.environ.get(name) for name in _SETTINGS}
    with tempfile.TemporaryDirectory(prefix="pumpctl-scratch-", ignore_cleanup_errors=True) as folder:
        for name in _SETTINGS:
            os.environ.pop(name, None)
        os.environ["PUMPCTL_HOME"] = folder
        try:
            yield
        finally:
            del os.environ["PUMPCTL_HOME"]
            os.environ.update({name: value for name, value in before.items() if value is not None})
