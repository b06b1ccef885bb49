"""A full journal over the serial line: read, pulled into an archive, and copied by mpremote over the very same line."""

import contextlib
import io
import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from blanks import blank
from figures import Figure
from line import raw_bytes_per_s
from mpremote.transport_serial import SerialTransport
from vmworld import DEVICE, WALL_MS, World

from infuser.core.journal import BUDGET_BYTES, FIRST_SEQ, SEGMENT_BYTES, Journal
from infuser.core.ledger import Ledger
from infuser.hw.storage import Files
from infuser.wire import records, states, units
from pumpctl import logpull
from pumpctl.client import Pump
from pumpctl.pending import PendingStore
from pumpctl.store import Archive
from pumpctl.transport import open_transport
from pumpctl.virtual import launcher
from pumpctl.virtual.vm import Port

VM_PORT = Path(__file__).with_name("vm_port.py")
PEER = "mpremote fs cp"
# The pump is greeted once a second until it is up.
GREETINGS = 60


class _At:
    """Where the pseudo-terminal is to be found."""

    def __init__(self, port: Path) -> None:
        self.port = port


class PortPump:
    """A virtual pump with a journal given to it, whose port has the VM's prompt once the pump has left it."""

    def __init__(self, folder: Path, journal: Path) -> None:
        self._folder = folder
        self._pty = Port(_At(folder / "port"))  # type: ignore[arg-type]
        settings = folder / "config.json"
        settings.write_text(json.dumps(World(folder).config))
        command = [launcher.micropython(), "-X", f"heapsize={launcher.HEAP}", "-i", str(VM_PORT), str(DEVICE)]
        with (folder / "vm.log").open("wb") as log:
            self._process = subprocess.Popen(
                [*command, str(settings), str(journal)], stdin=self._pty.master, stdout=self._pty.master, stderr=log
            )

    def client(self) -> Pump:
        """A client, once the pump is up."""
        link = open_transport(str(self._folder / "port"))
        return Pump(link, operator="bench", pending=PendingStore(self._folder / "pending"), tries=GREETINGS)

    @contextlib.contextmanager
    def prompt(self) -> Iterator[SerialTransport]:
        """mpremote at the prompt."""
        os.set_blocking(self._pty.master, True)  # the prompt waits for each byte
        transport = SerialTransport(str((self._folder / "port").resolve()))
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                transport.enter_raw_repl(soft_reset=False)
            yield transport
        finally:
            transport.close()

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        self._pty.close()


def measure(folder: Path, budget_bytes: int = BUDGET_BYTES) -> list[Figure]:
    """Throughputs of a journal that fills a budget, by default a pump's."""
    journal = folder / "journal"
    journal.mkdir(parents=True)
    fill(journal, budget_bytes)
    pump = PortPump(folder, journal)
    try:
        with pump.client() as client:
            log, read_s = _read(client)
            pull_s = _pull(client, folder / "archive.sqlite3")
            client.service_repl()
        with pump.prompt() as prompt:
            files, copy_s = _copy(prompt)
    finally:
        pump.close()
    if not files.startswith(log):
        raise SystemExit("mpremote did not copy the bytes that were read")
    size = len(log) / 1024
    what, raw, peer = f"a log of {size:.0f} KiB", raw_bytes_per_s() / 1024, len(files) / 1024 / copy_s
    return [
        Figure(f"{what}, read", size / read_s, "KiB/s", PEER, peer),
        Figure(f"{what}, pulled and verified", size / pull_s, "KiB/s", PEER, peer),
        Figure(f"{what}, read", size / read_s, "KiB/s", "raw pseudo-terminal", raw),
        Figure(f"{what}, copied by {PEER}", peer, "KiB/s", "raw pseudo-terminal", raw),
    ]


def fill(folder: Path, budget_bytes: int) -> None:
    """The files of a journal as the pump writes it, up to where its oldest segment was dropped for a new one."""
    ledger = Ledger()
    journal = Journal(Files(str(folder)), ledger.snapshot, SEGMENT_BYTES, budget_bytes)
    journal.open()
    age_ms = 0

    def note(kind: int, after_ms: int, **fields: Any) -> None:
        nonlocal age_ms
        age_ms += after_ms
        values = {**blank(records.RECORDS[kind][1]), **fields}
        journal.append(kind, values, WALL_MS + age_ms, age_ms)
        ledger.apply(kind, values, WALL_MS + age_ms, age_ms)

    steps = 0
    while journal.oldest_seq == FIRST_SEQ:
        for _ in range(3):
            told = {"bucket": states.PATIENT_BOLUS, "volume_nl": 20_000}
            note(records.BOLUS_STARTED, 10 * units.MS_PER_MIN, **told, dose_ng=10_000, start_steps=steps)
            note(records.BOLUS_ENDED, 10 * units.MS_PER_MIN, **told, steps=203)
            steps += 203
        note(records.DELIVERY, 0, basal_steps=steps // 7, patient_bolus_steps=steps, closes_hour=True)


def _read(client: Pump) -> tuple[bytes, float]:
    """The whole log, and seconds."""
    began_s = time.perf_counter()
    log = b"".join(client.read_log(FIRST_SEQ))
    return log, time.perf_counter() - began_s


def _pull(client: Pump, archive: Path) -> float:
    """Seconds in which a new archive has the log, every checksum and link verified."""
    with Archive(archive) as store:
        began_s = time.perf_counter()
        logpull.require_whole(logpull.pull(client, store))
        return time.perf_counter() - began_s


def _copy(prompt: SerialTransport) -> tuple[bytes, float]:
    """The journal's files fetched one by one as `mpremote fs cp` does it, and seconds: its start is not counted."""
    names = sorted(entry.name for entry in prompt.fs_listdir("/pump") if entry.name.startswith("j"))
    began_s = time.perf_counter()
    files = b"".join(prompt.fs_readfile("/pump/" + name) for name in names)
    return files, time.perf_counter() - began_s
