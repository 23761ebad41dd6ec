"""The pages over HTTP, without a browser and without measuring: the flow, what is refused, and text that stays text."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

import html5lib
import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.testclient import TestClient
from starlette.types import Message

from nra.archive.document import encode
from nra.archive.naming import stem
from nra.report.html import render as page_of
from nra.report.text import render as text_of
from nra.testing.canned import KINDS, canned_run
from nra.ui.app import MOST_FORM_BYTES, Site, application, body
from nra.ui.guard import Guard
from nra.ui.shelf import Shelf
from nra.ui.words import Memory, Words
from nra.ui.worker import Worker

RUNS = Path(__file__).resolve().parents[1] / "runs"
OURS = "http://127.0.0.1:8123"
HOSTILE = "\"><script>alert(1)</script><b onclick='x'>{{ 7 * 7 }}</textarea>"
FORM = {"region": "local", "org": "Muster GmbH"}
MEASURING = 'import sys; print(\'{"phase": "voice: somewhere"}\', file=sys.stderr, flush=True); sys.stdin.buffer.read(); '


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    """Return a client of a site whose measurement lasts until it is cancelled, and then leaves the good run."""
    (tmp_path / "run").write_bytes(encode(canned_run("good")))
    leave = f"sys.stdout.buffer.write(open({str(tmp_path / 'run')!r}, 'rb').read())"
    worker = Worker([sys.executable, "-c", MEASURING + leave], tmp_path)
    site = Site(worker, Shelf(tmp_path / "results"), Memory(tmp_path), Words(reflector="reflector.example.net"), "/t/")
    with TestClient(Guard(application(site, "t"), "t"), base_url=f"{OURS}/t/", headers={"origin": OURS}) as made:
        yield made


def tree(text: str) -> Element:
    """Return the page's tree; a page that is not valid HTML is an error, and so are inline scripts, styles and handlers."""
    found: Element = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)
    for element in found.iter():
        assert not {name for name in element.attrib if str(name).startswith("on") or name == "style"}
        assert str(element.tag) != "style"
        assert str(element.tag) != "script" or (element.get("src") == "/t/ui.js" and not element.text)
        if str(element.tag) in ("input", "select") and element.get("type") not in ("hidden", "submit"):
            assert element.get("aria-label") or found.find(f".//label[@for='{element.get('id')}']") is not None
    return found


def bring(client: TestClient, data: bytes) -> str:
    """Return the address of a run document that was brought along."""
    at: str = client.post("bring", content=data).json()["at"]
    return at.removeprefix("/t/")


def test_the_form_asks_for_what_a_run_needs(client: TestClient) -> None:
    """Regions by area with the self-test, the fields with what is configured, nothing from elsewhere."""
    page = tree(client.get("").text)
    groups = [str(group.get("label")) for group in page.iterfind(".//optgroup")]
    assert groups == [*sorted(groups[:-1]), "Self-test"]
    assert page.find(".//option[@value='eu-central-1']") is not None
    assert [field.get("name") for field in page.iterfind(".//form//input[@name]")] == ["org", "site", "seat", "reflector"]
    assert page.find(".//input[@name='reflector'][@value='reflector.example.net']") is not None


def test_the_whole_flow(client: TestClient) -> None:
    """Start, a second tab, a reload, a way back from elsewhere, cancel, result; one measurement at a time."""
    brought = bring(client, encode(canned_run("bad")))
    assert client.post("start", data=FORM).url.path == "/t/running"
    for address in ("", "running"):
        assert client.get(address).url.path == "/t/running"
    second = client.post("start", data=FORM | {"org": "Another"})
    assert second.status_code == 409
    tree(second.text)
    assert "Another measurement is under way; yours was not started." in second.text
    assert "Muster GmbH" in client.get("").text
    for address in ("running", "runs", "runs/0", "compare", brought):
        assert tree(client.get(address).text).find(".//nav/a[@href='/t/running']") is not None, address
    client.post("cancel")
    said = client.get("events").text
    at = f"/t/runs/{canned_run('good').run.id}"
    assert said.endswith(f'event: ended\ndata: {{"at": "{at}"}}\n\n')
    assert client.get("running").url.path == at
    assert tree(client.get(at.removeprefix("/t/")).text).find(".//nav/a[@href='/t/running']") is None
    assert 'value="Muster GmbH"' in client.get("").text


