"""Start-up stays light: what is not needed is not imported."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {
    "starlette",
    "uvicorn",
    "numpy",
    "pandas",
    "openpyxl",
    "jinja2",
    "scapy",
    "rich",
    "asyncio",
    "msgspec",
    "aioquic",
    "psutil",
    "cryptography",
    "ssl",
    "socket",
    "tomllib",
}
MEASURING = {"numpy", "pandas", "openpyxl", "jinja2", "scapy", "rich", "asyncio", "aioquic", "cryptography", "ssl", "socket"}

PROBE = """
import sys
sys.argv = ["nra", *{words!r}]
from nra.cli import main
try:
    main()
except SystemExit as exit:
    print(exit.code, *sorted({heavy!r} & set(sys.modules)), file=sys.stderr)
"""


def loaded(words: list[str], heavy: set[str], folder: Path) -> list[str]:
    """Return the exit code and which of the heavy packages a command line has imported, in a fresh interpreter."""
    found = subprocess.run(
        [sys.executable, "-c", PROBE.format(words=words, heavy=heavy)],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "HOME": str(folder), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    return found.stderr.split()


@pytest.mark.parametrize("words", [["--help"], ["--version"]])
def test_help_and_version_import_nothing_heavy(words: list[str], tmp_path: Path) -> None:
    """On a stick every import is read over USB; an overview of the commands needs click alone."""
    assert loaded(words, HEAVY, tmp_path) == ["0"]


@pytest.mark.parametrize("words", [["regions"], ["regions", "eu-central-1", "--json"], ["mos", "--codec", "g711"], ["gate", "--help"]])
def test_calculators_and_lists_do_not_import_the_instrument(words: list[str], tmp_path: Path) -> None:
    """The catalogue and the E-model need neither arrays nor sockets."""
    assert loaded(words, MEASURING, tmp_path) == ["0"]


def test_the_help_of_compile_imports_no_table_maker(tmp_path: Path) -> None:
    """pandas, openpyxl and pyarrow come when there are runs to compile."""
    assert loaded(["compile", "--help"], MEASURING | {"pyarrow", "msgspec"}, tmp_path) == ["0"]


def test_a_configuration_file_does_not_import_the_instrument(tmp_path: Path) -> None:
    """Checking the tables imports the commands that they name, but not what those commands will need."""
    (tmp_path / "nra.toml").write_text("[mos]\ncodec = 'g729'\n[regions]\njson = true\n")
    assert loaded(["mos"], MEASURING, tmp_path) == ["0"]
