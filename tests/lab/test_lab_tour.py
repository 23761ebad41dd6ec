"""An admin's day: one stick, eight workstations at two sites measured through lines of the lab, one workbook, the right sentence.

In the evening the stick is full once and pulled twice. Nothing of it is lost, and nothing half-written has a final name.
"""

import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from time import sleep
from typing import Final

import pytest
from fetch_fixtures import OWN_WHEELS
from lab_programs import Program
from lab_world import CLIENT, MIDDLE, MIDDLE_ADDRESS, PORT, SERVER_ADDRESS, World, need, start_reflector
from openpyxl import load_workbook
from whole_stick import made

from nra.archive.document import decode
from nra.testing.impairment import Impairment
from nra.testing.relay_orders import impairment_json

pytestmark = pytest.mark.namespaces

SITES: Final = ("Leeds", "Bonn")
SEATS: Final = 4
TRIES: Final = 4
INCONCLUSIVE: Final = 3
BAD: Final = {"one bad PC": {("Leeds", 2)}, "one bad site": {("Leeds", seat) for seat in range(SEATS)}, "all good": set[tuple[str, int]]()}
SENTENCES: Final = {
    "one bad PC": r"leeds-2 at Leeds fails Up Packet Loss in (\d) of \1 runs; 0 of 3 other workstations at Leeds fail",
    "one bad site": r"4 of 4 workstations at Leeds fail Up Packet Loss.*; 0 of 4 elsewhere: look at the line of Leeds",
    "all good": r"0 of 8 workstations fail any measurement",
}
LOSSY: Final = impairment_json(Impairment(loss=0.08, seed=12))
RUN: Final = ("run", "--region", "eu-central-1", "--org", "Muster", "--only", "voice", "--duration", "4", "--quiet")
NAMED: Final = 'hostname "$1" && shift && exec "$@"'  # in a UTS namespace of its own: each workstation has its name
PUNCTUAL: Final = ("chrt", "--fifo", "10")  # whatever else runs here: an unsteady workstation would have no verdict
END_S: Final = 60.0
SMALL: Final = "size=400k"


@pytest.fixture(scope="module")
def stick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stick with the running Python."""
    if not sys.platform.startswith("linux"):
        pytest.skip("only a Linux Python can be taken from the machine")
    folder, _ = made(tmp_path_factory.mktemp("tour") / "stick", "linux_x86_64", None, OWN_WHEELS)
    return folder


def plugged_in(world: World, stick: Path, name: str, *words: str) -> Program:
    """Start the stick's program at the workstation of that name."""
    return world.start(CLIENT, "unshare", "--uts", "sh", "-c", NAMED, "sh", name, *PUNCTUAL, "sh", str(stick / "nra.sh"), *words)


def tour(world: World, stick: Path, bad: set[tuple[str, int]]) -> dict[str, int]:
    """Measure at one workstation after the other, again where a busy machine left no verdict; return the last exit codes."""
    start_reflector(world)
    codes: dict[str, int] = {}
    for number, (site, seat) in enumerate((site, seat) for site in SITES for seat in range(SEATS)):
        name, reflector = f"{site.lower()}-{seat}", f"{SERVER_ADDRESS}:{PORT}"
        if (site, seat) in bad:
            reflector = f"{MIDDLE_ADDRESS}:{PORT + number}"
            ends = ("--listen", reflector, "--to", f"{SERVER_ADDRESS}:{PORT}", "--record", f"{number}.jsonl")
            world.python(MIDDLE, "-m", "nra.testing.relay", *ends, "--up", LOSSY).wait_for("listening on")
        for _ in range(TRIES):
            codes[name] = plugged_in(world, stick, name, *RUN, "--site", site, "--reflector", reflector).end(END_S).code
            if codes[name] != INCONCLUSIVE:
                break
    return codes


