"""The report in a real browser: it renders, complains of nothing, fetches nothing, and every plot is there."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import chromium
import pumplog
import pytest

from pumpctl import report
from pumpctl.report_data import build

PLOTS = (
    "plot-dose", "plot-reservoir", "plot-alarms", "plot-hours", "plot-volume", "plot-difference", "plot-trumpet",
)  # fmt: skip
BOXES = """[...document.querySelectorAll('svg.plot')].map(plot => {
  const box = plot.getBoundingClientRect();
  const marks = [...plot.querySelectorAll('rect,polyline,path')].map(mark => mark.getBoundingClientRect());
  return {id: plot.id, width: box.width, height: box.height, marks: marks.filter(m => m.width + m.height > 0).length,
          words: plot.querySelectorAll('text').length};
})"""
# Words of one figure that lie upon one another, beyond a touch.
COLLISIONS = """[...document.querySelectorAll('svg.plot')].flatMap(plot => {
  const words = [...plot.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);
  return words.flatMap(([a, p], i) => words.slice(i + 1).filter(([b, q]) =>
    Math.min(p.right, q.right) - Math.max(p.left, q.left) > 1 &&
    Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top) > 3).map(([b]) => plot.id + ': ' + a + ' / ' + b));
})"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chromium.Chromium]:
    """A browser that shows the report of a month."""
    binary = chromium.find()
    if binary is None:
        pytest.skip("no Chromium here: install it (Debian: apt-get install chromium), or name one by CHROMIUM")
    folder = tmp_path_factory.mktemp("report")
    shown = build(pumplog.month().decoded, "E66164084B2F3C29")
    path = folder / "report.html"
    path.write_text(report.page(shown, datetime(2026, 4, 1, tzinfo=UTC)), encoding="utf-8")
    with chromium.Chromium(binary, folder / "profile") as browser:
        _resize(browser, 1100)
        browser.open(path.as_uri())
        yield browser


def _resize(browser: chromium.Chromium, width: int) -> None:
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)


def test_the_browser_complains_of_nothing(page: chromium.Chromium) -> None:
    assert page.evaluate("document.title") == "Infusion report, pump E66164084B2F3C29"
    assert page.of("Runtime.exceptionThrown") == []
    assert page.of("Runtime.consoleAPICalled") == []
    assert page.of("Log.entryAdded") == []


def test_nothing_but_the_file_itself_is_fetched(page: chromium.Chromium) -> None:
    urls = [told["request"]["url"] for told in page.of("Network.requestWillBeSent")]
    assert len([url for url in urls if url.startswith("file:")]) == 1
    assert [url for url in urls if not url.startswith(("file:", "data:", "about:"))] == []


def test_every_plot_is_there_with_a_size_marks_and_words(page: chromium.Chromium) -> None:
    boxes: list[dict[str, Any]] = page.evaluate(BOXES)
    assert tuple(box["id"] for box in boxes) == PLOTS
    for box in boxes:
        assert box["width"] > 500 and box["height"] > 100, box
        assert box["marks"] > 2 and box["words"] > 5, box


def test_no_words_of_a_plot_lie_upon_one_another(page: chromium.Chromium) -> None:
    assert page.evaluate(COLLISIONS) == []


@pytest.mark.parametrize("width", [1100, 820, 390])
def test_the_page_is_never_wider_than_its_window(page: chromium.Chromium, width: int) -> None:
    _resize(page, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    _resize(page, 1100)


def test_the_events_unfold_and_are_all_in_print(page: chromium.Chromium, tmp_path: Path) -> None:
    shown = "document.querySelector('#events').checkVisibility({contentVisibilityAuto: true})"
    assert page.evaluate(shown) is False
    page.call("Emulation.setEmulatedMedia", media="print")
    assert page.evaluate("document.querySelector('#events').getBoundingClientRect().height") > 300
    page.call("Emulation.setEmulatedMedia", media="")
    assert page.pdf().startswith(b"%PDF")
    page.evaluate("document.querySelector('details:has(#events) summary').click()")
    assert page.evaluate(shown) is True
