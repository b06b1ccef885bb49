"""The report in a real browser: it renders, complains of nothing, fetches nothing, and every plot is there."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import chromium
import pytest
import richlog

from pumpctl import report
from pumpctl.report_data import build

PLOTS = (
    "plot-dose", "plot-reservoir", "plot-alarms", "plot-hours", "plot-volume", "plot-difference", "plot-trumpet",
)  # fmt: skip
BOXES = """[...document.querySelectorAll('svg.plot')].map(plot => {
  const box = plot.getBoundingClientRect();
  const marks = [...plot.querySelectorAll('rect,polyline,path')].map(mark => mark.getBoundingClientRect());
  return {id: plot.id, width: box.width, height: box.height, marks: marks.filter(m => m.width + m.height > 0).length,
          words: plot.querySelectorAll('text').length, title: plot.querySelector('title').textContent,
          told: document.getElementById(plot.getAttribute('aria-labelledby').split(' ')[1]).textContent};
})"""
# Words of one figure that lie upon one another, beyond a touch.
COLLISIONS = """[...document.querySelectorAll('svg.plot')].flatMap(plot => {
  const words = [...plot.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);
  return words.flatMap(([a, p], i) => words.slice(i + 1).filter(([b, q]) =>
    Math.min(p.right, q.right) - Math.max(p.left, q.left) > 1 &&
    Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top) > 3).map(([b]) => plot.id + ': ' + a + ' / ' + b));
})"""
# Words that stick out of their figure, and texts that are wider than the box they stand in.
CLIPPED = """[...document.querySelectorAll('svg.plot')].flatMap(plot => {
  const box = plot.getBoundingClientRect();
  return [...plot.querySelectorAll('text')].filter(text => { const at = text.getBoundingClientRect();
    return at.left < box.left - 1 || at.right > box.right + 1 || at.top < box.top - 1 || at.bottom > box.bottom + 1;
  }).map(text => plot.id + ': ' + text.textContent);
}).concat([...document.querySelectorAll('td,th,dd,dt,.tiles b,.tiles span,p,li,h1,h2,h3,summary')].filter(e =>
  e.clientWidth > 0 && e.scrollWidth > e.clientWidth + 1).map(e => e.tagName + ': ' + e.textContent.slice(0, 60)))"""
# Contrast of every text with the white that it stands on, as WCAG 2 reckons it; the least of all.
CONTRAST = """Math.min(...[...document.querySelectorAll('main *')].filter(e => e.children.length == 0 && e.textContent)
  .map(e => getComputedStyle(e)).map(s => s.fill != 'rgb(0, 0, 0)' && s.fill.startsWith('rgb') ? s.fill : s.color)
  .map(c => c.match(/[0-9.]+/g).slice(0, 3).map(v => v / 255))
  .map(c => c.map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
  .map(([r, g, b]) => 1.05 / (0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05)))"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chromium.Chromium]:
    """A browser that shows the report of six weeks in which everything occurs."""
    binary = chromium.find()
    if binary is None:
        pytest.skip("no Chromium here: install it (Debian: apt-get install chromium), or name one by CHROMIUM")
    folder = tmp_path_factory.mktemp("report")
    shown = build(richlog.rich().decoded, "E66164084B2F3C29", visits=richlog.VISITS)
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


def test_every_plot_is_there_with_a_size_marks_words_and_a_description(page: chromium.Chromium) -> None:
    boxes: list[dict[str, Any]] = page.evaluate(BOXES)
    assert tuple(box["id"] for box in boxes) == PLOTS
    for box in boxes:
        assert box["width"] > 500 and box["height"] > 100, box
        assert box["marks"] > 5 and box["words"] > 5, box
        assert box["title"] and len(box["told"]) > 15, box


def test_what_the_forecast_adds_is_drawn_beyond_the_end_of_the_period(page: chromium.Chromium) -> None:
    fan = page.evaluate("document.querySelector('#plot-reservoir polygon').getBoundingClientRect().toJSON()")
    plot = page.evaluate("document.querySelector('#plot-reservoir').getBoundingClientRect().toJSON()")
    assert fan["width"] > 50 and fan["height"] > 20
    assert plot["left"] < fan["left"] and fan["right"] <= plot["right"]


def test_no_words_of_a_plot_lie_upon_one_another(page: chromium.Chromium) -> None:
    assert page.evaluate(COLLISIONS) == []


@pytest.mark.parametrize("width", [1400, 900, 380])
def test_nothing_is_clipped_and_the_page_is_never_wider_than_its_window(page: chromium.Chromium, width: int) -> None:
    _resize(page, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CLIPPED) == []
    _resize(page, 1100)


def test_every_text_stands_out_from_the_page(page: chromium.Chromium) -> None:
    assert page.evaluate(CONTRAST) >= 4.5


def test_every_table_has_headings_that_say_what_they_head(page: chromium.Chromium) -> None:
    bare = "[...document.querySelectorAll('table')].filter(t => !t.querySelector('th[scope]')).length"
    assert page.evaluate("document.querySelectorAll('table').length") > 12
    assert page.evaluate(bare) == 0
    assert page.evaluate("document.querySelectorAll('th:not([scope])').length") == 0


@pytest.mark.parametrize(("width_mm", "height_mm"), [(182, 274), (188, 256)], ids=("a4", "letter"))
def test_therapy_doses_and_reservoir_are_all_on_the_first_printed_page(
    page: chromium.Chromium, width_mm: int, height_mm: int
) -> None:
    """The width and the height are those between the margins."""
    page.call("Emulation.setEmulatedMedia", media="print")
    _resize(page, width_mm * 96 * 10 // 254)
    shown = "document.querySelector('#plot-reservoir').closest('section').getBoundingClientRect().bottom"
    ends = page.evaluate(f"{shown} - document.querySelector('main').getBoundingClientRect().top")
    page.call("Emulation.setEmulatedMedia", media="")
    _resize(page, 1100)
    assert ends <= height_mm * 96 * 10 // 254


def test_the_events_unfold_and_are_all_in_print(page: chromium.Chromium) -> None:
    shown = "document.querySelector('#events').checkVisibility({contentVisibilityAuto: true})"
    assert page.evaluate(shown) is False
    page.call("Emulation.setEmulatedMedia", media="print")
    assert page.evaluate("document.querySelector('#events').getBoundingClientRect().height") > 300
    _resize(page, 700)  # the width between the margins of A4
    assert page.evaluate(CLIPPED) == [] and page.evaluate(COLLISIONS) == []
    _resize(page, 1100)
    page.call("Emulation.setEmulatedMedia", media="")
    page.evaluate("document.querySelector('details:has(#events) summary').click()")
    # What unfolds is laid out with the next frame, which a busy machine may take its time for.
    until_s = time.monotonic() + 10
    while not page.evaluate(shown):
        assert time.monotonic() < until_s, "the events stay folded"