def compiled(world: World, stick: Path) -> list[str]:
    """Compile on the stick itself; return what stands in the workbook as LibreOffice draws it, page by page."""
    done = plugged_in(world, stick, "admin", "compile", str(stick / "results"), "-o", "site.xlsx").end(END_S)
    assert done.code == 0, done.err
    office = ("libreoffice", "--headless", f"-env:UserInstallation=file://{world.folder}/office", "--convert-to", "pdf", "site.xlsx")
    subprocess.run(office, cwd=world.folder, check=True, capture_output=True, timeout=END_S)
    text = subprocess.run(("pdftotext", "-layout", "site.pdf", "-"), cwd=world.folder, check=True, capture_output=True, text=True).stdout
    return text.split("\f")


def sentences(world: World) -> str:
    """Return what the workbook says first, above its summary."""
    sheet = load_workbook(BytesIO((world.folder / "site.xlsx").read_bytes()), read_only=True)["Summary"]
    return "\n".join(str(cell) for (cell, *_) in sheet.iter_rows(max_row=12, values_only=True) if cell)


@pytest.mark.parametrize("case", BAD)
def test_the_sentence_is_right(world: World, stick: Path, tmp_path: Path, case: str) -> None:
    """One bad PC, one bad site, all good: said in words with the numbers behind it, and LibreOffice draws the workbook."""
    need("chrt", "unshare", "libreoffice", "pdftotext")
    shutil.rmtree(stick / "results", ignore_errors=True)
    codes = tour(world, stick, BAD[case])
    assert codes == {f"{site.lower()}-{seat}": int((site, seat) in BAD[case]) for site in SITES for seat in range(SEATS)}
    documents = [decode(path.read_bytes()) for path in (stick / "results").glob("*.json")]
    assert {(document.run.host.name, document.run.site) for document in documents} == {
        (f"{site.lower()}-{seat}", site) for site in SITES for seat in range(SEATS)
    }
    pages = compiled(world, stick)
    assert re.search(SENTENCES[case], sentences(world), re.IGNORECASE), sentences(world)
    assert len(pages) > 3


@contextmanager
def small_results(stick: Path) -> Iterator[Path]:
    """Put a file system with room for a run or two under the stick's results."""
    folder = stick / "results"
    folder.mkdir(exist_ok=True)
    subprocess.run(("mount", "-t", "tmpfs", "-o", SMALL, "tmpfs", str(folder)), check=True, timeout=END_S)
    try:
        yield folder
    finally:
        subprocess.run(("umount", str(folder)), check=True, timeout=END_S)


def test_a_stick_that_is_full_or_pulled(world: World, stick: Path) -> None:
    """Full: one line, exit code 2. Killed at whatever moment: what has a final name is whole, and the workbook takes it."""
    need("chrt", "unshare", "libreoffice", "pdftotext", "mount")
    start_reflector(world)
    words = (*RUN[:-1], "--site", "Leeds", "--reflector", SERVER_ADDRESS, "--duration", "2")
    with small_results(stick) as folder:
        assert plugged_in(world, stick, "first", *words).end(END_S).code in (0, 3)
        (folder / "holiday.jpg").write_bytes(bytes(shutil.disk_usage(folder).free - 8192))
        full = plugged_in(world, stick, "second", *words).end(END_S)
        assert (full.code, "No space left" in full.err, "Traceback" in full.err) == (2, True, False)
        (folder / "holiday.jpg").unlink()
        chance = random.Random(20261126)
        for number in range(2):
            pulled = plugged_in(world, stick, f"pulled-{number}", *words)
            sleep(chance.uniform(2.5, 5.0))  # somewhere between the stream's end and the last file
            pulled.kill()
        finals = [path for path in folder.iterdir() if not path.name.startswith(".")]
        assert all(decode(path.read_bytes()).run.site == "Leeds" for path in finals if path.suffix == ".json")
        assert all(load_workbook(BytesIO(path.read_bytes())).sheetnames for path in finals if path.suffix == ".xlsx")
        assert any("first" in page for page in compiled(world, stick))
