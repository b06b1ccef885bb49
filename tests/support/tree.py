"""The source tree as the tests see it: its files, and what each Python file imports."""

import ast
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIRMWARE = ROOT / "firmware"
HOST = ROOT / "host"


def top_level() -> set[str]:
    """Names at the top that belong to the project: what git knows of, or what lies there without git."""
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode == 0 and done.stdout:
        return {path.split("/")[0] for path in done.stdout.splitlines()}
    return {path.name for path in ROOT.iterdir()}


def imports(path: Path) -> set[str]:
    """Full names of all modules that a file imports, wherever in it; `from a import b` gives a and a.b."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return found


def roots(path: Path) -> set[str]:
    """Top names of what a file imports."""
    return {name.split(".")[0] for name in imports(path)}


def layers(path: Path) -> set[str]:
    """Parts of the firmware that a file imports: wire, core, app, hw."""
    return {name.split(".")[1] for name in imports(path) if name.startswith("infuser.")}
