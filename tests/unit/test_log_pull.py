"""`log pull` at the serial port: cut off anywhere it goes on later, and what goes wrong is told and harms nothing."""

import json
import os
import resource
import signal
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from logpeer import at_page, with_log
from pumplog import begun
from wirepeer import Peer

from infuser.wire import messages
from pumpctl import errors, logbook, logpull
from pumpctl.cli.main import run
from pumpctl.client import Pump
from pumpctl.errors import UsageProblem
from pumpctl.logbook import LogProblem
from pumpctl.store import Archive
from pumpctl.transport import open_transport

pytestmark = [pytest.mark.usefixtures("home"), pytest.mark.case("R6.6")]


def log(hours: int = 40) -> list[bytes]:
    """A pump's first hours: some three pages, which end inside of records."""
    told = begun()
    told.run(hours, 480_000)
    return told.stored


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer(with_log(log())) as made:
        yield made


def archived() -> list[bytes]:
    with Archive() as archive:
        chosen = archive.select(None)
        assert logbook.verify_archive(archive, chosen).findings == []
        return [stored for _, stored in archive.records(chosen)]


def asked_from(peer: Peer) -> list[int]:
    return [request["from_seq"] for command, _, request in peer.seen if command == messages.LOG_READ]


def pulled_whole(stored: list[bytes], had: int) -> None:
    """Pull from a sound pump: it brings the rest, and asks for nothing that is there but the last record."""
    with Peer(with_log(stored)) as peer:
        assert run(["-p", peer.port, "log", "pull"]) == errors.DONE
        assert archived() == stored and min(asked_from(peer)) == max(had, 1)


@pytest.mark.parametrize("page", [1, 2, 3])
@pytest.mark.parametrize("kept", [0, 0.5])
def test_a_cable_pulled_out_in_a_page_or_between_two_costs_nothing_that_was_whole(page: int, kept: float) -> None:
    stored = log()
    with Peer(with_log(stored)) as peer:
        replies = iter(range(1, 1000))

        def cut(command: int, data: bytes) -> bytes:
            if command != messages.LOG_READ or next(replies) < page:
                return data
            threading.Thread(target=peer.hang_up).start()
            return data[: int(len(data) * kept)]

        peer.on_reply = cut
        assert run(["-p", peer.port, "log", "pull"]) == errors.NO_LINK
    had = len(archived()) if page > 1 else 0
    assert (had > 0) == (page > 1) and had < len(stored)
    pulled_whole(stored, had)


