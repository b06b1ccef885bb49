"""Prints a page of the tool as PDF through a headless browser: nothing is fetched, nothing is left behind."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from pumpctl.errors import UsageProblem

ENVIRONMENT = "PUMPCTL_BROWSER"
TIMEOUT_S = 90.0
_NAMES = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge", "microsoft-edge",
    "microsoft-edge-stable", "brave-browser",
)  # fmt: skip
_APPLICATIONS = ("Google Chrome", "Chromium", "Microsoft Edge")
_WINDOWS = ("Google/Chrome/Application/chrome.exe", "Microsoft/Edge/Application/msedge.exe")
_FLAGS = (
    "--headless", "--disable-gpu", "--no-first-run", "--no-default-browser-check", "--no-pdf-header-footer",
    "--disable-extensions", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-breakpad", "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip
_REMEDY = f"install Chromium, Chrome or Edge, or name one by {ENVIRONMENT}; without, print the HTML page from a browser"
_TOLD_MOST = 200
_KEPT_IN = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR")
_TEMPORARY_IN = "TMPDIR"
# The browser makes a socket there, and a socket's whole path has 104 characters at most on some systems.
_SOCKET_FOLDER_MOST = 55


def find() -> str:
    """Path of a browser that can print; UsageProblem where there is none, or not where PUMPCTL_BROWSER says."""
    named = os.environ.get(ENVIRONMENT)
    if named:
        path = shutil.which(named)
        if path is None:
            raise UsageProblem(f"{named} is no program", field=ENVIRONMENT, value=named, remedy=_REMEDY)
        return path
    path = next((path for path in map(shutil.which, (*_NAMES, *_places())) if path), None)
    if path is None:
        raise UsageProblem("there is no browser here that could make a PDF", field="--pdf", remedy=_REMEDY)
    return path


def _places() -> list[str]:
    """Where browsers lie that are not on the path."""
    if sys.platform == "win32":
        roots = [
            os.environ[name] for name in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA") if os.environ.get(name)
        ]
        return [str(Path(root) / place) for root in roots for place in _WINDOWS]
    if sys.platform == "darwin":
        return [f"/Applications/{name}.app/Contents/MacOS/{name}" for name in _APPLICATIONS]
    return []


def printed(page: str, timeout_s: float = TIMEOUT_S) -> bytes:
    """The PDF of a self-contained HTML page; UsageProblem where no browser makes one within `timeout_s`."""
    browser = find()
    room = _room(browser)
    with tempfile.TemporaryDirectory(prefix="pumpctl-pdf-", dir=room, ignore_cleanup_errors=True) as folder:
        source, target = Path(folder) / "page.html", Path(folder) / "page.pdf"
        source.write_text(page, encoding="utf-8")
        command = [browser, *_FLAGS, f"--user-data-dir={Path(folder) / 'profile'}", f"--print-to-pdf={target}"]
        # A browser refuses to run as root with its sandbox. The page is our own: it has no script and fetches nothing.
        geteuid = getattr(os, "geteuid", None)
        bare = geteuid is not None and geteuid() == 0
        said = _run([*command, *(["--no-sandbox"] if bare else []), source.as_uri()], timeout_s, folder)
        if not target.is_file() and not bare and "sandbox" in said:
            said = _run([*command, "--no-sandbox", source.as_uri()], timeout_s, folder)
        data = target.read_bytes() if target.is_file() else b""
    if not data.startswith(b"%PDF") or b"%%EOF" not in data[-1024:]:
        last = next((line for line in reversed(said.splitlines()) if line.strip()), "it said nothing")
        raise UsageProblem(
            f"{browser} made no PDF: {last[:_TOLD_MOST]}", field="--pdf", value=browser,
            remedy=f"name another browser by {ENVIRONMENT}, or print the HTML page from one",
        )  # fmt: skip
    return data


def _room(browser: str) -> str | None:
    """Where the browser can read and write, None for the usual place: one from a snap sees a /tmp of its own."""
    room = Path.home() / "snap" / Path(browser).name / "common"
    return str(room) if Path(os.path.realpath(browser)).name == "snap" and room.is_dir() else None


def _run(command: list[str], timeout_s: float, folder: str) -> str:
    """Run the browser to its end and return what it said; it and all that it started are ended in any case.

    What it keeps beside its profile goes into `folder` too.
    """
    browser = command[0]
    try:
        process = subprocess.Popen(
            command, env=_environment(folder), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
    except OSError as error:
        raise UsageProblem(f"{browser}: {error.strerror or error}", value=browser, remedy=_REMEDY) from error
    try:
        _, said = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired as error:
        raise UsageProblem(
            f"{browser} made no PDF within {timeout_s:g} s", field="--pdf", value=browser,
            remedy="try again when the machine is less busy, or print the HTML page from a browser",
        ) from error  # fmt: skip
    finally:
        _end(process)
    return said.decode("utf-8", "replace")


def _environment(folder: str) -> dict[str, str]:
    """Has the browser keep its things in a folder, as far as that is not too deep."""
    others = {name: value for name, value in os.environ.items() if name != _TEMPORARY_IN}
    temporary = {_TEMPORARY_IN: folder} if len(folder) <= _SOCKET_FOLDER_MOST else {}
    return {**others, **dict.fromkeys(_KEPT_IN, folder), **temporary}


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the browser with its helpers, which outlive it for a moment and would write into the folder."""
    if sys.platform == "win32":
        if process.poll() is None:
            subprocess.run(["taskkill", "/T", "/F", "/PID", str(process.pid)], capture_output=True, check=False)
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stderr is not None:
        process.stderr.close()