def test_a_run_that_was_stopped_at_once_is_no_failure(tmp_path: Path) -> None:
    """What the user asked for is said, not alarmed; and whoever reloads the address of the form's answer is shown the form."""
    worker = Worker([sys.executable, "-c", MEASURING + "sys.exit(130)"], tmp_path)
    site = Site(worker, Shelf(tmp_path / "results"), Memory(tmp_path), Words(), "/t/")
    with TestClient(Guard(application(site, "t"), "t"), base_url=f"{OURS}/t/", headers={"origin": OURS}) as client:
        client.post("start", data=FORM)
        client.post("cancel")
        assert 'data: {"at": "/t/?ended"}' in client.get("events").text
        page = client.get("?ended").text
        assert tree(page).find(".//p[@role='status']") is not None
        assert "It was stopped before anything was measured" in page
        assert "No result" not in page
        assert client.get("start").url.path == "/t/"


@pytest.mark.parametrize(
    "form", [{}, {"region": "local"}, FORM | {"region": "nowhere"}, FORM | {"seat": "\x07"}, FORM | {"org": "x" * 300}]
)
def test_wrong_input_is_said_beside_its_field(form: dict[str, str], client: TestClient) -> None:
    """Nothing is started, what was typed stays, and each field that is wrong is marked and described."""
    answer = client.post("start", data=form)
    page = tree(answer.text)
    assert answer.status_code == 422
    assert page.find(".//*[@aria-invalid='true']") is not None
    assert page.find(".//*[@role='alert']") is not None
    assert client.get("running").url.path == "/t/"


def test_typed_text_stays_text(client: TestClient) -> None:
    """Markup in every field is shown as it was typed, on the form, while measuring and in the list."""
    typed = dict.fromkeys(("region", "org", "site", "seat", "reflector"), HOSTILE)
    page = tree(client.post("start", data=typed).text)
    assert page.find(".//input[@name='org']").get("value") == HOSTILE  # type: ignore[union-attr]
    page = tree(client.post("start", data=typed | {"region": "local"}).text)
    assert HOSTILE in "".join(page.find(".//h1").itertext())  # type: ignore[union-attr]
    client.post("cancel")
    client.get("events")
    bring(client, (RUNS / "hostile-names.json").read_bytes())
    for address in ("", "runs", f"runs?text={HOSTILE}&verdict=FAIL"):
        tree(client.get(address).text)


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_is_brought_along_is_drawn_as_ever(kind: str, client: TestClient) -> None:
    """The same result as in the page that nra report makes of it, and the same bytes to download."""
    document = canned_run(kind)
    at = bring(client, encode(document))
    page = client.get(at).text
    tree(page)
    inside = page_of(document).decode().partition("<main>")[2].partition("</main>")[0]
    assert inside in page
    for name, data in (("json", encode(document)), ("txt", text_of(document)), ("html", page_of(document))):
        answer = client.get(f"{at}/{name}")
        assert answer.content == data
        assert answer.headers["content-disposition"] == f'attachment; filename="{stem(document)}.{name}"'
    assert client.get(f"{at}/xlsx").content.startswith(b"PK")
    offered = f"/t/{at}/request.csv" in page
    assert client.get(f"{at}/request.csv").status_code == (200 if offered else 404)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b'{"schema": "nra-run/9"}', "newer version"),
        (b"PK\3\4", "not a run document"),
        (b"", "not a run document"),
        (b"[" * 9**6, "not a run"),
    ],
)
def test_what_is_no_run_document_is_refused_with_its_reason(data: bytes, why: str, client: TestClient) -> None:
    """Nothing of it is kept."""
    answer = client.post("bring", content=data)
    assert answer.status_code == 422
    assert why in answer.json()["error"]
    assert "0 of 0 runs" in client.get("runs").text


