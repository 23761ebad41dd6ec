"""The systems that a stick can be made for, one line each, and which of them a program file is for."""

import struct
from dataclasses import dataclass
from enum import Enum
from typing import Final


class System(Enum):
    """A family of targets that share the shape of their runtime and their launcher."""

    WINDOWS = "Windows"
    LINUX = "Linux"
    MACOS = "macOS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One system and processor; `platform` is what uv calls it."""

    name: str
    system: System
    platform: str

    @property
    def runtime(self) -> str:
        """The folder of its Python, from the stick's root."""
        return f"rt/{self.name}"

    @property
    def packages(self) -> str:
        """The folder of its packages, from the stick's root."""
        return f"site/{self.name}"

    @property
    def python(self) -> str:
        """Its Python, from the folder of the runtime."""
        return "python.exe" if self.system is System.WINDOWS else "bin/python3"


TARGETS: Final = {
    target.name: target
    for target in (
        Target(name="win_amd64", system=System.WINDOWS, platform="x86_64-pc-windows-msvc"),
        Target(name="win_arm64", system=System.WINDOWS, platform="aarch64-pc-windows-msvc"),
        Target(name="linux_x86_64", system=System.LINUX, platform="x86_64-manylinux_2_28"),
        Target(name="macos_arm64", system=System.MACOS, platform="aarch64-apple-darwin"),
        Target(name="macos_x86_64", system=System.MACOS, platform="x86_64-apple-darwin"),
    )
}
PE_MACHINES: Final = {0x8664: "win_amd64", 0xAA64: "win_arm64"}  # Microsoft PE format, "Machine types"
ELF_X86_64: Final = b"\x7fELF\x02\x01"  # 64 bits, little-endian
ELF_MACHINE: Final = 62  # EM_X86_64, at octet 18
MACHO_64: Final = b"\xcf\xfa\xed\xfe"
MACHO_CPUS: Final = {0x01000007: "macos_x86_64", 0x0100000C: "macos_arm64"}  # mach/machine.h
PE_POINTER: Final = 0x3C


def target_of(binary: bytes) -> str | None:
    """Return the name of the target that a program file (its first kilobytes do) runs on, None for any other file."""
    try:
        if binary.startswith(b"MZ"):
            (header,) = struct.unpack_from("<I", binary, PE_POINTER)
            magic, machine = struct.unpack_from("<4sH", binary, header)
            return PE_MACHINES.get(machine) if magic == b"PE\0\0" else None
        if binary.startswith(ELF_X86_64):
            return "linux_x86_64" if struct.unpack_from("<H", binary, 18)[0] == ELF_MACHINE else None
        if binary.startswith(MACHO_64):
            return MACHO_CPUS.get(struct.unpack_from("<I", binary, 4)[0])
    except struct.error:
        return None
    return None
