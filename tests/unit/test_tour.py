"""The pictures of the tour: all are there, all are shown, and none needs anything from elsewhere."""

import importlib.util
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tree import HOST, ROOT

TOUR = HOST / "tour"
SHOWN = re.findall(r"^!\[.+\]\((.+)\)$", (TOUR / "README.md").read_text(encoding="utf-8"), re.MULTILINE)


def paint():
    path = ROOT / "tests" / "tour" / "paint.py"
    spec = importlib.util.spec_from_file_location("paint", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["paint"] = module
    spec.loader.exec_module(module)
    return module


def test_the_page_shows_every_picture_that_is_made_and_no_other() -> None:
    script = (ROOT / "tests" / "tour" / "pictures.py").read_text(encoding="utf-8")
    made = {path.name for path in TOUR.iterdir()} - {"README.md"}
    assert sorted(SHOWN) == sorted(made)
    assert [name for name in SHOWN if f'"{Path(name).stem}' not in script] == []


@pytest.mark.parametrize("name", [name for name in SHOWN if name.endswith(".svg")])
def test_a_picture_of_a_terminal_is_whole_and_loads_nothing(name: str) -> None:
    text = (TOUR / name).read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    words = " ".join("".join(element.itertext()) for element in root.iter() if element.tag.endswith("text"))
    assert len(words) > 200
    assert "url(" not in text.replace("url(#", "") and "href" not in text and "@import" not in text
    assert "/tmp/" not in text and "/home/" not in text


def test_a_screen_is_drawn_line_by_line_in_its_colours() -> None:
    svg = paint().picture("\x1b[1;31mHIGH\x1b[0m alarm\nsecond <line>\n", 20, "x")
    texts = [element.text for element in ElementTree.fromstring(svg).iter() if element.tag.endswith("text")]
    assert [text.replace("\u00a0", " ").strip() for text in texts if text and text.strip()] == [
        "HIGH", "alarm", "second <line>",
    ]  # fmt: skip
    assert re.search(r"fill: #b02020;? ?font-weight: bold", svg), svg
