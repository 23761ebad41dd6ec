"""The page: one file that needs nothing else, valid, readable by everybody, and in which text is only ever text."""

import hashlib
import re
import shutil
import subprocess
from base64 import b64encode
from collections import Counter
from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import Element

import html5lib
import pytest

from nra.model.document import RunDocument
from nra.report.cells import clean
from nra.report.html import render
from nra.report.palette import KINDS
from nra.report.view import view
from nra.testing.canned import KINDS as RUNS
from nra.testing.canned import canned_run
from nra.testing.canned_parts import window

MOST_BYTES = 300_000
FETCHES = {"script", "link", "img", "iframe", "object", "embed", "form", "input", "a", "base", "image", "use", "foreignObject"}
EVERY_RUN = pytest.mark.parametrize("kind", RUNS)
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></title><svg onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;b&gt;",
    "abc\u202egnp.exe\u2066\u200f",
    "\x00\x1b[31m\x07\ufffe",
    "a\tb\r\nc",
    "\udc80",
    "x" * 300,
    "",
)


def parsed(document: RunDocument) -> Element:
    """Return the page's tree; a page that is not valid HTML is an error."""
    tree: Element = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(render(document).decode())
    return tree


def name_of(element: Element) -> str:
    """Return an element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def named(tree: Element, name: str) -> list[Element]:
    """Return the elements of that name, of HTML and SVG."""
    return [element for element in tree.iter() if name_of(element) == name]


def words(element: Element) -> str:
    """Return the text of an element, runs of white space as one space."""
    return " ".join(" ".join(element.itertext()).split())


def hostile(name: str) -> RunDocument:
    """Return a run in which everything that comes from people or from the network is that name."""
    document = canned_run("bad", org=name, host=name, site=name, seat=name)
    assert document.voice is not None
    return replace(
        document,
        findings=tuple(replace(each, text=name, evidence=name, advice=name, where=name) for each in document.findings),
        firewall=tuple(
            replace(each, destination=name, evidence=name, service=name, purpose=name, allow_to=name, source=name)
            for each in document.firewall or ()
        ),
        metrics=tuple(replace(each, note=name, label=name) for each in document.metrics),
        voice=replace(
            document.voice,
            target=replace(document.voice.target, host=name, address=name),
            mos_by_codec=tuple(replace(each, codec=name, note=name) for each in document.voice.mos_by_codec),
            instrument=replace(document.voice.instrument, note=name),
        ),
        thresholds=replace(document.thresholds, name=name, source=name, checked=name),
    )


@EVERY_RUN
def test_needs_nothing_else(kind: str) -> None:
    """No script, no form, no link, no picture from elsewhere, nothing that a browser would fetch or run."""
    tree = parsed(canned_run(kind))
    names = {name_of(element) for element in tree.iter()}
    assert names.isdisjoint(
        {"script", "link", "img", "iframe", "object", "embed", "form", "input", "a", "base", "image", "use", "foreignObject"}
    )
    attributes = {attribute for element in tree.iter() for attribute in element.attrib}
    assert not [attribute for attribute in attributes if attribute.startswith("on") or attribute in ("src", "href", "style")]
    (style,) = named(tree, "style")
    assert not re.search(r"url\(|@import|expression|//", style.text or "")


@EVERY_RUN
def test_the_policy_lets_nothing_in_but_its_own_style(kind: str) -> None:
    """The policy's hash is that of the style sheet, byte for byte, and everything else is forbidden."""
    tree = parsed(canned_run(kind))
    (style,) = named(tree, "style")
    digest = b64encode(hashlib.sha256((style.text or "").encode()).digest()).decode()
    (policy,) = (each.get("content") for each in named(tree, "meta") if each.get("http-equiv") == "Content-Security-Policy")
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@EVERY_RUN
def test_shows_all_that_the_other_reports_show(kind: str) -> None:
    """Every row, fact and sentence of the view stands on the page, the verdict and its sentence first."""
    document = canned_run(kind)
    shown, tree = view(document), parsed(document)
    text = words(named(tree, "body")[0])
    head, _, reasons = shown.meaning[0].partition(": ")
    assert text.lower().startswith(f"{shown.overall} {head} {reasons}".lower())
    assert (named(tree, "title")[0].text, named(tree, "html")[0].get("lang")) == (shown.title, "en")
    if document.run.asked.only != "firewall":
        for row in shown.voip:
            assert f"{row.measurement} {row.result or '–'}" in text
            assert row.note in text
            assert row.expectation in text
    for port in shown.firewall:
        assert f"{port.port} {port.protocol} {port.service_alone} {port.destination}" in text
        assert port.evidence in text
    facts = {words(each) for each in named(tree, "dd")}
    assert {fact.value for fact in shown.facts} - {""} <= facts
    assert [sentence for sentence in (*shown.meaning[1:], *shown.advice) if sentence not in text] == []
    assert document.thresholds.source in text


def test_sections_stand_in_their_order() -> None:
    """The verdict, then VOIP and Firewall, then why, then who and how, then what it means and what to do."""
    assert [words(each) for each in named(parsed(canned_run("bad")), "h2")] == [
        "VOIP", "Firewall", "What the MOS lost", "Over time", "Delays, buffers, codecs", "The instrument", "The run",
        "What this means", "What to do", "Thresholds",
    ]  # fmt: skip


