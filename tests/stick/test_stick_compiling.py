"""Modules as `.pyc` files that FAT's coarse times cannot make stale."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from stick_parts import MINOR

from nra.stick.compiling import compile_in_place, interpreter

UNCHECKED = 0b01  # PEP 552: by hash, and the hash is not looked at


def test_compiled_in_place(tmp_path: Path) -> None:
    """No source is left but what does not compile; times do not matter, and the folder's name is nowhere in it."""
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack/__init__.py").write_text("here = __file__\n")
    (tmp_path / "pack/broken.py").write_text("def (:\n")
    (tmp_path / "pack/data.txt").write_text("x")
    compile_in_place(sys.executable, tmp_path)
    assert sorted(path.name for path in (tmp_path / "pack").iterdir()) == ["__init__.pyc", "broken.py", "data.txt"]
    compiled = (tmp_path / "pack/__init__.pyc").read_bytes()
    assert compiled[4:8] == bytes([UNCHECKED, 0, 0, 0])
    assert str(tmp_path).encode() not in compiled
    os.utime(tmp_path / "pack/__init__.pyc", (0, 0))
    words = [sys.executable, "-S", "-c", "import pack; print(pack.here)"]
    assert subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.strip().endswith("__init__.pyc")


def test_who_compiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This Python for its own minor version; none for one that is not here, or whose program does not run here."""
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "python3.99").write_bytes(b"\x7fELF not really")
    (tmp_path / "python3.99").chmod(0o755)
    assert interpreter(MINOR, None) == sys.executable
    assert interpreter("3.99", tmp_path / "python3.99") is None


@pytest.mark.skipif(os.name == "nt", reason="a script stands for a Python")
def test_the_stick_s_own_python_compiles_where_it_runs(tmp_path: Path) -> None:
    """It is asked for its version, not believed by its name."""
    own = tmp_path / "python3"
    own.write_text("#!/bin/sh\necho 3.99\n")
    own.chmod(0o755)
    assert interpreter("3.99", own) == str(own)
    assert interpreter("3.98", own) is None
