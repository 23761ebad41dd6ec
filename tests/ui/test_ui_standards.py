"""Every page in every state, and the HTML report of every kind of run, judged by axe-core (accessibility) and html-validate (markup)."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from fetch_checkers import AXE, FOLDER, HTML_VALIDATE
from playwright.sync_api import Browser, Page, Response, expect
from ui_browser import CHROMIUM, fits

from nra.report.html import render
from nra.testing.canned import KINDS, canned_run

ROOT: Final = Path(__file__).resolve().parents[2]
NODE: Final = shutil.which("node")
VIEWS: Final[dict[str, dict[str, Any]]] = {
    "light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 320, "height": 640}, "color_scheme": "light", "reduced_motion": "reduce"},
}
RULES: Final = {
    "extends": ["html-validate:recommended"],
    "rules": {
        "long-title": "off",  # it holds names, which are as long as they are
        "form-dup-name": ["error", {"shared": ["checkbox"]}],  # the runs that are ticked are values of one name
    },
}

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    pytest.mark.skipif(NODE is None, reason="node is not installed"),
    pytest.mark.skipif(not FOLDER.is_dir(), reason=f"{FOLDER} is not there (tests/ui/fetch_checkers.py fetches it)"),
]


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Return the address of `nra ui` over a folder with a run of every kind and a file that is none."""
    folder = tmp_path / "results"
    folder.mkdir()
    for kind in KINDS:
        (folder / f"{kind}.json").write_bytes((ROOT / "tests" / "runs" / f"{kind}.json").read_bytes())
    (folder / "broken.json").write_text("{")
    environment = {"PYTHONPATH": str(ROOT), "XDG_CONFIG_HOME": str(tmp_path), "NRA_RUN_DURATION": "3600"}  # until it is cancelled
    command = [sys.executable, "-m", "nra", "ui", "--no-browser", "--out", str(folder)]
    with subprocess.Popen(command, cwd=tmp_path, env=os.environ | environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


class Judge:
    """Keeps what the checkers said of each page."""

    def __init__(self, page: Page, folder: Path) -> None:
        """Judge what the page shows; markup is kept in the folder until all of it is judged."""
        self._page, self._folder = page, folder
        self.said: list[str] = []

    def look(self, name: str, answer: Response | None = None) -> None:
        """Judge what is shown now; the answer is the markup that it came from."""
        self._page.evaluate(AXE.read_text("utf-8"))
        found = self._page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        self.said += [f"{name}: {each['id']}: {[node['target'] for node in each['nodes']]}" for each in found["violations"]]
        if not fits(self._page):
            self.said.append(f"{name}: wider than the screen")
        if answer is not None:
            (self._folder / f"{name}.html").write_bytes(answer.body())

    def visit(self, name: str, url: str) -> None:
        """Judge a page that is only asked for."""
        self.look(name, self._page.goto(url))

    def press(self, name: str, button: str) -> None:
        """Judge what follows a button."""
        with self._page.expect_navigation() as following:
            self._page.get_by_role("button", name=button).click()
        self.look(name, following.value)

    def load(self, name: str, url: str, document: Path) -> None:
        """Judge what is shown of a run document from elsewhere."""
        self._page.goto(url)
        with self._page.expect_navigation(url="**/runs/brought-*") as following:
            self._page.set_input_files("#bring", document)
        self.look(name, following.value)


def invalid(folder: Path) -> str:
    """Return what html-validate says of all pages in a folder."""
    assert NODE is not None
    (folder / ".htmlvalidate.json").write_text(json.dumps({"root": True, **RULES}))
    pages = sorted(map(str, folder.glob("*.html")))
    assert pages
    done = subprocess.run(
        [NODE, str(HTML_VALIDATE), "--formatter", "text", *pages], capture_output=True, text=True, check=False, timeout=90
    )
    return done.stdout + done.stderr if done.returncode else ""


@pytest.mark.parametrize("view", VIEWS)
def test_every_page_in_every_state(view: str, browser: Browser, address: str, tmp_path: Path) -> None:
    """Form, errors, progress, results, list, comparison, refusals; light, dark, and 320 pixels wide without motion."""
    markup, future = tmp_path / "markup", tmp_path / "future.json"
    markup.mkdir()
    future.write_text('{"schema": "nra-run/9"}')
    page = browser.new_context(**VIEWS[view]).new_page()
    judge = Judge(page, markup)
    judge.visit("form", address)
    page.select_option("#region", "local")
    page.fill("#org", " ")
    judge.press("form with an error", "Start the Test")
    page.set_input_files("#bring", future)
    expect(page.locator("#bring-problem")).to_contain_text("newer version")
    page.evaluate("document.getElementById('dropping').hidden = false")
    judge.look("a file that cannot be shown, and another about to be dropped")
    for kind in KINDS if view == "light" else ("bad", "until-breach"):
        judge.visit(f"result {kind}", f"{address}runs/{run_id(kind)}")
    for details in page.locator("details").all():
        details.evaluate("details => details.open = true")
    judge.look("result with all that it explains")
    for kind in ("good", "under-load"):
        judge.load(f"loaded result {kind}", address, ROOT / "tests" / "runs" / f"{kind}.json")
    judge.visit("list", f"{address}runs")
    judge.visit("list narrowed", f"{address}runs?text=acme&region=eu-central-1&verdict=FAIL")
    judge.visit("list of nothing", f"{address}runs?text=nobody")
    judge.visit("comparison", f"{address}compare?run={run_id('good')}&run={run_id('bad')}")
    judge.visit("comparison of nothing", f"{address}compare")
    judge.visit("no such run", f"{address}runs/0")
    page.goto(address)
    page.select_option("#region", "local")
    page.fill("#org", "Muster GmbH")
    judge.press("measuring", "Start the Test")
    expect(page.locator("#left")).to_contain_text("s left", timeout=30_000)
    judge.look("measuring with its lines")
    page.get_by_role("button", name="Cancel").click()
    page.wait_for_url("**/runs/*", timeout=60_000)
    judge.look("cancelled")
    assert judge.said == []
    assert invalid(markup) == ""


def test_the_html_report_of_every_kind_of_run(browser: Browser, tmp_path: Path) -> None:
    """The file as it is opened from a disk, everything in it unfolded."""
    page = browser.new_context(**VIEWS["phone"]).new_page()
    judge = Judge(page, tmp_path)
    for kind in KINDS:
        report = tmp_path / f"{kind}.html"
        report.write_bytes(render(canned_run(kind)))
        page.goto(report.as_uri())
        for details in page.locator("details").all():
            details.evaluate("details => details.open = true")
        judge.look(kind)
    assert judge.said == []
    assert invalid(tmp_path) == ""


def run_id(kind: str) -> str:
    """Return under what key the list has a run."""
    found: str = json.loads((ROOT / "tests" / "runs" / f"{kind}.json").read_bytes())["run"]["id"]
    return found
