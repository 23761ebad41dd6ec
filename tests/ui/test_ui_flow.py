"""The whole flow in a real browser, against the real program, on region `local`: what people do, and what they do wrong."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect
from ui_browser import CHROMIUM, fits

ROOT: Final = Path(__file__).resolve().parents[2]
RUNS: Final = ROOT / "tests" / "runs"
HOSTILE: Final = '<img src=x onerror=alert(1)> & "Söhne" --out=/'
UNTIL_CANCELLED_S: Final = 3600  # what is seen while it is measured must not be over before it is seen, however slow the browser is

pytestmark = [pytest.mark.peer, pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the results folder."""
    return tmp_path / "results"


@pytest.fixture
def duration_s() -> int:
    """Return how long a measurement takes unless the test says otherwise."""
    return 2


@pytest.fixture
def address(tmp_path: Path, folder: Path, duration_s: int) -> Iterator[str]:
    """Return the address of `nra ui`."""
    environment = {"PYTHONPATH": str(ROOT), "XDG_CONFIG_HOME": str(tmp_path), "NRA_RUN_DURATION": str(duration_s)}
    command = [sys.executable, "-m", "nra", "ui", "--no-browser", "--out", str(folder)]
    with subprocess.Popen(command, cwd=tmp_path, env=os.environ | environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()
        process.communicate(timeout=60)
    assert process.returncode == 0


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """Return a phone's page on which nothing may go wrong: no error in the script, nothing that the policy refused."""
    context = browser.new_context(viewport={"width": 320, "height": 640}, color_scheme="dark", reduced_motion="reduce")
    opened, problems = context.new_page(), list[str]()
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("console", lambda said: problems.append(said.text) if said.type == "error" and "422" not in said.text else None)
    opened.on("dialog", lambda dialog: problems.append(dialog.message))
    opened.goto(address)
    yield opened
    context.close()
    assert problems == []


def start(page: Page, organization: str) -> None:
    """Fill the form and start, with the keyboard alone."""
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.get_by_label("Search by name").focus()
    page.keyboard.type("self-test")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type(organization)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/(running|runs/.+)$"))  # a short one may be over by now


@pytest.mark.parametrize("duration_s", [UNTIL_CANCELLED_S])
def test_from_the_form_to_the_downloads(page: Page, address: str, folder: Path) -> None:
    """By keyboard, with a reload in the middle and a second tab; the same result loaded again is drawn identically."""
    assert fits(page)
    start(page, HOSTILE)
    expect(page.get_by_role("heading", level=1)).to_contain_text(HOSTILE)
    expect(page.locator("#phase")).to_contain_text("voice")
    page.reload()
    expect(page.locator("#left")).to_contain_text("s left")
    assert fits(page)
    second = page.context.new_page()
    second.goto(address)
    assert second.url.endswith("/running")
    second.get_by_role("button", name="Cancel").click()
    for tab in (page, second):
        tab.wait_for_url("**/runs/*")
    assert fits(page)
    expect(page.get_by_role("heading", name="VOIP")).to_be_visible()
    (document,) = folder.glob("*.json")
    with page.expect_download() as download:
        page.get_by_text("Download Results (.TXT)").click()
    assert download.value.suggested_filename == document.with_suffix(".txt").name
    assert download.value.path().read_bytes() == document.with_suffix(".txt").read_bytes()
    drawn = page.locator("main").inner_html()
    second.goto(address)
    expect(second.get_by_label("Organization")).to_have_value(HOSTILE)
    second.set_input_files("#bring", document)
    second.wait_for_url("**/runs/brought-*")
    assert second.locator("main").inner_html() == drawn


def test_a_run_that_comes_to_its_end_leads_to_its_result(page: Page, folder: Path) -> None:
    """Nobody has to do anything for that."""
    start(page, "Muster GmbH")
    page.wait_for_url("**/runs/*")
    expect(page.get_by_role("heading", name="VOIP")).to_be_visible()
    assert len(list(folder.glob("*.json"))) == 1


@pytest.mark.parametrize("duration_s", [UNTIL_CANCELLED_S])
def test_a_cancelled_run_keeps_what_was_measured(page: Page, folder: Path) -> None:
    """Cancel leads to the result of what there was."""
    start(page, "Muster GmbH")
    expect(page.locator("#left")).to_contain_text("s left")
    page.get_by_role("button", name="Cancel").click()
    page.wait_for_url("**/runs/*")
    assert len(list(folder.glob("*.json"))) == 1


def test_wrong_input_and_wrong_files_are_told(page: Page, address: str, tmp_path: Path) -> None:
    """The field that is wrong gets the focus; a reflector that is none and a document of the future are answered in one line."""
    page.select_option("#region", "local")
    page.get_by_label("Organization").fill("  ")
    page.get_by_role("button", name="Start the Test").click()
    expect(page.get_by_label("Organization")).to_be_focused()
    page.get_by_label("Organization").fill("Muster GmbH")
    page.get_by_label("Reflector").fill("::1")
    page.get_by_role("button", name="Start the Test").click()
    expect(page.get_by_role("alert").first).to_contain_text("in brackets")
    expect(page.get_by_label("Reflector")).to_be_focused()
    future = tmp_path / "future.json"
    future.write_text('{"schema": "nra-run/9"}')
    page.set_input_files("#bring", future)
    expect(page.locator("#bring-problem")).to_contain_text("newer version")


def dropped(page: Page, name: str, text: str) -> bool:
    """Drop a file, and tell whether the browser was kept from opening it."""
    script = """([name, text]) => {
        const data = new DataTransfer();
        data.items.add(new File([text], name));
        const event = new DragEvent("drop", { dataTransfer: data, cancelable: true });
        window.dispatchEvent(event);
        return event.defaultPrevented;
    }"""
    return bool(page.evaluate(script, [name, text]))


def test_typing_narrows_the_regions_and_chooses_none(page: Page) -> None:
    """Accents do not matter, and the only one that is left is chosen by Enter alone."""
    region, search = page.locator("#region"), page.get_by_label("Search by name")
    for typed, name in (("z\u00fcrich", "eu-central-2"), ("sao paulo", "sa-east-1"), ("S\u00c3O", "sa-east-1")):
        search.fill(typed)
        expect(page.locator("#region-count")).to_contain_text("1 found")
        assert region.input_value() != name
        search.press("Enter")
        assert region.input_value() == name
        search.fill("")
        region.select_option("local")
    search.fill("germany")
    assert region.input_value() == ""
    search.fill("dublin")
    expect(page.locator("#region-count")).to_contain_text("none found")
    search.fill("")
    assert region.input_value() == "local"


def test_reports_and_empty_files_are_told_what_to_drop_instead(page: Page) -> None:
    """One plain sentence each."""
    for name, text, said in (
        ("r.html", "<p>", "is a report"),
        ("r.XLSX", "PK", "is a report"),
        ("r.txt", "x", "is a report"),
        ("r.json", "", "is empty"),
    ):
        assert dropped(page, name, text)
        expect(page.locator("#bring-problem")).to_have_text(re.compile(f"{name} {said}; drop the run document, .json"))


@pytest.mark.parametrize("duration_s", [UNTIL_CANCELLED_S])
def test_a_drop_does_not_leave_a_measurement(page: Page) -> None:
    """The browser would open the file in its place: it is kept from that, a line says why nothing happens, and nothing covers the page."""
    start(page, "Muster GmbH")
    page.evaluate("""() => {
        const data = new DataTransfer();
        data.items.add(new File(["{}"], "run.json"));
        window.dispatchEvent(new DragEvent("dragover", { dataTransfer: data, cancelable: true }));
    }""")
    expect(page.locator("#dropping")).to_be_visible()
    assert dropped(page, "run.json", "{}")
    expect(page.get_by_role("alert").get_by_text("A measurement is under way: load")).to_be_visible()
    expect(page.locator("#dropping")).to_be_hidden()
    expect(page.locator("#phase")).to_contain_text("voice")
    assert page.url.endswith("/running")


def test_a_dropped_file_is_shown_and_compared(page: Page, address: str) -> None:
    """Dropped anywhere; the list finds it, and two are laid side by side."""
    for kind in ("good", "bad"):
        page.goto(address)
        text = (RUNS / f"{kind}.json").read_text("utf-8")
        script = """text => {
            const data = new DataTransfer();
            data.items.add(new File([text], "run.json", { type: "application/json" }));
            window.dispatchEvent(new DragEvent("drop", { dataTransfer: data, cancelable: true }));
        }"""
        page.evaluate(script, text)
        page.wait_for_url("**/runs/brought-*")
    page.get_by_role("link", name="All results").click()
    expect(page.get_by_role("heading", name="All results")).to_be_visible()
    assert fits(page)
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="Two runs side by side")).to_be_visible()
    assert fits(page)


def test_without_its_script_the_page_still_measures(browser: Browser, address: str) -> None:
    """The list of regions is whole, a link tells how far it is, and it leads to the result in the end."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    page.locator("#region").select_option("local")
    page.get_by_label("Organization").fill("Muster GmbH")
    with page.expect_navigation():
        page.get_by_role("button", name="Start the Test").click()
    while page.url.endswith("/running"):
        page.wait_for_timeout(500)
        with page.expect_navigation():  # else the link may be looked for where it is no more
            page.get_by_role("link", name="Look how far it is").click()
    expect(page.get_by_role("heading", name="VOIP")).to_be_visible()
    context.close()