def test_what_was_not_measured_has_no_section_and_no_number() -> None:
    """Without voice there is no chart, no zero and no word of the program."""
    tree = parsed(canned_run("blocked"))
    assert [words(each) for each in named(tree, "h2")] == ["VOIP", "Firewall", "The run", "What this means", "What to do", "Thresholds"]
    assert not re.search(r"\b0 %|\b0\.00|\b0\.0 ms|None|nan", words(named(tree, "main")[0]))


@EVERY_RUN
def test_colour_never_stands_alone(kind: str) -> None:
    """Whatever has a verdict's colour says the word of that colour."""
    tree = parsed(canned_run(kind))
    coloured = [each for each in tree.iter() if "verdict" in (each.get("class") or "").split()]
    assert len(coloured) > 5
    assert all((each.get("class") or "").split() == ["verdict", KINDS[words(each)]] for each in coloured)


@EVERY_RUN
def test_can_be_read_without_seeing_it(kind: str) -> None:
    """Landmarks, headings, table headers with scope, labels that exist, pictures with title and description."""
    tree = parsed(canned_run(kind))
    assert [len(named(tree, name)) for name in ("main", "header", "footer", "h1")] == [1, 1, 1, 1]
    assert {each.get("scope") for each in named(tree, "th")} <= {"col", "row"}
    ids = Counter(each.get("id") for each in tree.iter() if each.get("id"))
    assert set(ids.values()) == {1}
    assert {name for each in tree.iter() for name in (each.get("aria-labelledby") or "").split()} <= set(ids)
    for picture in named(tree, "svg"):
        told = [words(each) for name in ("title", "desc") for each in named(picture, name)]
        assert picture.get("aria-hidden") == "true" or (picture.get("role") == "img" and len(list(filter(None, told))) == 2)
    summaries = [words(each) for each in named(tree, "summary")]
    assert len(summaries) == len(named(tree, "details"))
    assert not [text for text in summaries if text == "Explain"]


def test_nothing_moves_and_print_is_light() -> None:
    """There is nothing to reduce for those whom motion makes ill; dark colours are for screens only."""
    style = words(named(parsed(canned_run()), "style")[0])
    assert not re.search("animation|transition|scroll-behavior", style)
    assert "@media screen and (prefers-color-scheme: dark)" in style
    assert "@media print" in style


@pytest.mark.parametrize("name", HOSTILE)
def test_text_is_never_markup(name: str) -> None:
    """Whatever people type or a host answers, the page has the same elements and attributes as with a harmless name."""
    tree, harmless = parsed(hostile(name)), parsed(hostile("harmless"))
    shape = [[(element.tag, sorted(element.attrib)) for element in each.iter()] for each in (tree, harmless)]
    if clean(name):  # else there is nothing to show, and fewer rows
        assert shape[0] == shape[1]
        assert words(tree).count(clean(name)) > 20
    page = render(hostile(name)).decode()
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe]", page)


@EVERY_RUN
def test_is_small(kind: str) -> None:
    """Half a minute of voice fits in 300 KB by far."""
    assert len(render(canned_run(kind))) < MOST_BYTES


def test_a_day_is_small_too() -> None:
    """However long the stream was, the page stays in its 300 KB."""
    document = canned_run()
    assert document.voice is not None
    day = tuple(window(second, (0.123, 12.3 + second % 7), (4.56, 45.6 + second % 9), 123.4 + second % 5) for second in range(86_400))
    assert len(render(replace(document, voice=replace(document.voice, windows=day)))) < MOST_BYTES


def test_a_long_run_says_that_points_are_the_highest_of_many_seconds() -> None:
    """What a point stands for is said."""
    document = canned_run()
    assert document.voice is not None
    long = tuple(window(second, (0.0, 1.0), (0.0, 1.0), 20.0) for second in range(600))
    text = words(parsed(replace(document, voice=replace(document.voice, windows=long))))
    assert "Each point is the highest of 5 seconds of the stream" in text


def test_the_same_run_gives_the_same_bytes() -> None:
    """Nothing of the page depends on when or where it is printed."""
    assert render(canned_run("bad")) == render(canned_run("bad"))


@pytest.mark.peer
@pytest.mark.skipif(not (shutil.which("chromium") and shutil.which("pdftotext")), reason="Chromium or poppler-utils is not installed")
@pytest.mark.parametrize("kind", ["bad", "blocked"])
def test_prints_on_a_few_pages(kind: str, tmp_path: Path) -> None:
    """A browser prints the whole result, verdict first, no explanation that was not opened, and no page without text."""
    page, pdf = tmp_path / "run.html", tmp_path / "run.pdf"
    page.write_bytes(render(canned_run(kind)))
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}", "--no-pdf-header-footer"]
    subprocess.run(["chromium", *options, f"--print-to-pdf={pdf}", page.as_uri()], check=True, capture_output=True, timeout=100)
    text = subprocess.run(["pdftotext", "-layout", pdf, "-"], check=True, capture_output=True, text=True, timeout=60).stdout
    pages = text.rstrip("\f\n").split("\f")
    assert pages[0].split()[0] == "FAIL"
    assert 1 < len(pages) <= 4
    assert all(len(each.split()) > 20 for each in pages)
    assert "What to do" in text
    assert "Likely causes" not in text
