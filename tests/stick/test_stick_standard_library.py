"""Which modules of the standard library a stick needs."""

import pytest

from nra.stick.standard_library import wanted_module


@pytest.mark.parametrize(
    "path", ["os.py", "asyncio/base_events.py", "encodings/idna.py", "lib-dynload/_ssl.cpython-311-x86_64-linux-gnu.so"]
)
def test_wanted(path: str) -> None:
    """What programs import."""
    assert wanted_module(path)


@pytest.mark.parametrize(
    "path",
    ["test/test_os.py", "tkinter/__init__.py", "site-packages/pip/x.py", "config-3.11-x86_64/x.py", "unittest/test/y.py",
     "lib-dynload/_testcapi.cpython-311-x86_64-linux-gnu.so", "__pycache__/os.pyc", "antigravity.py"],
)  # fmt: skip
def test_unwanted(path: str) -> None:
    """Tests, what makes software, what needs a display."""
    assert not wanted_module(path)
