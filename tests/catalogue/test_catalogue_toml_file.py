"""A TOML file of the user's: what cannot be used is said with file and line."""

from pathlib import Path

import pytest

from nra.catalogue.decode import CatalogueError
from nra.catalogue.toml_file import MOST_BYTES, TomlFile, line_of


@pytest.mark.parametrize(
    ("text", "keys", "line"),
    [
        ("[a]\nx = 1\n\ny = 2\n", ("a", "y"), 4),
        ("[a]\nx = '''\ny = 2\n'''\ny = 3\n", ("a", "y"), 5),
        ("[a]\nx = [\n 1,\n]\n", ("a", "x"), 2),
        ("a = { x = 1 }\n", ("a", "x"), 1),
        ("[b]\ny = 1\n[a]\ny = 2\n", ("a", "y"), 4),
        ("[b]\n\n[a]\n", ("a",), 3),
        ("[[a]]\nx = 1\n\n[[a]]\ny = 2\nx = 3\n", ("a", 1, "x"), 6),
        ("[[a]]\nx = 1\n", ("a", 1, "x"), 1),
    ],
)
def test_lines_are_counted_by_the_parser_not_by_patterns(text: str, keys: tuple[str | int, ...], line: int) -> None:
    """Look-alikes inside of texts, inline tables and arrays of several lines do not mislead."""
    assert line_of(text, *keys) == line


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"a = 1\nb = \n", ":2: "),
        (b"a = 1\n[b", ":2: "),
        (b"\xff", ": not UTF-8 text (byte 0)"),
        (b"a=" + b"[" * 100_000, ": cannot be read: RecursionError"),
        (b"#" * (MOST_BYTES + 1), ": cannot be read: larger than"),
        (None, ": cannot be read: No such file or directory"),
    ],
)
def test_what_cannot_be_read_is_one_line_that_names_the_file(tmp_path: Path, data: bytes | None, complaint: str) -> None:
    """A mistake in the syntax also names its line."""
    path = tmp_path / "f.toml"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(CatalogueError) as caught:
        TomlFile.read(path)
    assert str(caught.value).startswith(f"{path}{complaint}")
    assert len(str(caught.value).splitlines()) == 1


def test_a_misfit_names_the_line(tmp_path: Path) -> None:
    """Byte order mark and Windows' line ends do not shift it."""
    (tmp_path / "f.toml").write_bytes(b"\xef\xbb\xbf[a]\r\nx = 1\r\ny = 2\r\n")
    assert str(TomlFile.read(tmp_path / "f.toml").misfit("no", "a", "y")) == f"{tmp_path / 'f.toml'}:3: no"
