"""The pages point at what exists, and leave out nothing that must be there."""

import re
from pathlib import Path
from typing import Final

import pytest

from nra.cli import COMMANDS

ROOT: Final = Path(__file__).resolve().parents[2]
PAGES: Final = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "tests").rglob("*.md")])
LINK: Final = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
NAMED: Final = re.compile(r"`((?:nra|tests|docs|examples|benchmarks)/[\w./-]+)`")
NOT_YET: Final = {"nra/wire/coap.py", "nra/probes/coap_ping.py"}  # what the reader of adding-a-probe.md would write


def name(page: Path) -> str:
    """Return a page's path inside the project."""
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_and_paths_lead_somewhere(page: Path) -> None:
    """A page that sends its reader to a file names one that is there."""
    text = page.read_text("utf-8")
    linked = {link for link in LINK.findall(text) if "://" not in link}
    named = set(NAMED.findall(text)) - NOT_YET
    assert [link for link in linked if not (page.parent / link).exists()] == []
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_house_is_drawn_whole() -> None:
    """docs/design.md has a row for every room of nra/, in both tables."""
    rooms = {path.parent.name for path in (ROOT / "nra").glob("*/__init__.py")}
    what, who = (ROOT / "docs" / "design.md").read_text("utf-8").split("## Who may know whom")
    assert set(re.findall(r"^\| `nra/(\w+)` \|", what, re.MULTILINE)) == rooms
    subjects = "".join(line.split("|")[1] for line in who.splitlines() if line.startswith("| `"))
    assert set(re.findall(r"`(\w+)`", subjects)) == rooms


def test_decisions_are_numbered_and_listed() -> None:
    """Each decision says context, choice and price, bears the next number, and stands in the list."""
    folder = ROOT / "docs" / "decisions"
    files = sorted(folder.glob("0*.md"))
    listed = re.findall(r"^\* \[(\d{4})\]\((\S+)\)", (folder / "README.md").read_text("utf-8"), re.MULTILINE)
    assert listed == [(f"{number:04}", path.name) for number, path in enumerate(files, start=1)] != []
    for number, path in listed:
        text = (folder / path).read_text("utf-8")
        assert path.startswith(number)
        assert text.startswith(f"# {number} ")
        assert re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE) == ["Context", "Choice", "Price"]


def test_the_glossary_is_in_order() -> None:
    """Words are found where they are looked for."""
    words = re.findall(r"^\| ([^|]+?) \| [^|]+ \|$", (ROOT / "docs" / "glossary.md").read_text("utf-8"), re.MULTILINE)[1:]
    assert words == sorted(words, key=str.casefold)
    assert {"STAMP", "Session-Sender", "Session-Reflector", "SSID", "TLV", "PDV", "IPDV", "basis", "ladder", "control"} <= set(words)


def test_every_command_is_named_in_the_readme() -> None:
    """Whoever reads the README knows what the program can do."""
    readme = (ROOT / "README.md").read_text("utf-8")
    assert [command for command in COMMANDS if f"`nra {command}" not in readme and f"$ nra {command}" not in readme] == []


def test_every_benchmark_has_a_row_in_its_page() -> None:
    """docs/benchmarks.md keeps the tables that `make bench` and `make soak` print; – is yet to be measured."""
    measured = [what for path in (ROOT / "benchmarks").glob("*.py") for what in re.findall(r'what="([^"]+)"', path.read_text("utf-8"))]
    rows = re.findall(
        r"^\| (.+?) \| .* \| .* \| (?:[\d.]+|–) \| .* \|$", (ROOT / "docs" / "benchmarks.md").read_text("utf-8"), re.MULTILINE
    )
    assert sorted(rows) == sorted(measured) != []
