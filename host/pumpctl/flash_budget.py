"""How large the compiled application may be, in all and by module: it must fit a Pico twice, and load there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

APPLICATION_BYTES = 176 * 1024
MODULE_BYTES = 8 * 1024


class Sized(Protocol):
    """A file of the application."""

    @property
    def path(self) -> str:
        """Where it is, below the application's folder."""

    @property
    def data(self) -> bytes:
        """Its content."""


@dataclass(frozen=True)
class Budget:
    """Bytes of bytecode, and the modules from the largest on."""

    used: int
    modules: tuple[tuple[str, int], ...]

    @property
    def over(self) -> list[str]:
        """What is larger than it may be, in words."""
        found = [f"{path} has {size} bytes of {MODULE_BYTES}" for path, size in self.modules if size > MODULE_BYTES]
        if self.used > APPLICATION_BYTES:
            found.insert(0, f"the application has {self.used} bytes of {APPLICATION_BYTES}")
        return found

    def sentence(self) -> str:
        """The figures for people."""
        path, size = self.modules[0] if self.modules else ("", 0)
        return (
            f"Bytecode: {self.used} of {APPLICATION_BYTES} bytes; largest module {path}, {size} of {MODULE_BYTES} bytes"
            + "".join(f"\nToo large: {text}" for text in self.over)
        )

    def document(self) -> dict[str, Any]:
        """The figures as they are printed under `--json`."""
        limits = {"limit_bytes": APPLICATION_BYTES, "module_limit_bytes": MODULE_BYTES}
        largest = {"largest": self.modules[0][0], "largest_bytes": self.modules[0][1]} if self.modules else {}
        return {"bytes": self.used, **limits, **largest, "over": self.over}


def of(files: Sequence[Sized]) -> Budget:
    """The budget of the compiled ones among `files`."""
    modules = sorted(
        ((file.path, len(file.data)) for file in files if file.path.endswith(".mpy")), key=lambda one: -one[1]
    )
    return Budget(sum(size for _, size in modules), tuple(modules))
