"""The command line at a scripted pump: what is typed, what is printed, what the pump is asked."""

import json
import os
import pty
import select
import subprocess
import sys
from typing import Any

import pytest
from wirepeer import Peer

from pumpctl import errors
from pumpctl.cli import main


def document(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The one JSON document on stdout."""
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def typed(peer: Peer, *words: str, code: int = errors.DONE) -> None:
    """Run a command at the peer's pump; it must end with `code`."""
    assert main.run(["-p", peer.port, *words]) == code


def sent(peer: Peer, command: int) -> dict[str, Any]:
    """The only request of a command that the pump got."""
    (request,) = {request_id: request for seen, request_id, request in peer.seen if seen == command}.values()
    return request


def declined(peer: Peer, *words: str) -> str:
    """What a person at a terminal is asked by a command; the answer is no, and the command ends as it must."""
    return asked(peer, "n", *words, code=errors.USAGE)


def asked(peer: Peer, answer: str, *words: str, code: int) -> str:
    """What a person at a terminal is asked before giving this one answer; the command ends with `code`."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "pumpctl.cli.main", "-p", peer.port, *words]
    with subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs) as tool:
        shown = b""
        while not shown.rstrip().endswith((b"[y/N]:", b"with its unit:")):
            ready = select.select([ours], [], [], 1)[0]
            assert ready or tool.poll() is None, f"nothing was asked: {shown.decode()}"
            shown += os.read(ours, 1024) if ready else b""
        os.write(ours, answer.encode() + b"\n")
        assert tool.wait(20) == code
    os.close(theirs)
    os.close(ours)
    return " ".join(shown.decode().split())
