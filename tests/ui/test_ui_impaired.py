"""The page beside a network that does harm: a reflector behind a relay that drops and delays, and one that dies."""

import json
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from lab_world import CLIENT, MIDDLE_ADDRESS, World, start_reflector, start_relay
from playwright.sync_api import Page, expect, sync_playwright
from ui_browser import CHROMIUM, launched

UP = json.dumps({"loss": 0.1, "delay_ms": 20, "jitter_ms": 5})
ANNOUNCED = 151  # packets: three seconds
ENOUGH = 301  # packets: of six seconds, a tenth is far more than any limit

pytestmark = [
    pytest.mark.namespaces,
    pytest.mark.peer,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]


@contextmanager
def opened(world: World, **options: str) -> Iterator[Page]:
    """Open the page of a `nra ui` in the client by a browser that is there as well; where it is, nothing else can be reached."""
    server = world.python(CLIENT, "-m", "nra", "ui", "--no-browser", "--out", "out", NRA_RUN_ONLY="voice", **options)
    address = server.found(r"http://\S+/(?=\n)")
    with world.inside(CLIENT):
        playwright = sync_playwright().start()
    try:
        browser = launched(playwright)
        page = browser.new_page()
        page.goto(address)
        yield page
        browser.close()
    finally:
        playwright.stop()
        server.signal(signal.SIGTERM)


def start(page: Page) -> None:
    """Measure to the relay."""
    page.select_option("#region", "eu-central-1")
    page.get_by_label("Organization").fill("Muster GmbH")
    page.get_by_label("Reflector").fill(MIDDLE_ADDRESS)
    page.get_by_role("button", name="Start the Test").click()


def test_harm_is_seen_while_it_happens_and_told_afterwards(world: World) -> None:
    """The lines show the loss of the round trip; the result knows on which way it was. It lasts until all of that has been seen."""
    start_reflector(world)
    relay = start_relay(world, "--up", UP, "--announce-after", str(ENOUGH))
    with opened(world, NRA_RUN_DURATION="3600") as page:
        start(page)
        loss = page.locator(".live[data-key=loss_percent]")
        expect(loss.locator(".top")).to_contain_text(re.compile(r"highest ([1-9]|\d\d+)\."), timeout=30_000)
        expect(page.locator(".live[data-key=rtt_ms] .now")).to_contain_text(re.compile(r"[2-9]\d\.\d ms"))
        relay.wait_for(f"forwarding packet {ENOUGH}", deadline_s=60)
        page.get_by_role("button", name="Cancel").click()
        page.wait_for_url("**/runs/*", timeout=60_000)
        rows = {way: page.get_by_role("row").filter(has_text=f"{way} Packet Loss").first for way in ("Up", "Down")}
        expect(rows["Up"]).to_contain_text("FAIL")
        expect(rows["Down"]).to_contain_text("PASS")
        expect(page.get_by_role("img", name="Histogram")).to_be_visible()


def test_a_reflector_that_dies_is_a_result(world: World) -> None:
    """What was measured until then is shown, and what became of the rest is said."""
    reflector = start_reflector(world)
    relay = start_relay(world, "--announce-after", str(ANNOUNCED))
    with opened(world, NRA_RUN_DURATION="10") as page:
        start(page)
        relay.wait_for(f"forwarding packet {ANNOUNCED}", deadline_s=60)
        reflector.kill()
        page.wait_for_url("**/runs/*", timeout=60_000)
        expect(page.locator("main")).to_contain_text("The far end stopped answering during the stream")
        expect(page.get_by_text("Download Results (.TXT)")).to_be_visible()
