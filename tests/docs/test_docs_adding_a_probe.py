"""docs/adding-a-probe.md is examples/coap_probe.py, cut into pieces."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def lines(text: str) -> list[str]:
    """Return the lines that say something."""
    return [line for line in text.splitlines() if line.strip()]


def test_the_page_and_the_example_are_the_same_program() -> None:
    """A reader who types the page gets the program that CI runs."""
    page = (ROOT / "docs" / "adding-a-probe.md").read_text("utf-8")
    example = (ROOT / "examples" / "coap_probe.py").read_text("utf-8")
    assert lines("".join(BLOCK.findall(page))) == lines(example) != []
