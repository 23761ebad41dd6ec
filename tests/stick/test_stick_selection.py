"""What goes onto a stick, where, and under which names."""

import pytest

from nra.stick.selection import kept, misfits, place


@pytest.mark.parametrize(
    "path",
    [
        "click/core.py",
        "certifi/cacert.pem",
        "numpy/_core/_multiarray_umath.cp313-win_amd64.pyd",
        "numpy.libs/libscipy_openblas64_-13e2df51.dll",
        "click-8.4.1.dist-info/METADATA",
        "click-8.4.1.dist-info/licenses/LICENSE.txt",
        "numpy-2.4.6.dist-info/licenses/numpy/random/LICENSE.md",
        "nra/catalogue/data/regions.toml",
        "nra/stick/data/nra.cmd",
        "numpy/_pytesttester.py",
        "rich/_unicode_data/unicode10-0-0.py",
    ],
)
def test_what_is_needed_is_kept(path: str) -> None:
    """Code, data, versions and every licence."""
    assert kept(path)


@pytest.mark.parametrize(
    "path",
    [
        "numpy/_core/tests/test_umath.py",
        "numpy/_core/include/numpy/arrayobject.h",
        "numpy/f2py/crackfortran.py",
        "numpy/__init__.pyi",
        "click/py.typed",
        "click/__pycache__/core.cpython-313.pyc",
        "click-8.4.1.dist-info/RECORD",
        "bin/f2py",
        "nra/testing/relay.py",
        "pycparser/c_parser.py",
    ],
)
def test_what_only_developers_need_stays_behind(path: str) -> None:
    """Every file costs a cluster and a look over USB."""
    assert not kept(path)


def test_packages_are_not_torn() -> None:
    """A package with native code stays files as a whole, and so do those that need paths; all else goes into the archive."""
    placed = place(["b/x.so", "b/y.py", "a/z.py", "_one.cp313-win_amd64.pyd", "certifi/cacert.pem", "nra/cli/run.py", "c.libs/c.so.1.2"])
    assert placed.zipped == ("a/z.py", "nra/cli/run.py")
    assert placed.unpacked == ("_one.cp313-win_amd64.pyd", "b/x.so", "b/y.py", "c.libs/c.so.1.2", "certifi/cacert.pem")


@pytest.mark.parametrize(
    "path",
    ["a:b", "what?.py", "trailing.", "folder /x", "CON", "sub/aux.json", "lpt9.csv", "nul", "x" * 151, "back\\slash", 'quo"te', "tab\t"],
)
def test_names_that_a_stick_cannot_hold_are_found(path: str) -> None:
    """Illegal on FAT32 and exFAT, or reserved on Windows, or too long behind a drive and a folder."""
    assert misfits([path, "fine.txt"]) == [path]


def test_names_that_differ_in_case_alone_are_found() -> None:
    """On a stick they would be one file."""
    assert misfits(["a/README", "a/Readme", "b"]) == ["a/README", "a/Readme"]
    assert misfits(["console.txt", "com10.txt", "a.b.c"]) == []
