"""How the page is laid out on narrow and wide screens and on paper, in a real browser: what is read whole, and what stands together."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect
from ui_browser import CHROMIUM, fits, served

from nra.archive.document import encode
from nra.report.html import render
from nra.testing.canned import canned_run

ONE_WORD: Final = "X" * 150
NAMES: Final = ("Muster GmbH", "Oberfrankische Kranken- und Unfallversicherung der gewerblichen Wirtschaft mit Haftung", ONE_WORD)
CUT: Final = "those => those.filter(one => one.scrollWidth > one.clientWidth).map(one => one.textContent)"
TOO_WIDE: Final = "those => those.map(one => one.offsetWidth - one.parentElement.offsetWidth).filter(more => more > 0)"
BROKEN: Final = """those => those.flatMap(one => {
    const walker = document.createTreeWalker(one, NodeFilter.SHOW_TEXT), broken = [];
    while (walker.nextNode()) {
        const range = document.createRange();
        for (const word of walker.currentNode.data.matchAll(/[^\\s-]+/g)) {
            range.setStart(walker.currentNode, word.index);
            range.setEnd(walker.currentNode, word.index + word[0].length);
            if (new Set([...range.getClientRects()].map(each => each.top)).size > 1) broken.push(word[0]);
        }
    }
    return broken;
})"""

pytestmark = [pytest.mark.peer, pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")]


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Return the address of `nra ui` over a run of each name."""
    (tmp_path / "results").mkdir()
    for number, name in enumerate(NAMES):
        document = canned_run("bad", org=name)
        (tmp_path / "results" / f"{number}.json").write_bytes(encode(replace(document, run=replace(document.run, id=f"{number:032x}"))))
    with served(tmp_path) as (at, _):
        yield at


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Return a page of its own."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


def show(page: Page, width: int, url: str) -> None:
    """Show a page on a screen of that width, whole."""
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(url)
    assert fits(page)


@pytest.mark.parametrize("width", [320, 480, 1280])
def test_each_region_is_read_whole(width: int, page: Page, address: str) -> None:
    """A list cannot be moved sideways: what does not fit into one line takes two."""
    show(page, width, address)
    assert page.locator("#region option").evaluate_all(CUT) == []
    assert page.locator("#region").evaluate("list => list.scrollWidth <= list.clientWidth")


@pytest.mark.parametrize("width", [320, 768, 1201, 1280])
def test_each_run_can_be_told_apart(width: int, page: Page, address: str) -> None:
    """All that the list says of a run is on the screen, and only a word that is longer than that is broken."""
    show(page, width, f"{address}runs")
    rows = page.locator(".runs tbody tr")
    expect(rows).to_have_count(len(NAMES))
    for name in NAMES:
        row = rows.filter(has_text=name)
        for cell in (page.get_by_text(name), row.get_by_role("link"), row.get_by_text("FAIL"), row.get_by_text("eu-central-1")):
            box = cell.bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
        assert row.evaluate_all(BROKEN) in ([], [ONE_WORD])


@pytest.mark.parametrize("width", [320, 768, 1025])
@pytest.mark.parametrize("kind", ["bad", "round-trip"])
def test_voip_is_on_the_left_and_firewall_on_the_right(kind: str, width: int, page: Page, tmp_path: Path) -> None:
    """From a small screen's width on; no word of either is broken for it, and neither reaches into the other."""
    report = tmp_path / "report.html"
    report.write_bytes(render(canned_run(kind)))
    show(page, width, report.as_uri())
    left, right = (page.get_by_role("region", name=name, exact=True).bounding_box() for name in ("VOIP", "Firewall"))
    assert left is not None
    assert right is not None
    assert (left["y"] == right["y"]) == (width >= 768)
    if width >= 768:
        assert page.locator(".rows th, .rows td:not([colspan])").evaluate_all(BROKEN) == []
        assert page.locator(".rows").evaluate_all(TOO_WIDE) == []


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_on_paper_a_row_keeps_its_explanation(paper: str, page: Page, tmp_path: Path) -> None:
    """No page begins with the explanation of a row on the page before."""
    report, pdf = tmp_path / "good.html", tmp_path / "good.pdf"
    report.write_bytes(render(canned_run("good")))
    page.goto(report.as_uri())
    page.locator("details").evaluate_all("those => those.forEach(one => { one.open = true; })")
    page.pdf(path=pdf, format=paper)
    text = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True).stdout
    pages = [[line for line in sheet.splitlines() if line.strip()][:2] for sheet in text.split("\f")]
    going_on = [second for first, second in pages[:-1] if "Expectation" in first]  # its headings stand on each page of a table
    assert len(going_on) > 2
    assert [line for line in going_on if "Explain" in line] == []
