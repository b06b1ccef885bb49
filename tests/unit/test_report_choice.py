"""`pumpctl report`: the period, several pumps, a PDF and a browser that makes none."""

import json
import os
import select
import sys
from pathlib import Path

import pumplog
import pytest

from pumpctl import pdf, report_file
from pumpctl.cli import main
from pumpctl.errors import UsageProblem
from pumpctl.report_file import Asked, write_asked
from pumpctl.store import Archive

VISIT = {
    "id": "v1", "kind": "refill", "state": "completed", "patient": "BENCH-0042", "operator": "<b>Eve</b>",
    "begun": "2026-03-22T23:10:00+01:00", "ended": "2026-03-22T23:45:00+01:00",
    "figures": [["discrepancy", "-0.07 mL"]],
}  # fmt: skip


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An archive of three pumps: one sound, one broken, one without a record."""
    monkeypatch.setenv("PUMPCTL_HOME", str(tmp_path / "home"))
    stored = pumplog.month().stored
    broken = [*stored[:9], stored[9][:-1] + bytes([stored[9][-1] ^ 1]), *stored[10:]]
    with Archive() as base:
        base.append(base.begin("AAAA01"), stored)
        base.append(base.begin("BBBB02"), broken)
        base.begin("CCCC03")
    return tmp_path


def ran(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main.run(["report", *words])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


# Several pumps


def test_one_pump_that_fails_does_not_stop_the_reports_of_the_others(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = ran(capsys, "--all", "--json", "-o", str(archive / "out"))
    first, second, third = json.loads(out)["reports"]
    assert (code, first["verified"], second["verified"]) == (2, True, False)
    assert third["serial"] == "CCCC03" and third["error"]["message"] == "the log of pump CCCC03 holds no record"
    assert sorted(path.name for path in (archive / "out").iterdir()) == [
        "AAAA01-20260302-20260330.html", "BBBB02-20260302-20260330.html",
    ]  # fmt: skip
    assert "fails verification" in err


def test_pumps_are_named_one_by_one_and_a_file_is_no_place_for_two(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = ran(capsys, "--pump", "AAAA01", "--pump", "BBBB02", "-o", str(archive / "two"))
    assert code == 5 and [line for line in out.splitlines() if line.startswith("Pump ")] == [
        "Pump AAAA01", "Pump BBBB02",
    ]  # fmt: skip
    code, _, err = ran(capsys, "--all", "-o", str(archive / "x.pdf"))
    assert code == 2 and "is no folder" in err and not (archive / "x.pdf").exists()


# Period


def test_the_last_days_of_a_log_are_counted_back_from_its_end(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = ran(capsys, "--pump", "AAAA01", "--last", "7d", "--json", "-o", str(archive / "r.html"))
    told = json.loads(out)
    assert code == 0 and (told["from"], told["to"]) == ("2026-03-23T23:47:00", "2026-03-30T23:47:00")
    # Each day is rounded down by itself.
    assert len(told["days"]) == 8
    assert 0 <= told["delivered_nl"] - sum(day["volume_nl"] for day in told["days"]) < 8
    code, _, err = ran(capsys, "--pump", "AAAA01", "--last", "7d", "--since", "2026-03-01")
    assert code == 2 and "exclude each other" in err
    assert ran(capsys, "--pump", "AAAA01", "--last", "0d")[0] == 2


# Guided visits and events


def test_guided_visits_stand_in_order_among_what_the_log_tells_and_are_escaped(tmp_path: Path) -> None:
    log = pumplog.month().decoded
    path = tmp_path / "r.html"
    told = write_asked(log, "S", path, Asked(visits=[VISIT, {"id": "v2", "begun": "2027-01-01T00:00:00"}, {}]))
    kinds = [one["kind"] for one in told["visits"]]
    assert kinds[-3:] == ["guided visit, refill", "refill", "guided visit, not told"]
    assert "until 22 March 2026 23:45. discrepancy: \u22120.07 mL" in told["visits"][-3]["told"]
    page = path.read_text(encoding="utf-8")
    assert "&lt;b&gt;Eve" in page and "<b>Eve" not in page


def test_only_the_last_events_are_listed_where_there_are_many(tmp_path: Path) -> None:
    path = tmp_path / "r.html"
    log = pumplog.month().decoded
    write_asked(log, "S", path, Asked(events_most=5))
    page = path.read_text(encoding="utf-8")
    table = page.partition('id="events"')[2]
    assert "the last 5 are listed" in page and table.count("<tr>") == 6
    write_asked(log, "S", path, Asked(events_most=0))
    assert 'id="events"' not in path.read_text(encoding="utf-8")


# A browser that makes no PDF


@pytest.mark.parametrize(
    ("named", "said"),
    [("/nowhere/chromium", "is no program"), (sys.executable, "made no PDF")],
    ids=("absent", "other"),
)
def test_without_a_pdf_nothing_is_written_and_the_remedy_names_the_browser(
    archive: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, named: str, said: str
) -> None:
    monkeypatch.setenv(pdf.ENVIRONMENT, named)
    code, _, err = ran(capsys, "--pump", "AAAA01", "--pdf", "-o", str(archive / "r.html"))
    assert code == 2 and said in err and "PUMPCTL_BROWSER" in err
    assert not list(archive.glob("r.*"))


def test_where_no_browser_is_found_the_html_page_is_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(pdf.ENVIRONMENT, raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UsageProblem, match="no browser here") as caught:
        pdf.find()
    assert "print the HTML page" in caught.value.remedy


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for a browser is a shell script")
def test_a_browser_that_hangs_is_ended_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging, alive = tmp_path / "hanging", tmp_path / "alive"
    os.mkfifo(alive)
    hanging.write_text(f"#!/bin/sh\nexec 3> {alive}\necho begun >&3\nsleep 600 &\nsleep 600\n")
    hanging.chmod(0o755)
    monkeypatch.setenv(pdf.ENVIRONMENT, str(hanging))
    reader = os.open(alive, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(UsageProblem, match="made no PDF within 1 s"):
            pdf.printed("<p>page</p>", timeout_s=1)
        assert os.read(reader, 100) == b"begun\n"
        # The end of the pipe comes when the last process that holds it is gone.
        assert select.select([reader], [], [], 10)[0] and os.read(reader, 100) == b""
    finally:
        os.close(reader)


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for a browser is a shell script")
def test_a_browser_from_a_snap_prints_where_it_can_see(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such a browser is a link to the program `snap`; this one notes where it was told to print."""
    program, browser = tmp_path / "snap", tmp_path / "chromium"
    room = tmp_path / "home" / "snap" / "chromium" / "common"
    program.write_text(
        "#!/bin/sh\nfor word; do case $word in --print-to-pdf=*) to=${word#*=};; esac; done\n"
        f"echo $to > {tmp_path / 'to'}\nprintf '%%PDF-1.4\\n%%%%EOF' > $to\n"
    )
    program.chmod(0o755)
    browser.symlink_to(program)
    room.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv(pdf.ENVIRONMENT, str(browser))
    assert pdf.printed("<p>page</p>").startswith(b"%PDF")
    assert (tmp_path / "to").read_text().startswith(f"{room}/pumpctl-pdf-") and list(room.iterdir()) == []


def test_a_page_alone_needs_no_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(pdf.ENVIRONMENT, "/nowhere/chromium")
    told = report_file.write(pumplog.month().decoded, "S", tmp_path / "r.html")
    assert "pdf" not in told and os.listdir(tmp_path) == ["r.html"]
