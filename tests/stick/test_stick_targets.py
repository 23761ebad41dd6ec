"""Which system a program file is for."""

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stick_parts import elf, macho, pe

from nra.cli.stick import TARGETS as TYPED
from nra.stick.targets import TARGETS, target_of


@pytest.mark.parametrize(
    ("binary", "name"),
    [
        (pe(0x8664), "win_amd64"),
        (pe(0xAA64), "win_arm64"),
        (pe(0x014C), None),  # 32 bits
        (elf(62), "linux_x86_64"),
        (elf(183), None),  # ARM
        (macho(0x0100000C), "macos_arm64"),
        (macho(0x01000007), "macos_x86_64"),
        (macho(0x0000000C), None),
        (b"#!/bin/sh\n", None),
        (b"", None),
    ],
)
def test_a_program_says_what_it_runs_on(binary: bytes, name: str | None) -> None:
    """PE, ELF and Mach-O headers; anything else is for nobody."""
    assert target_of(binary) == name


@given(st.binary(max_size=200) | st.sampled_from([pe(), elf(), macho()]).flatmap(lambda whole: st.integers(0, 80).map(lambda n: whole[:n])))
def test_no_file_is_too_strange(binary: bytes) -> None:
    """Torn and arbitrary bytes are for some target or for none."""
    assert target_of(binary) in {None, *TARGETS}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's program is Linux's")
def test_this_python_is_known() -> None:
    """A real program, not only made-up headers."""
    assert target_of(Path(sys.executable).read_bytes()) in {"linux_x86_64", None}


def test_what_can_be_typed_is_what_there_is() -> None:
    """The command line has the names without importing the room."""
    assert tuple(TARGETS) == TYPED
