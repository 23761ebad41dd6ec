"""What is typed into the form: what is refused, what becomes of it, and what is remembered."""

from pathlib import Path

import pytest

from nra.ui.words import LONGEST, Memory, Words, blamed, problems

GOOD = Words(region="eu-central-1", org="Muster GmbH")


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (GOOD, []),
        (Words(region="local", org="-x --out=/ <b>"), []),
        (Words(), ["region", "org"]),
        (Words(region="eu-centrall-1", org="x"), ["region"]),
        (Words(region="local", org="x" * (LONGEST + 1)), ["org"]),
        (Words(region="local", org="a\0b", site="\x1b[31m"), ["org", "site"]),
        (Words(region="local", org="a", reflector="h\n"), ["reflector"]),
    ],
)
def test_what_is_wrong_is_said_of_its_field(words: Words, wrong: list[str]) -> None:
    """Each field that cannot be measured with is named."""
    assert sorted(problems(words)) == sorted(wrong)


def test_a_word_stays_a_word() -> None:
    """Whatever is typed cannot become an option; blanks around it fall away, what is not known too."""
    words = Words.of({"org": "  --out=/etc ", "region": "local", "site": "", "out": "/etc", "format": "html"})
    assert words.options() == ["--region=local", "--org=--out=/etc"]


def test_it_is_remembered_over_what_is_configured(tmp_path: Path) -> None:
    """What was typed last fills the form; nra.toml fills what was left empty."""
    configured = Words(region="us-east-1", reflector="reflector.example.net")
    memory = Memory(tmp_path / "nra")
    assert memory.recall(configured) == configured
    memory.keep(GOOD)
    assert memory.recall(configured) == Words(region="eu-central-1", org="Muster GmbH", reflector="reflector.example.net")
    assert [path.name for path in (tmp_path / "nra").iterdir()] == ["ui.json"]


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"org": 5}', b"\xff\xfe", b"{" * 100_000])
def test_a_memory_that_is_damaged_is_none(data: bytes, tmp_path: Path) -> None:
    """The form is then as it is configured, and the next start mends the file."""
    (tmp_path / "ui.json").write_bytes(data)
    assert Memory(tmp_path).recall(GOOD) == GOOD
    Memory(tmp_path).keep(GOOD)
    assert Memory(tmp_path).recall(Words()) == GOOD


def test_where_nothing_can_be_written_nothing_is_remembered(tmp_path: Path) -> None:
    """No folder, or a file in its place, does not keep anybody from measuring."""
    (tmp_path / "file").write_bytes(b"")
    for folder in (None, tmp_path / "file" / "nra"):
        Memory(folder).keep(GOOD)
        assert Memory(folder).recall(Words()) == Words()


def test_what_nra_run_finds_wrong_is_said_of_its_field() -> None:
    """Its complaint about an option that the form has stands beside that field; any other is no field's."""
    assert blamed("Invalid value for '--reflector': '::1': expected HOST[:PORT]") == {"reflector": "'::1': expected HOST[:PORT]"}
    assert blamed("Invalid value for '--duration': 0 is too short") == {}
    assert blamed("--key-file: no such file") == {}


@pytest.mark.parametrize(
    ("reflector", "right"),
    [
        ("", True), ("a.example", True), ("a.example:1", True), ("[2001:db8::1]:65535", True), ("2001:db8::1", True),
        ("a.example:0", False), ("a.example:65536", False), ("a.example:", False), ("a.example:x", False), ("[2001:db8::1]:99999", False),
    ],
)  # fmt: skip
def test_a_reflector_whose_port_cannot_be_one_is_not_even_remembered(reflector: str, right: bool) -> None:
    """It is said beside the field before anything is kept or started."""
    assert ("reflector" not in problems(Words(region="local", org="x", reflector=reflector))) is right