def test_nothing_is_loaded_while_a_measurement_is_under_way(client: TestClient) -> None:
    """Not from any page: reading and drawing a large document takes the processor from the sender."""
    client.post("start", data=FORM)
    answer = client.post("bring", content=encode(canned_run("bad")))
    assert (answer.status_code, answer.json()) == (409, {"error": "a measurement is under way; load it when that is over."})
    assert "0 of 0 runs" in client.get("runs").text
    client.post("cancel")
    client.get("events")
    assert bring(client, encode(canned_run("bad")))


def test_bodies_are_limited(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too large is not even kept until its end."""
    assert client.post("start", content=b"x" * (MOST_FORM_BYTES + 1)).status_code == 413
    monkeypatch.setattr("nra.ui.app.MOST_BROUGHT_BYTES", 1000)
    answer = client.post("bring", content=b" " * 1001)
    assert (answer.status_code, answer.json()["error"]) == (413, "This is larger than 0 KiB, the most that is taken.")


def test_bodies_that_do_not_end_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stops in the middle is told so."""

    async def nothing() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr("nra.ui.app.BODY_S", 0.0)
    with pytest.raises(HTTPException) as caught:
        asyncio.run(body(Request({"type": "http"}, nothing), MOST_FORM_BYTES))
    assert (caught.value.status_code, caught.value.detail) == (408, "This did not arrive within 0 s.")


def test_two_runs_are_compared_the_older_one_first(client: TestClient) -> None:
    """Two and no more; whoever ticks another number is told."""
    first, second = (bring(client, encode(canned_run(kind))).removeprefix("runs/") for kind in ("good", "bad"))
    page = client.get(f"compare?run={first}&run={second}").text
    tree(page)
    assert "Down Packet Loss" in page
    assert "Not measured alike" not in page
    third = bring(client, encode(canned_run("round-trip"))).removeprefix("runs/")
    assert "Not measured alike" in client.get(f"compare?run={first}&run={third}").text
    for query, said in (("", "0 were ticked"), (f"?run={first}", "1 was ticked"), (f"?run={first}&run={second}&run=x", "3 were ticked")):
        answer = client.get(f"compare{query}")
        assert answer.status_code == 422
        assert said.removeprefix("it ") in answer.text


@pytest.mark.parametrize("path", ["nothing", "runs/0", "runs/../../etc", "runs/0/txt", "compare?run=a&run=b", "ui.js/x", "guard.py"])
def test_what_is_not_there_is_a_page_too(path: str, client: TestClient) -> None:
    """No address reaches a file, and none ends in a traceback."""
    assert client.get(path).status_code in (403, 404)


def test_styles_and_script_are_our_own(client: TestClient) -> None:
    """They come from here, are small, and hold no address of anywhere else."""
    for name, kind, most in (("ui.css", "text/css", 20_000), ("ui.js", "text/javascript", 8_000), ("icon.svg", "image/svg+xml", 1000)):
        answer = client.get(name)
        assert answer.headers["content-type"].startswith(kind)
        assert len(answer.content) < most
        assert "http" not in answer.text.replace("http://www.w3.org/2000/svg", "")


def test_what_was_loaded_is_marked(client: TestClient) -> None:
    """On its page, outside of what it says, and in the list."""
    at = bring(client, encode(canned_run("good")))
    assert tree(client.get(at).text).find(".//*[@id='loaded']") is not None
    listed = client.get("runs").text
    tree(listed)
    assert "loaded, not kept" in listed


def test_comparing_too_few_keeps_filter_and_ticks(client: TestClient) -> None:
    """Whoever ticked one has only to tick another."""
    key = bring(client, encode(canned_run("good"))).removeprefix("runs/")
    assert tree(client.get("runs?region=eu-central-1").text).find(".//form//input[@type='hidden'][@name='region']") is not None
    page = tree(client.get(f"compare?run={key}&region=eu-central-1").text)
    assert page.find(f".//input[@value='{key}'][@checked]") is not None
    assert page.find(".//select[@id='in']/option[@selected]").text == "eu-central-1"  # type: ignore[union-attr]
