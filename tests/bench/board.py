"""Figures of the firmware on an emulated RP2040, in the chip's own time, each beside a goal, a limit or a peer.

`make bench-board` prints a table; `python tests/bench/board.py --json` one JSON document. Nothing here decides a test.
It takes about a quarter of an hour on a machine that has nothing else to do.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "support"))

import board_line  # noqa: E402
import board_peer  # noqa: E402
import board_therapy  # noqa: E402
import board_ticks  # noqa: E402
from board_pump import PRIMING_NL_PER_S, PROBE, BoardPump, fill_journal  # noqa: E402
from figures import Figure, table  # noqa: E402
from ward import HOUR_MS, STEP_PL  # noqa: E402

from infuser.core.journal import SEGMENT_BYTES  # noqa: E402
from pumpctl.board import requirements  # noqa: E402
from pumpctl.errors import PumpctlError  # noqa: E402

HOURS = 1
PEER_FAST_MS = 120_000


def plain(folder: Path, uf2: Path, hours: int) -> list[Figure]:
    """The pump as it is: start, memory, therapy, line, flash, and the peer at the prompt that it leaves."""
    tell("a pump with a full journal: its start")
    fill_journal(folder / "journal")
    module = board_peer.fetch(folder)
    pump = BoardPump(folder / "home", uf2, folder / "journal")
    try:
        figures = board_therapy.at_start(pump)
        tell("a therapy")
        pump.begin_therapy()
        played = board_therapy.play(pump, hours, tell)
        figures += played.figures
        tell("the line")
        pump.client.stop()
        ours = board_line.by_pumpctl(pump)
        figures += board_therapy.space(pump)
        with board_line.prompt(pump) as at:
            tell("mpremote on the same line")
            figures += board_line.figures(ours, board_line.by_mpremote(pump, at, ours.files))
            tell(f"{board_peer.PACKAGE} at the same flow")
            at.fs_writefile("/stepper.py", module)
            made = board_peer.judged(played.rises_ns, played.interval_ns)
            theirs = board_peer.play(pump, at, played.interval_ns, hours * HOUR_MS)
            figures += board_peer.figures(f"{hours} h at 0.2 mL/d", made, theirs)
            fast = board_peer.play(pump, at, STEP_PL / PRIMING_NL_PER_S * 1e6, PEER_FAST_MS)
            name = f"{board_peer.PACKAGE}, {PEER_FAST_MS // 1000} s at 60 mL/h: steps off"
            figures.append(Figure(name, fast.off, "", "due", fast.count - fast.off))
    finally:
        pump.close()
    return figures


def probed(folder: Path, uf2: Path, seconds: int) -> list[Figure]:
    """The pump with a probe in its tick."""
    tell("a pump with a probe: its start")
    fill_journal(folder / "journal", 2 * SEGMENT_BYTES)
    pump = BoardPump(folder / "home", uf2, folder / "journal", boot=PROBE)
    try:
        pump.begin_therapy()
        return board_ticks.measure(pump, tell, seconds)
    finally:
        pump.close()


def tell(text: str) -> None:
    """What is under way, for who waits."""
    print(f"{time.strftime('%H:%M:%S')} measuring {text} ...", file=sys.stderr, flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--uf2", type=Path, help="image that the chip runs (default: that of $PUMP_UF2)")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of the table")
    parser.add_argument("--hours", type=int, default=HOURS, help="hours of therapy (default %(default)s)")
    parser.add_argument(
        "--seconds", type=int, default=board_ticks.PRIMING_S, help="seconds of each priming (default %(default)s)"
    )
    options = parser.parse_args()
    if options.hours < 1 or not 10 <= options.seconds <= 100:
        parser.error("--hours: 1 and more; --seconds: 10 to 100")
    try:
        uf2 = requirements.image(str(options.uf2) if options.uf2 else None)
    except PumpctlError as error:
        raise SystemExit(f"{error.message}; {error.remedy}") from None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        figures = plain(folder / "plain", uf2, options.hours)
        figures += probed(folder / "probed", uf2, options.seconds)
    if options.json:
        print(json.dumps({"figures": [{**asdict(one), "ratio": one.ratio} for one in figures]}, indent=1))
    else:
        print(table(figures))


if __name__ == "__main__":
    main()
