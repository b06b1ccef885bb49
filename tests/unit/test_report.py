"""The report's page against what a log may contain, its file and its command."""

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pumplog
import pytest

from infuser.wire import records
from pumpctl import report, report_events, report_file
from pumpctl.cli import main
from pumpctl.errors import UsageProblem
from pumpctl.report_data import Report, build
from pumpctl.report_figures import figures
from pumpctl.report_sentences import sentences
from pumpctl.store import Archive, Gap

WRITTEN = datetime(2026, 4, 1, 9, 30, tzinfo=UTC)
PLOTS = ("plot-dose", "plot-reservoir", "plot-alarms", "plot-volume", "plot-difference")


@pytest.fixture(scope="module")
def month() -> Report:
    return build(pumplog.month().decoded, "E66164")


def page_of(told: Report) -> str:
    return report.page(told, WRITTEN)


class Reader(HTMLParser):
    """Elements that stand open at the end, and every tag that occurred."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in ("meta", "link"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


# Page


def test_the_page_is_well_formed_has_every_plot_and_no_script(month: Report) -> None:
    page = page_of(month)
    reader = Reader(page)
    assert reader.open == [] and "script" not in reader.seen and "img" not in reader.seen
    for name in PLOTS:
        assert f'id="{name}"' in page and f'id="{name}-title"' in page and f'id="{name}-desc"' in page


def test_the_page_names_nothing_that_could_be_fetched(month: Report) -> None:
    page = page_of(month)
    assert not re.search(r"https?://|@import|src=", page)
    assert set(re.findall(r"url\((.*?)\)", page)) <= {"#hatch-dark", "#hatch-gap"}


def test_markup_from_the_pump_is_shown_and_never_obeyed() -> None:
    evil = '"><script>alert(1)</script>&\u202e\x07'
    log = pumplog.begun()
    log.note(records.PROGRAM, program=pumplog.therapy(patient=evil, drug=evil), confirmed=True, operator=evil)
    log.note(records.FAULT, part=evil, detail=1, masked=False, text=evil)
    log.note(records.BOOT, firmware=evil, cause=evil)
    log.refill(1, 5_000_000, operator=evil)
    log.run(2, 480_000)
    page = page_of(build(log.decoded, evil))
    assert "<script" not in page and "\u202e" not in page and "\x07" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 6
    assert Reader(page).open == []


@pytest.mark.parametrize("count", [0, 1, 2, 9])
def test_a_log_of_few_records_makes_a_page(count: int) -> None:
    told = build(pumplog.begun().decoded[:count], "S")
    page = page_of(told)
    assert all(f'id="{name}"' in page for name in PLOTS)
    assert sentences(told)
    assert figures(told)["records"] == count


def test_a_program_that_cannot_be_read_does_not_stop_the_report() -> None:
    log = pumplog.begun()
    log.run(2, 480_000)
    log.note(records.PROGRAM, program=b"\x01nonsense", confirmed=False, operator="")
    assert "the one after it cannot be read" in page_of(build(log.decoded, "S"))
    log.note(records.PROGRAM, program=b"", confirmed=False, operator="")
    assert "until it was cleared" in page_of(build(log.decoded, "S"))


def test_every_kind_of_record_has_its_sentence() -> None:
    assert set(report_events.SENTENCES) == set(records.RECORDS)


def test_unknown_numbers_in_records_are_told_as_numbers() -> None:
    log = pumplog.begun()
    log.state(200, 201, 99)
    log.note(records.COMMAND, command=250, error=999)
    log.note(records.BOLUS_ENDED, bucket=9, steps=1, volume_nl=98, reason=77)
    page = page_of(build(log.decoded, "S"))
    assert "From no. 200 to no. 201 (no. 99)." in page and "command 250 by R. Vogel: refused, 999." in page


# File


def test_the_file_is_written_whole_and_its_figures_name_it(tmp_path: Path) -> None:
    told = report_file.write(pumplog.month().decoded, "S", tmp_path / "new" / "r.html")
    assert Path(told["path"]).read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["r.html"]
    assert told["verified"] and told["sentences"]
    json.dumps(told)


def test_a_report_without_a_name_lies_below_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUMPCTL_HOME", str(tmp_path))
    told = report_file.write(pumplog.month().decoded, "../../E6", None)
    path = Path(told["path"])
    assert path.parent == (tmp_path / "reports").resolve()
    assert path.name.startswith("______E6-") and path.name.endswith("-20260302-20260330.html")


def test_dates_bound_the_period_in_the_pumps_zone_and_a_last_date_is_included(tmp_path: Path) -> None:
    told = report_file.write(pumplog.month().decoded, "S", tmp_path / "r", "2026-03-04", "2026-03-05")
    assert (told["from"], told["to"]) == ("2026-03-04T00:00:00", "2026-03-06T00:00:00")
    told = report_file.write(pumplog.month().decoded, "S", tmp_path / "r", "2026-03-03T23:00Z")
    assert told["from"] == "2026-03-04T00:00:00"


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [
        ("yesterday", "", '"yesterday" is not an ISO 8601 time'),
        ("2027-01-01", "", "has no record in this period"),
        ("", "2025-01-01", "has no record in this period"),
    ],
)
def test_an_impossible_period_is_refused_with_what_is_possible(
    tmp_path: Path, since: str, until: str, said: str
) -> None:
    with pytest.raises(UsageProblem, match=said) as caught:
        report_file.write(pumplog.month().decoded, "S", tmp_path / "r.html", since, until)
    assert caught.value.remedy and caught.value.field and not list(tmp_path.iterdir())


def test_an_empty_log_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="holds no record") as caught:
        report_file.write([], "S", tmp_path / "r.html")
    assert "pumpctl log pull" in caught.value.remedy


def archive_of(stored: list[bytes]) -> None:
    with Archive() as archive:
        archive.append(archive.begin("E66164"), stored)


def test_the_command_reports_on_the_only_archived_pump(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PUMPCTL_HOME", str(tmp_path))
    archive_of(pumplog.month().stored)
    assert main.run(["--json", "report", "-o", str(tmp_path / "r.html")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["path"] == str((tmp_path / "r.html").resolve()) and told["verified"] and told["refills"] == 2


def test_the_command_says_what_happened_and_where_the_report_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PUMPCTL_HOME", str(tmp_path))
    archive_of(pumplog.month().stored)
    assert main.run(["report"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("From 2 March 2026 08:00 to ") and lines[0].isascii()
    assert Path(lines[-1]).is_file()


def test_a_broken_log_is_reported_and_ends_with_the_code_of_failed_verification(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PUMPCTL_HOME", str(tmp_path))
    stored = pumplog.month().stored
    stored[9] = stored[9][:-1] + bytes([stored[9][-1] ^ 1])
    archive_of(stored)
    assert main.run(["report", "--json"]) == 5
    shown = capsys.readouterr()
    told = json.loads(shown.out)
    assert told["findings"] == ["changed: record 10 is not as the pump wrote it (checksum)"]
    assert "fails verification" in shown.err
    assert "The log is broken" in Path(told["path"]).read_text(encoding="utf-8")


def test_records_that_the_pump_dropped_are_noted_and_do_not_break_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PUMPCTL_HOME", str(tmp_path))
    stored = pumplog.month().stored
    with Archive() as archive:
        log = archive.append(archive.begin("E66164"), stored[:50])
        archive.append(log, stored[90:], Gap(51, 90, "dropped"))
    assert main.run(["report", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["notes"] == ["records 51 to 90 were dropped by the pump before they were pulled"]
    assert told["notes"][0] in Path(told["path"]).read_text(encoding="utf-8")


def test_without_an_archived_log_the_command_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PUMPCTL_HOME", str(tmp_path))
    assert main.run(["report"]) == 2
    assert "pumpctl log pull" in capsys.readouterr().err
