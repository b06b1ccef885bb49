"""The report as PDF through a real browser: paper, pages, the head and foot of each, and nothing left behind."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import chromium
import pytest
import richlog

from pumpctl import pdf
from pumpctl.report_file import Asked, write_asked

PAPERS = {"a4": (595, 842), "letter": (612, 792)}
BOX = re.compile(rb"/MediaBox \[0 0 ([0-9.]+) ([0-9.]+)\]")
FIRST_PAGE_HAS = ("Infusion report", "Log verified", "Dose of each day", "Reservoir and refill", "Refill before")
LATER_HAS = (
    "Boluses by the hour",
    "Flow accuracy",
    "guided visit, refill",
    "The pump was calibrated",
    "unbroken chain",
)


@pytest.fixture(scope="module")
def browser() -> str:
    found = chromium.find()
    if found is None:
        pytest.skip("no Chromium here: install it (Debian: apt-get install chromium), or name one by CHROMIUM")
    return found


@pytest.fixture(scope="module")
def printed(browser: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The report of six weeks in which everything occurs, on both papers."""
    folder = tmp_path_factory.mktemp("pdf")
    log = richlog.rich().decoded
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(pdf.ENVIRONMENT, browser)
        for paper in PAPERS:
            asked = Asked(paper=paper, visits=richlog.VISITS)
            told = write_asked(log, "E66164084B2F3C29", folder / f"{paper}.pdf", asked)
            assert told["path"] == told["pdf"] == str((folder / f"{paper}.pdf").resolve())
    assert sorted(path.name for path in folder.iterdir()) == ["a4.pdf", "letter.pdf"]
    return {paper: (folder / f"{paper}.pdf").read_bytes() for paper in PAPERS}


@pytest.mark.parametrize("paper", PAPERS)
def test_every_page_is_of_the_paper_asked_for(printed: dict[str, bytes], paper: str) -> None:
    boxes = [(round(float(width)), round(float(height))) for width, height in BOX.findall(printed[paper])]
    assert 5 <= len(boxes) <= 12
    assert [box for box in boxes if max(abs(got - due) for got, due in zip(box, PAPERS[paper], strict=True)) > 1] == []


def test_the_document_is_named_and_tagged_for_readers(printed: dict[str, bytes]) -> None:
    assert b"/Title" in printed["a4"] and b"/StructTreeRoot" in printed["a4"]


def test_the_first_page_says_what_matters_and_every_page_whose_it_is(printed: dict[str, bytes], tmp_path: Path) -> None:
    tool = shutil.which("pdftotext")
    if tool is None:
        pytest.skip("no pdftotext here: install poppler (Debian: apt-get install poppler-utils)")
    path = tmp_path / "r.pdf"
    path.write_bytes(printed["a4"])
    told = subprocess.run([tool, str(path), "-"], check=True, capture_output=True, timeout=60)
    # Cells are told one after the other, their lines as they are broken.
    pages = [" ".join(page.split()) for page in told.stdout.decode("utf-8").split("\f")[:-1]]
    assert [words for words in FIRST_PAGE_HAS if words not in pages[0]] == []
    assert [words for words in LATER_HAS if not any(words in page for page in pages)] == []
    for at, page in enumerate(pages, 1):
        assert f"page {at} of {len(pages)}" in page
        assert at == 1 or "patient BENCH-0042, pump E66164084B2F3C29" in page


def test_nothing_is_left_of_the_browser(browser: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A longer path than any socket may have, so that the browser must do without it.
    temporary = tmp_path / ("long" * 20)
    for name, folder in (("HOME", tmp_path / "home"), ("XDG_RUNTIME_DIR", tmp_path / "run"), ("TMPDIR", temporary)):
        folder.mkdir()
        monkeypatch.setenv(name, str(folder))
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(pdf.ENVIRONMENT, browser)
    monkeypatch.setattr("tempfile.tempdir", None)
    assert pdf.printed("<!DOCTYPE html><title>x</title><p>words").startswith(b"%PDF")
    left = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()]
    assert left == []
    assert os.listdir(temporary) == []


def test_the_command_writes_page_and_pdf_beside_each_other(browser: str, tmp_path: Path) -> None:
    from pumpctl.store import Archive

    env = {**os.environ, "PUMPCTL_HOME": str(tmp_path / "home"), pdf.ENVIRONMENT: browser}
    with Archive(tmp_path / "home" / "archive.sqlite3") as archive:
        archive.append(archive.begin("E66164"), richlog.rich().stored)
    words = ["report", "--pdf", "--json", "--events", "0", "-o", str(tmp_path / "r.html")]
    done = subprocess.run(
        [shutil.which("pumpctl", path=str(Path(sys.executable).parent)) or "pumpctl", *words],
        env=env, capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert (told["path"], told["pdf"]) == (str(tmp_path / "r.html"), str(tmp_path / "r.pdf"))
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF") and b"100 %" in done.stderr
