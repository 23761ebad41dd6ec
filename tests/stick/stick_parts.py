"""Small stand-ins for what a stick is made of: program files of other systems, archives of a Python, a wheel."""

import io
import struct
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Final

MINOR: Final = ".".join(map(str, sys.version_info[:2]))
"""The version of the Python that runs the tests, such as 3.11."""


def pe(machine: int = 0x8664, more: bytes = b"") -> bytes:
    """Return the beginning of a Windows program for a machine (PE format), with more behind it."""
    return b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<H", machine) + bytes(64) + more


def elf(machine: int = 62) -> bytes:
    """Return the beginning of a 64-bit Linux program."""
    return b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 3, machine) + bytes(64)


def macho(cpu: int = 0x0100000C) -> bytes:
    """Return the beginning of a 64-bit macOS program."""
    return b"\xcf\xfa\xed\xfe" + struct.pack("<I", cpu) + bytes(64)


def embeddable(machine: int = 0x8664, version: str = "3.13.2") -> dict[str, bytes]:
    """Return the files of an embeddable package of python.org, as far as they matter."""
    digits = "".join(version.split(".")[:2])
    resource = "ProductVersion".encode("utf-16-le") + bytes(4) + version.encode("utf-16-le")
    return {
        "python.exe": pe(machine),
        f"python{digits}.dll": pe(machine, resource),
        f"python{digits}.zip": b"archive",
        f"python{digits}._pth": b"import site",
        "LICENSE.txt": b"PSF",
    }


def standalone(program: bytes, version: str = "3.13.2") -> dict[str, bytes]:
    """Return the files of a python-build-standalone archive, as far as they matter."""
    minor = ".".join(version.split(".")[:2])
    return {
        f"python/bin/python{minor}": program,
        "python/bin/pip3": b"#!",
        f"python/lib/libpython{minor}.so.1.0": elf(),
        f"python/lib/python{minor}/os.py": b"here = True\n",
        f"python/lib/python{minor}/json/__init__.py": b"",
        f"python/lib/python{minor}/test/test_os.py": b"",
        f"python/lib/python{minor}/site-packages/pip/__init__.py": b"",
        f"python/lib/python{minor}/lib-dynload/_ssl.so": elf(),
        f"python/lib/python{minor}/lib-dynload/_tkinter.so": elf(),
        f"python/lib/python{minor}/LICENSE.txt": b"PSF",
        f"python/include/python{minor}/patchlevel.h": f'#define PY_VERSION      "{version}"\n'.encode(),
    }


def zipped(files: dict[str, bytes]) -> bytes:
    """Return the files as a .zip."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def tarred(files: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    """Return the files, and symbolic links to what they name, as a .tar.gz."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for name, place in (links or {}).items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, place
            archive.addfile(entry)
    return data.getvalue()


def wheel(folder: Path, name: str, files: dict[str, bytes]) -> Path:
    """Write a wheel of version 1.0 for any system, and return its path."""
    info = f"{name}-1.0.dist-info"
    extra = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/licenses/LICENSE": b"MIT",
    }
    every = files | extra
    record = "".join(f"{path},,\n" for path in (*every, f"{info}/RECORD")).encode()
    path = folder / f"{name}-1.0-py3-none-any.whl"
    path.write_bytes(zipped(every | {f"{info}/RECORD": record}))
    return path
