"""The same promises (contract 4) on what sticks are made of: FAT32, exFAT, a stick that is full, one that is read-only, many writers.

Mounted for real, by the kernel where it can, else by FUSE; needs root on Linux. FUSE's drivers have one thread each (`-s`, exFAT's
always): the kernel does not wait until a driver has closed a file, and of several threads one may be asked to remove the file before
another has closed it. The driver then keeps it as `.fuse_hidden...` for a moment, which no stick does.
"""

import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from nra.archive.files import CannotWrite, results_folder, write_bytes
from nra.archive.naming import stem
from nra.testing.canned import canned_run

ROOT_ON_LINUX: Final = pytest.mark.skipif(
    not sys.platform.startswith("linux") or os.geteuid() != 0, reason="needs root on Linux, to mount a file system"
)
MIB: Final = 1 << 20
SIZE: Final = 64 * MIB
CONTENT: Final = b"0123456789abcdef" * 1024
KINDS: Final = {
    "FAT32": (("mkfs.vfat", "-F", "32", "-s", "1"), "vfat", ("fusefat", "-s", "-o", "rw+")),
    "exFAT": (("mkfs.exfat",), "exfat", ("mount.exfat-fuse",)),
}

WRITER: Final = """
import sys
from pathlib import Path
from nra.archive.files import write_bytes
for number in range(int(sys.argv[2])):
    write_bytes(Path(sys.argv[1]), "run", "bin", b"0123456789abcdef" * 1024)
    print(number, flush=True)
"""


def command(*words: str) -> subprocess.CompletedProcess[str]:
    """Run one of the system's tools."""
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)


def mounted(device: str, place: Path, kind: str) -> str | None:
    """Put a fresh file system onto the device and mount it; return why that cannot be done here, None when it is done."""
    make, name, fuse = KINDS[kind]
    if shutil.which(make[0]) is None:
        return f"{make[0]} is not installed"
    made = command(*make, device)
    assert made.returncode == 0, made.stderr
    if command("mount", "-t", name, device, str(place)).returncode == 0:
        return None
    if shutil.which(fuse[0]) is None:
        return f"neither the kernel nor {fuse[0]} mounts {kind} here"
    done = command(*fuse, device, str(place))
    return None if done.returncode == 0 and place.is_mount() else f"{fuse[0]}: {done.stderr.strip()}"


@pytest.fixture(params=KINDS)
def stick(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """Yield the root of an empty stick."""
    image, place = tmp_path / "image", tmp_path / "stick"
    place.mkdir()
    with image.open("wb") as file:
        file.truncate(SIZE)
    device = command("losetup", "--find", "--show", str(image)).stdout.strip()
    if not device:
        pytest.skip("this machine has no loop devices")
    try:
        reason = mounted(device, place, request.param)
        if reason:
            pytest.skip(reason)
        yield place
    finally:
        command("umount", str(place))
        command("losetup", "--detach", device)


def writers(folder: Path, count: int, files: int) -> list[subprocess.Popen[str]]:
    """Start so many programs that each write so many files of one name."""
    words = (sys.executable, "-c", WRITER, str(folder), str(files))
    return [subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(count)]


@ROOT_ON_LINUX
def test_a_run_s_files_are_written_as_anywhere(stick: Path) -> None:
    """Whole, under their own names, twice without overwriting, and no temporary file is left."""
    name = stem(canned_run())
    paths = [write_bytes(stick / "results", name, "json", bytes([number])) for number in range(2)]
    assert [path.name for path in paths] == [f"{name}.json", f"{name}-2.json"]
    assert sorted(path.name for path in (stick / "results").iterdir()) == sorted(path.name for path in paths)
    assert [path.read_bytes() for path in paths] == [b"\0", b"\1"]


@ROOT_ON_LINUX
def test_twelve_programs_write_one_name_into_one_folder(stick: Path) -> None:
    """Each file has a name of its own and is whole; there are no hard links to help."""
    crowd = writers(stick, 12, 2)
    assert [process.communicate(timeout=100)[1] for process in crowd] == [""] * 12
    found = [path for path in stick.iterdir() if path.name.startswith("run")]
    assert len(found) == 24
    assert all(path.read_bytes() == CONTENT for path in found)


@ROOT_ON_LINUX
@pytest.mark.parametrize("files", [1, 5])
def test_pulled_in_the_middle(stick: Path, files: int) -> None:
    """A program that is killed leaves whole files under final names."""
    (process,) = writers(stick, 1, 1000)
    assert process.stdout is not None
    for _ in range(files):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    found = [path for path in stick.iterdir() if path.name.startswith("run")]
    assert len(found) >= files
    assert all(path.read_bytes() == CONTENT for path in found)


@ROOT_ON_LINUX
def test_full(stick: Path) -> None:
    """One line that names the folder and the reason; the files before stay whole, no torn one gets a name."""
    with pytest.raises(CannotWrite, match=r"^cannot write into .*: \S.*$"):  # each driver has its own word for "full"
        for _ in range(9):
            write_bytes(stick, "run", "bin", bytes(16 * MIB))
    assert {path.stat().st_size for path in stick.iterdir()} == {16 * MIB}


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """Yield a file system of 64 KiB."""
    place = tmp_path / "tiny"
    place.mkdir()
    if command("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)).returncode:
        pytest.skip("this machine mounts no tmpfs")
    try:
        yield place
    finally:
        command("umount", str(place))


@ROOT_ON_LINUX
def test_a_stick_of_64_kib(tiny: Path) -> None:
    """What fits is written, what does not is told, nothing half is left."""
    first = write_bytes(tiny, "run", "json", bytes(40_000))
    with pytest.raises(CannotWrite) as caught:
        write_bytes(tiny, "run", "xlsx", bytes(40_000))
    assert str(caught.value) == f"cannot write into {tiny}: {os.strerror(errno.ENOSPC)}"
    assert list(tiny.iterdir()) == [first]


@ROOT_ON_LINUX
def test_a_stick_with_its_write_protection_on(tiny: Path, tmp_path: Path) -> None:
    """Results go to the user's own folder, and the reason is there to be told."""
    assert command("mount", "-o", "remount,ro", str(tiny)).returncode == 0
    folder, refusal = results_folder(None, tiny, tiny, tmp_path / "home")
    assert folder == tmp_path / "home" / "nra-results"
    assert str(refusal) == f"cannot write into {tiny / 'results'}: {os.strerror(errno.EROFS)}"
