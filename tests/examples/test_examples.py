"""The examples run, and print what they say that they print."""

import runpy
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PRINTING = sorted(path for path in EXAMPLES.glob("*.py") if path.stem != "coap_probe")


def promised(path: Path) -> str:
    """Return what the example's docstring says that it prints: what follows its first paragraph."""
    docstring = path.read_text("utf-8").split('"""')[1]
    return docstring.partition(":\n\n")[2]


@pytest.mark.parametrize("path", PRINTING, ids=lambda path: path.stem)
def test_an_example_prints_what_it_promises(path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """An example that no longer runs as it reads is worse than none."""
    monkeypatch.setattr(sys, "argv", [str(path)])
    runpy.run_path(str(path), run_name="__main__")
    assert capsys.readouterr().out == promised(path) != ""


def test_a_run_document_can_be_named_on_the_command_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """read_run_document.py reads the files that `nra run` writes."""
    golden = EXAMPLES.parent / "tests" / "runs" / "good.json"
    monkeypatch.setattr(sys, "argv", ["read_run_document.py", str(golden)])
    runpy.run_path(str(EXAMPLES / "read_run_document.py"), run_name="__main__")
    assert capsys.readouterr().out.splitlines()[0].endswith(": PASS")
