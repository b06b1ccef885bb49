"""Makes the pictures of host/tour: what a technician sees, from a real terminal and a real browser.

    python tests/tour/pictures.py FOLDER

One virtual pump lives through two weeks; its clock begins on 2 March 2026, so that the pictures change only when what
they show does. Needs tmux and Chromium.
"""

import base64
import os
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(Path(__file__).parent)]

import chromium  # noqa: E402
import terminal  # noqa: E402
from paint import save  # noqa: E402
from terminal import Terminal  # noqa: E402

from pumpctl import virtual  # noqa: E402

# 2026-03-02 08:00 UTC, a Monday.
WALL_MS = 1_772_438_400_000
PROMPT = r"^\$ ?$"
# Width of the report in its picture, and the height of what is shown of it.
PAGE = (900, 1270)
THERAPY = "host/examples/flex-280ug-evening.toml"
BEGIN = """pumpctl refill --residual 0ml --volume 20ml --concentration 500ug/ml --yes
pumpctl program send host/examples/start-100ug-continuous.toml --confirm-warnings --yes
pumpctl virtual advance 9d
pumpctl bolus 25ug --over 10min --patient BENCH-001 --yes
pumpctl virtual advance 6h"""


class Tour:
    """A bench in a folder of its own, and where its pictures go."""

    def __init__(self, home: Path, folder: Path) -> None:
        self.home, self.folder = home, folder
        self.env = {"PUMPCTL_HOME": str(home), "PUMPCTL_PORT": "bench", "PUMPCTL_OPERATOR": "Ada"}
        os.environ.update(self.env)
        self.plant = virtual.start("bench", speed=0, wall_ms=WALL_MS)

    def typed(self, lines: str) -> None:
        """Commands whose output nobody sees; SystemExit if one fails."""
        with self.terminal(100, 50) as screen:
            for line in lines.splitlines():
                screen.run(f"{line} && echo went-well || echo went-wrong")
                seen = screen.wait_for(r"^went-(well|wrong)$", 300)
                if "went-wrong" in seen.splitlines():
                    raise SystemExit(f"{line}\n{seen}")
                screen.run("clear")
                screen.wait_gone("went-")

    def terminal(self, width: int, height: int) -> Terminal:
        """A terminal whose shell stands at the top of the tree."""
        return Terminal(width, height, {**self.env, "TERM": "xterm-256color"})

    def keep(self, screen: Terminal, name: str, width: int) -> None:
        """The screen as it stands, as a picture; what is of this machine alone is not shown."""
        shown = screen.coloured().replace(str(ROOT), "~/infusion-pump").replace(str(self.home), "~/.pumpctl")
        save(re.sub(r"Linux-\S+", "Linux", shown), width, self.folder / f"{name}.svg")

    def command(self, name: str, line: str, size: tuple[int, int] = (90, 40)) -> None:
        """A picture of one command and what it prints."""
        with self.terminal(*size) as screen:
            # With a port named the fleet would be that pump alone.
            screen.run("unset PUMPCTL_PORT; clear" if "fleet" in line else "clear")
            screen.wait_gone("clear")
            screen.run(line)
            screen.wait_for(PROMPT, 120)
            self.keep(screen, name, size[0])


def status(tour: Tour) -> None:
    tour.command("status", "pumpctl status")


def side_by_side(tour: Tour) -> None:
    with tour.terminal(90, 60) as screen:
        screen.run(f"clear; pumpctl program send {THERAPY}")
        screen.wait_for("Override")
        screen.run("y")
        screen.wait_for("To confirm")
        tour.keep(screen, "side-by-side", 90)
        screen.keys("C-c")
        screen.wait_for(PROMPT)


def titration(tour: Tour) -> None:
    patient = "--patient BENCH-001 --age 47y --indication spinal --screening 75ug --response positive"
    plan = "--concentration 500ug/ml --target 300ug/d --start 2026-03-12T08:00"
    tour.command("titration", f"pumpctl titrate {patient} {plan}", (100, 70))


# What the visit asks, and what is answered.
REFILL = (
    ("as read from the patient", "BENCH-001"), ("Stop pump", "y"), ("Volume drawn", "17.9ml"),
    ("Volume filled", "20ml"), ("as read from the vial", "500ug/ml"), ("Account for", "y"), ("pump warns", ""),
    ("goes on at the end", "y"), ("To confirm", "100ug/d"),
)  # fmt: skip


def visit(tour: Tour) -> None:
    with tour.terminal(100, 75) as screen:
        screen.run("clear; pumpctl visit refill")
        for question, answer in REFILL:
            screen.wait_for(question)
            if question == "Account for":
                tour.keep(screen, "visit", 100)
            screen.run(answer)
        screen.wait_for("As text")


def watched(tour: Tour, name: str, until: str, width: int, height: int) -> None:
    """A picture of the monitor as soon as a pattern is seen."""
    with tour.terminal(width, height) as screen:
        screen.run("pumpctl monitor")
        screen.wait_for(until)
        tour.keep(screen, name, width)
        screen.keys("q")
        screen.wait_for(PROMPT)


def monitor(tour: Tour) -> None:
    watched(tour, "monitor", "LIVE", 80, 24)
    tour.plant.fault("occlude")
    tour.plant.advance_ms(86_400_000, until="alarm")
    watched(tour, "monitor-alarm", "occlusion", 120, 40)
    tour.plant.fault("occlude", on=False)


def fleet(tour: Tour) -> None:
    for number in range(2, 6):
        virtual.start(f"ward{number}", speed=0, wall_ms=WALL_MS + number * 60_000)
    virtual.VirtualPump("ward4").fault("cable-out")
    tour.command("fleet", "pumpctl fleet status", (100, 40))
    for number in range(2, 6):
        virtual.VirtualPump(f"ward{number}").stop()


def doctor(tour: Tour) -> None:
    tour.command("doctor", "pumpctl doctor", (100, 60))


def report(tour: Tour) -> None:
    page = tour.home / "report.html"
    tour.typed(f"pumpctl virtual advance 3d\npumpctl log pull\npumpctl report -o {page}")
    picture(page, tour.folder / "report.png")


def picture(page: Path, path: Path) -> None:
    """The first page of the report as the browser shows it."""
    binary = chromium.find()
    assert binary is not None
    width, height = PAGE
    with tempfile.TemporaryDirectory() as profile, chromium.Chromium(binary, Path(profile)) as browser:
        browser.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )
        browser.open(page.as_uri())
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        path.write_bytes(base64.b64decode(browser.call("Page.captureScreenshot", clip=clip)["data"]))


SCENES: tuple[Callable[[Tour], None], ...] = (status, side_by_side, titration, visit, report, monitor, fleet, doctor)


def main() -> None:
    """Make all pictures in the folder named."""
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    for found, name in ((terminal.find(), "tmux"), (chromium.find(), "Chromium")):
        if found is None:
            raise SystemExit(f"{name} is needed for the pictures: install it")
    folder = Path(sys.argv[1]).resolve()
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory(prefix="tour") as home:
        tour = Tour(Path(home), folder)
        try:
            tour.typed(BEGIN)
            for scene in SCENES:
                print(f"{scene.__name__} ...", flush=True)
                scene(tour)
        finally:
            for name in virtual.all_names():
                virtual.VirtualPump(name).stop()


if __name__ == "__main__":
    main()
