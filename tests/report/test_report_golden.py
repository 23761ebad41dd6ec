"""Golden run documents give golden reports, byte for byte; `python tests/runs/regenerate.py` writes them anew."""

import locale
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nra.archive.document import decode, encode
from nra.archive.naming import FIREWALL_REQUEST
from nra.report.firewall_request import firewall_request
from nra.report.html import render as page
from nra.report.text import parse, render
from nra.report.view import view
from nra.testing.canned import KINDS, canned_run

RUNS = Path(__file__).parent.parent / "runs"
GOLDEN = sorted(path.stem for path in RUNS.glob("*.json"))
LOCALES = ("C", "de_DE.UTF-8", "tr_TR.UTF-8", "fr_FR.UTF-8", "ar_EG.UTF-8")
UNDER_LOCALE = """
import locale, sys
from pathlib import Path
try:
    locale.setlocale(locale.LC_ALL, "")
except locale.Error:
    sys.exit(77)
from nra.archive.document import encode, read
from nra.report.firewall_request import firewall_request
from nra.report.html import render as page
from nra.report.text import render
for path in sorted(Path(sys.argv[1]).glob("*.json")):
    document = read(path)
    assert encode(document) == path.read_bytes()
    request = firewall_request(document)
    sys.stdout.buffer.write(render(document) + page(document) + (request.text + request.table if request else b""))
"""


def requested(name: str) -> list[bytes]:
    """Return the golden firewall request, letter and table; nothing where that run has none."""
    paths = [RUNS / f"{name}{FIREWALL_REQUEST}.{extension}" for extension in ("txt", "csv")]
    return [path.read_bytes() for path in paths if path.exists()]


def test_there_is_a_golden_run_of_every_kind() -> None:
    """Every canned kind has its golden document, which is the document as it is written today."""
    assert set(GOLDEN) >= set(KINDS)
    for kind in KINDS:
        assert (RUNS / f"{kind}.json").read_bytes() == encode(canned_run(kind))


@pytest.mark.parametrize("name", GOLDEN)
def test_text_is_golden(name: str) -> None:
    """The text report of a golden document has the golden bytes."""
    document = decode((RUNS / f"{name}.json").read_bytes())
    assert render(document) == (RUNS / f"{name}.txt").read_bytes()


@pytest.mark.parametrize("name", GOLDEN)
def test_firewall_request_is_golden(name: str) -> None:
    """The firewall request of a golden document has the golden bytes, and a run that needs none has none."""
    request = firewall_request(decode((RUNS / f"{name}.json").read_bytes()))
    assert requested(name) == ([request.text, request.table] if request else [])


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_text_reads_back(name: str) -> None:
    """A golden report read back holds what was printed."""
    document = decode((RUNS / f"{name}.json").read_bytes())
    assert parse((RUNS / f"{name}.txt").read_bytes()) == view(document)


@pytest.mark.parametrize("name", LOCALES)
def test_same_bytes_under_every_locale(name: str) -> None:
    """Decimal commas, the Turkish i and Arabic digits change nothing (contract 4.2; docs/traps.md, trap 11)."""
    environment = {**os.environ, "LC_ALL": name, "LANG": name, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run([sys.executable, "-c", UNDER_LOCALE, str(RUNS)], capture_output=True, env=environment, check=False, timeout=60)
    if done.returncode == 77:
        pytest.skip(f"locale {name} is not installed")
    assert done.stderr == b""
    pages = {name: page(decode((RUNS / f"{name}.json").read_bytes())) for name in GOLDEN}
    assert done.stdout == b"".join((RUNS / f"{name}.txt").read_bytes() + pages[name] + b"".join(requested(name)) for name in GOLDEN)


def test_locale_test_can_see_a_difference() -> None:
    """The locales that the test above uses do differ where numbers are formatted by locale (here: decimal comma)."""
    before = locale.setlocale(locale.LC_NUMERIC)
    try:
        locale.setlocale(locale.LC_NUMERIC, "de_DE.UTF-8")
        assert locale.format_string("%.1f", 1.5) == "1,5"
    except locale.Error:
        pytest.skip("locale de_DE.UTF-8 is not installed")
    finally:
        locale.setlocale(locale.LC_NUMERIC, before)
