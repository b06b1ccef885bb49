"""What a command loads before it does anything: the tool begins quickly because it is little."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pumpctl import program

# Whatever takes its time to load, or is for one command only.
HEAVY = (
    "asyncio", "click.testing", "cryptography", "dask", "difflib", "email", "http", "importlib.metadata", "jsonschema",
    "keyring", "mpremote", "multiprocessing", "numpy", "pandas", "platformdirs", "pyarrow", "rich", "serial", "socket",
    "sqlite3", "ssl", "subprocess", "textual", "tomllib", "traceback", "unittest", "urllib.request", "webbrowser",
    "xml", "pumpctl.client", "pumpctl.config", "pumpctl.report", "pumpctl.scenario", "pumpctl.store", "pumpctl.virtual",
)  # fmt: skip
# What a command may load of it; a pipe gets no table of rich's.
MAY: dict[str, set[str]] = {
    "--help": set(),
    "--version": set(),
    "status --help": {"serial", "socket", "pumpctl.client", "pumpctl.config"},
    "virtual --help": set(),
    "completion bash": {"subprocess", "pumpctl.config"},
    "config path": {"pumpctl.config"},
    "program check": {"pumpctl.client", "pumpctl.config", "serial", "socket", "tomllib", "difflib", "cryptography"},
    "status": {"serial", "socket", "subprocess", "pumpctl.client", "pumpctl.config", "pumpctl.virtual"},
}


@pytest.mark.parametrize("words", MAY, ids=str)
def test_a_command_loads_no_more_than_it_needs(words: str, tmp_path: Path) -> None:
    args = words.split() + ([str(program.example())] if words == "program check" else [])
    text = (
        "import os, sys\n"
        f"sys.argv = ['pumpctl', *{args!r}]\n"
        "from pumpctl.cli import main\n"
        "code = main.run()\n"
        "import json\n"
        f"print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]), file=sys.stderr)\n"
    )
    env = {**os.environ, "PUMPCTL_HOME": str(tmp_path)}
    told = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True, env=env)
    loaded = set(json.loads(told.stderr.splitlines()[-1]))
    assert loaded <= MAY[words], f"loads {', '.join(sorted(loaded - MAY[words]))} too"
