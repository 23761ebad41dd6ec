"""Where a stick's Python looks for modules."""

import pytest

from nra.stick.search_path import search_path
from nra.stick.targets import TARGETS


def test_on_windows() -> None:
    """Beside the DLL and by its name, backslashes and CRLF as python.org has them; site is not imported."""
    assert search_path(TARGETS["win_amd64"], "3.13.2") == (
        "python313._pth",
        b"python313.zip\r\n.\r\n..\\..\\site\\win_amd64\\pure.zip\r\n..\\..\\site\\win_amd64\r\n",
    )


@pytest.mark.parametrize("name", ["linux_x86_64", "macos_arm64"])
def test_elsewhere(name: str) -> None:
    """Beside the program, from the folder bin."""
    path, content = search_path(TARGETS[name], "3.11.7")
    assert path == "bin/python3._pth"
    assert content.decode() == f"../python311.zip\n../lib-dynload\n../../../site/{name}/pure.zip\n../../../site/{name}\n"
