"""Fetch what judges the pages into a folder outside the project: `python tests/ui/fetch_checkers.py`.

axe-core (accessibility, runs in the browser) and html-validate (needs node), pinned, by npm; no script of theirs runs while they are
installed. Tests that need them are skipped where they are not.
"""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

CHECKERS: Final = ("axe-core@4.14.1", "html-validate@9.7.1")
CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nra-tests"
FOLDER: Final = CACHE / f"npm-{hashlib.sha256(' '.join(CHECKERS).encode()).hexdigest()[:8]}"  # other versions, another folder
AXE: Final = FOLDER / "node_modules" / "axe-core" / "axe.min.js"
HTML_VALIDATE: Final = FOLDER / "node_modules" / "html-validate" / "bin" / "html-validate.mjs"
DEADLINE_S: Final = 300


def fetch() -> None:
    """Fetch both, unless they are there; whatever was fetched is whole or absent."""
    if FOLDER.is_dir():
        return
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is not installed")
    fresh = FOLDER.with_name(f"{FOLDER.name}.{os.getpid()}")
    fresh.mkdir(parents=True)
    words = (npm, "install", "--prefix", str(fresh), "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", *CHECKERS)
    try:
        subprocess.run(words, check=True, timeout=DEADLINE_S, cwd=fresh)
        fresh.rename(FOLDER)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


if __name__ == "__main__":
    fetch()