def test_ctrl_c_ends_a_pull_with_130_and_the_next_one_goes_on(
    peer: Peer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    page = peer.handlers[messages.LOG_READ]
    peer.handlers[messages.LOG_READ] = at_page(3, page, lambda: os.kill(os.getpid(), signal.SIGINT))
    try:
        assert run(["-p", peer.port, "log", "pull"]) == errors.INTERRUPTED
    finally:
        signal.signal(signal.SIGINT, before)
    assert "interrupted" in capsys.readouterr().err
    had = len(archived())
    assert 0 < had < len(log())
    pulled_whole(log(), had)


def test_two_pulls_at_once_store_each_record_once_and_the_slower_one_says_so(
    peer: Peer, capsys: pytest.CaptureFixture[str]
) -> None:
    def overtake() -> None:
        with Peer(with_log(log())) as other, Archive() as archive, Pump(open_transport(other.port)) as pump:
            logpull.pull(pump, archive)

    page = peer.handlers[messages.LOG_READ]
    peer.handlers[messages.LOG_READ] = at_page(2, page, overtake)
    assert run(["-p", peer.port, "log", "pull"]) == errors.USAGE
    assert "another pull of pump PEER0001 is running" in capsys.readouterr().err
    assert archived() == log()
    assert run(["-p", peer.port, "log", "pull"]) == errors.DONE


def test_two_first_pulls_at_once_begin_one_log(home: Path) -> None:
    with Archive() as one, Archive() as other:
        one.begin("E66100")
        with pytest.raises(UsageProblem, match="another pull"):
            other.begin("E66100")
    with sqlite3.connect(home / "archive.sqlite3") as base:
        assert base.execute("SELECT count(*) FROM log").fetchone() == (1,)


def test_a_full_disk_keeps_what_was_pulled_and_the_next_pull_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    stored = log(1000)
    with Peer(with_log(stored)) as peer:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (72 * 1024, hard))
        try:
            assert run(["-p", peer.port, "log", "pull"]) == errors.USAGE
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "make room on the disk" in capsys.readouterr().err
    had = archived()
    assert 0 < len(had) < len(stored) and had == stored[: len(had)]
    pulled_whole(stored, len(had))


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="no /proc, in which nobody can make a file")
def test_a_place_where_nothing_can_be_written_is_told_before_the_pump_is_asked(
    peer: Peer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PUMPCTL_HOME", "/proc/self")
    assert run(["-p", peer.port, "log", "pull"]) == errors.USAGE
    assert "writable, or name another place by PUMPCTL_HOME" in capsys.readouterr().err
    assert peer.seen == []


def test_an_archive_that_may_only_be_read_is_shown_and_verified(peer: Peer, home: Path) -> None:
    assert run(["-p", peer.port, "log", "pull"]) == errors.DONE
    archive = home / "archive.sqlite3"
    archive.chmod(0o444)
    home.chmod(0o555)
    try:
        assert run(["log", "show"]) == run(["log", "verify"]) == errors.DONE
        if os.geteuid():  # root may write whatever the mode says
            peer.handlers |= with_log(log(60))
            assert run(["-p", peer.port, "log", "pull"]) == errors.USAGE
    finally:
        home.chmod(0o755)


def test_an_archive_of_a_newer_layout_is_left_alone(peer: Peer, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with sqlite3.connect(home / "archive.sqlite3") as base:
        base.execute("CREATE TABLE later (x)")
        base.execute("PRAGMA user_version = 99")
    before = (home / "archive.sqlite3").read_bytes()
    for words in (
        ["log", "pull"],
        ["log", "show"],
        ["log", "verify"],
        ["log", "export", "--format", "csv"],
        ["report"],
    ):
        assert run(["-p", peer.port, *words]) == errors.USAGE
        assert "update pumpctl" in capsys.readouterr().err
    assert (home / "archive.sqlite3").read_bytes() == before and peer.seen == []


def test_a_pull_shows_how_far_it_is(peer: Peer, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["-p", peer.port, "log", "pull", "--json"]) == errors.DONE
    out, err = capsys.readouterr()
    assert json.loads(out)["new"] == len(log())
    shares = [int(line.split()[-2]) for line in err.splitlines() if line.startswith("Pulling the log: ")]
    assert shares == sorted(set(shares)) and shares[-1] == 100


def test_a_log_made_anew_on_the_pump_with_a_chain_that_holds_does_not_continue_the_archive(
    peer: Peer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["-p", peer.port, "log", "pull"]) == errors.DONE
    kept = archived()
    told = begun()
    told.run(39, 480_000)
    told.run(1, 470_000)
    told.run(20, 480_000)
    assert told.stored[:40] == kept[:40]
    with Peer(with_log(told.stored)) as other:
        assert run(["-p", other.port, "log", "pull"]) == errors.UNVERIFIED
    assert "is not the one archived" in capsys.readouterr().err and archived() == kept


def test_a_page_with_a_wrong_record_is_kept_up_to_it(peer: Peer, home: Path) -> None:
    stored = log()
    stored[30] = stored[30][:-1] + bytes([stored[30][-1] ^ 1])
    peer.handlers |= with_log(stored)
    with Archive() as archive, Pump(open_transport(peer.port)) as pump, pytest.raises(LogProblem, match="checksum"):
        logpull.pull(pump, archive)
    assert archived() == stored[:30]


def test_raw_records_are_written_as_a_whole_and_verify(peer: Peer, home: Path) -> None:
    raw = home / "log.bin"
    raw.write_bytes(b"old")
    assert run(["-p", peer.port, "log", "pull", "--raw", str(raw)]) == errors.DONE
    assert raw.read_bytes() == b"".join(log())
    assert run(["log", "verify", str(raw)]) == run(["log", "verify", str(raw), "--pump", "PEER0001"]) == errors.DONE
