"""A home of its own for a virtual pump that is thrown away afterwards."""

import contextlib
import os
import tempfile
from collections.abc import Iterator


@contextlib.contextmanager
def private_home() -> Iterator[None]:
    """A folder of its own for the virtual pump and its archive, so that nothing of the user's is touched."""
    before = os.environ.get("PUMPCTL_HOME")
    with tempfile.TemporaryDirectory(prefix="pumpctl-scratch-", ignore_cleanup_errors=True) as folder:
        os.environ["PUMPCTL_HOME"] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ["PUMPCTL_HOME"]
            else:
                os.environ["PUMPCTL_HOME"] = before
