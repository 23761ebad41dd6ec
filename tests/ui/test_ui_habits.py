"""What people are used to from other pages, in a real browser: Enter in a list, files that are dropped, many tabs, a way back."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from ui_browser import CHROMIUM, served

MANY: Final = 8  # tabs: more than a browser has connections to a host
SEEN: Final = """() => {
    let hidden = false;
    Object.defineProperty(document, "hidden", { get: () => hidden });
    window.show = (shown) => { hidden = !shown; document.dispatchEvent(new Event("visibilitychange")); };
}"""

pytestmark = [pytest.mark.peer, pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")]


@pytest.fixture
def program(tmp_path: Path) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Return the address of `nra ui`, and its process."""
    with served(tmp_path) as found:
        yield found


@pytest.fixture
def address(program: tuple[str, "subprocess.Popen[str]"]) -> str:
    """Return the address of `nra ui`."""
    return program[0]


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Return a browser's tabs, which know each other's limits."""
    made = browser.new_context(reduced_motion="reduce")
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, address: str) -> Page:
    """Return a tab that shows the form."""
    opened = context.new_page()
    opened.goto(address)
    return opened


def test_enter_in_the_list_of_regions_chooses_and_starts_nothing(page: Page) -> None:
    """As in the search beside it: a test is started by its button, or from a field of text."""
    page.get_by_label("Organization").fill("Muster GmbH")
    page.get_by_label("Search by name").fill("us-east")
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("#region-count")).to_contain_text("chosen: US East")
    assert page.locator("#region").input_value().startswith("us-east-")
    expect(page.get_by_role("button", name="Start the Test")).to_be_visible()
    assert not page.url.endswith("/running")


def start(page: Page) -> None:
    """Begin a measurement that lasts until it is cancelled."""
    page.select_option("#region", "local")
    page.get_by_label("Organization").fill("Muster GmbH")
    page.get_by_role("button", name="Start the Test").click()
    expect(page.locator("#left")).to_contain_text("s left")


def test_many_tabs_may_look_at_a_measurement(context: BrowserContext, page: Page, address: str) -> None:
    """Those that nobody sees hold no connection; when one is seen again, it knows what became of the measurement."""
    context.add_init_script(f"({SEEN})()")
    start(page)
    tabs = [page]
    for _ in range(MANY):
        tabs[-1].evaluate("window.show(false)")
        tabs.append(context.new_page())
        tabs[-1].goto(address)
        expect(tabs[-1].locator("#left")).to_contain_text("s left")
    tabs[1].evaluate("window.show(true)")
    tabs[1].get_by_text("highest").first.wait_for()
    tabs[-1].get_by_role("button", name="Cancel").click()
    for tab in (tabs[1], tabs[-1]):
        tab.wait_for_url("**/runs/*")
    assert page.url.endswith("/running")
    page.evaluate("window.show(true)")
    page.wait_for_url("**/runs/*")


def test_of_two_files_none_is_shown_and_a_line_says_so(page: Page) -> None:
    """Which of them would be meant is not known."""
    page.evaluate("""() => {
        const data = new DataTransfer();
        for (const name of ["a.json", "b.json"]) data.items.add(new File(["{}"], name));
        window.dispatchEvent(new DragEvent("drop", { dataTransfer: data, cancelable: true }));
    }""")
    said = "2 files were dropped, and none is shown: drop one at a time; All results compares two."
    expect(page.locator("#bring-problem")).to_have_text(said)


def test_a_bar_that_knows_nothing_is_seen_where_nothing_may_move(page: Page) -> None:
    """It has stripes that stand still; what is left is said beside it from the first moment on."""
    start(page)
    script = """bar => {
        bar.removeAttribute("value");
        const style = getComputedStyle(bar);
        return [style.visibility, style.animationName, style.backgroundImage.includes("gradient")];
    }"""
    assert page.locator("#bar").evaluate(script) == ["visible", "none", True]


def test_a_program_that_has_ended_promises_nothing(page: Page, program: tuple[str, "subprocess.Popen[str]"]) -> None:
    """Neither seconds nor a bar stand beside the words that it has ended."""
    start(page)
    program[1].terminate()
    expect(page.locator("#phase")).to_contain_text("nra ui has ended")
    expect(page.locator("#bar")).to_be_hidden()
    expect(page.locator("#left")).to_be_empty()
    expect(page.get_by_role("button", name="Cancel")).to_be_disabled()
