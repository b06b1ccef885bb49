"""A pump on the emulated chip as the figures of the board are taken from it."""

import os
import select
from pathlib import Path
from typing import Any

from blanks import blank
from ward import CONTINUOUS, ML

from infuser.core.journal import BUDGET_BYTES, FIRST_SEQ, SEGMENT_BYTES, Journal
from infuser.core.ledger import Ledger
from infuser.hw.storage import Files
from infuser.wire import records, states, units
from pumpctl import operations, program, status_view, virtual
from pumpctl.client import Pump

WALL_MS = 1_767_225_600_000  # 2026-01-01
NS_PER_MS = 1_000_000
STATUSES = 8
SILENT_S = 2
PROBE = Path(__file__).with_name("board_probe.py")
EMPTY_PULSES = 5  # that the probe makes around nothing when it starts
PRIMING_NL_PER_S = 60 * ML // 3600
PRIMING_ENDS_S = 8  # what a priming may last beyond its time
PRIMING_LATE_S = 60  # and one that stalls of the flash held up

Values = dict[str, Any]


def fill_journal(folder: Path, budget_bytes: int = BUDGET_BYTES) -> None:
    """The files of a journal of self-tests, as a pump that has done nothing else keeps it when it is full."""
    folder.mkdir(parents=True)
    ledger = Ledger()
    journal = Journal(Files(str(folder)), ledger.snapshot, SEGMENT_BYTES, budget_bytes)
    journal.open()
    values = blank(records.RECORDS[records.SELF_TEST][1])
    age_ms = 0
    while journal.oldest_seq == FIRST_SEQ:
        age_ms += units.MS_PER_S
        journal.append(records.SELF_TEST, values, WALL_MS + age_ms, age_ms)
        ledger.apply(records.SELF_TEST, values, WALL_MS + age_ms, age_ms)


class BoardPump:
    """A started pump whose time stands still, and a client of it; `ready_ms` from power-on, `booted` what was seen."""

    def __init__(self, home: Path, uf2: Path | None, files: Path, boot: Path | None = None) -> None:
        os.environ["PUMPCTL_HOME"] = str(home)
        self.plant = virtual.start(
            "board", speed=0, chip="rp2040", uf2=uf2, files=files, boot=boot, wall_ms=WALL_MS + units.MS_PER_DAY
        )
        try:
            self.booted = self.plant.measure()
            self.ready_ms = self.booted["now_ns"] / NS_PER_MS
            self.call()
        except BaseException:
            self.plant.stop()
            raise
        self.primed_nl = 0

    def call(self) -> None:
        """Take up a client, the first or another one."""
        self.client = Pump.open(str(self.plant.port), operator="bench")

    def call_again(self) -> None:
        """Take up a client once the pump has answered all that came down the line without one."""
        port = os.open(os.path.realpath(self.plant.port), os.O_RDWR | os.O_NOCTTY)
        silent_s = 0
        while silent_s < SILENT_S:
            self.advance(1)
            silent_s += 1
            while select.select([port], [], [], 0)[0]:
                os.read(port, 4096)
                silent_s = 0
        os.close(port)
        self.call()

    def advance(self, seconds: int) -> None:
        """Let time pass in pieces: a busy second may take the better part of a minute on a busy machine."""
        for _ in range(seconds):
            self.plant.advance_ms(units.MS_PER_S)

    def close(self) -> None:
        """Let go of it and end it."""
        self.client.close()
        self.plant.stop()

    def status(self) -> Values:
        """The pump's own view; an alarm ends the bench: nothing measured under one would count."""
        told = dict(self.client.status())
        if told["alarm_list"]:
            names = [status_view.alarm_name(entry["alarm"]) for entry in told["alarm_list"]]
            raise SystemExit(f"the pump raised an alarm: {', '.join(names)}")
        return told

    def free_bytes(self) -> int:
        """Free heap as the collector leaves it: the most that some statuses tell, for they make garbage themselves."""
        return max(self.status()["free_bytes"] for _ in range(STATUSES))

    def begin_therapy(self) -> None:
        """The example of one rate, and a full reservoir; delivery stands."""
        operations.commit(self.client, operations.propose(self.client, program.load(CONTINUOUS)), confirmed=True)
        self.client.begin_refill()
        self.plant.fill(20 * ML)
        self.client.complete_refill(0, 20 * ML, program.load(CONTINUOUS)["concentration_ug_per_ml"])

    def prime(self, duration_ms: int) -> None:
        """Begin a priming at the largest rate, 60 mL/h."""
        volume_nl = PRIMING_NL_PER_S * duration_ms // 1000
        self.client.prime(volume_nl, duration_ms)
        self.primed_nl += volume_nl

    def priming_off_steps(self, left_s: int) -> int:
        """Once it is over: how far the plant's, the firmware's and the due count of all primings are apart.

        One that the flash held up goes on until all of it is out.
        """
        self.advance(left_s + PRIMING_ENDS_S)
        for _ in range(PRIMING_LATE_S):
            if self.status()["state"] != states.PRIMING:
                break
            self.advance(1)
        due = self.primed_nl * units.PL_PER_NL // units.STEP_PL_NOMINAL
        made, counted = self.plant.get()["steps_made"], self.status()["steps_total"]
        return max(abs(made - due), abs(counted - due))
