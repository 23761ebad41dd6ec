"""How long `nra --help` takes from a stick: cold, read through USB 2 at its practical pace, and warm.

The stick is real (`nra stick`, Python included), on a file system in an image behind a loop device; a control group holds the reader to
25 MB/s and 1000 reads a second. Cold means that nothing of the stick is in memory: it is mounted anew for each start. The system's own
C library and shell are in memory, as on a workstation in use. Needs root on Linux, uv and patchelf, and the packages' index.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Final

from row import Row, finish

BYTES_PER_S: Final = 25_000_000
READS_PER_S: Final = 1000
COLD_LIMIT_S: Final = 0.8
WARM_LIMIT_S: Final = 0.15
COLD_STARTS: Final = 5
WARM_STARTS: Final = 20
IMAGE_BYTES: Final = 256 << 20
ROOT: Final = Path(__file__).resolve().parent.parent
GROUPS: Final = Path("/sys/fs/cgroup")
ENTER: Final = 'echo $$ >"$0" && exec sh "$1"/nra.sh --help'


def why_not() -> str | None:
    """Return why no stick can be simulated here; None when it can."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return "needs root on Linux, to mount an image"
    missing = [tool for tool in ("losetup", "mkfs.ext4", "mount") if shutil.which(tool) is None]
    if missing:
        return f"{', '.join(missing)} not installed"
    return None if _controller() is not None else "no control group here limits reads"


def _controller() -> str | None:
    """Return which generation of control groups can limit reads, None if neither."""
    if (GROUPS / "blkio" / "blkio.throttle.read_bps_device").exists():
        return "1"
    controllers = GROUPS / "cgroup.controllers"
    return "2" if controllers.exists() and "io" in controllers.read_text("ascii").split() else None


@contextmanager
def slow(device: str) -> Iterator[Path]:
    """Yield the file through which a process enters a group that reads the device slowly."""
    number = Path(device).stat().st_rdev
    name = f"{os.major(number)}:{os.minor(number)}"
    group = (GROUPS / "blkio" if _controller() == "1" else GROUPS) / f"nra-bench-{os.getpid()}"
    if _controller() == "2":
        (GROUPS / "cgroup.subtree_control").write_text("+io", "ascii")
    group.mkdir()
    try:
        if _controller() == "1":
            (group / "blkio.throttle.read_bps_device").write_text(f"{name} {BYTES_PER_S}", "ascii")
            (group / "blkio.throttle.read_iops_device").write_text(f"{name} {READS_PER_S}", "ascii")
        else:
            (group / "io.max").write_text(f"{name} rbps={BYTES_PER_S} riops={READS_PER_S}", "ascii")
        yield group / "cgroup.procs"
    finally:
        group.rmdir()


@contextmanager
def image(folder: Path) -> Iterator[str]:
    """Yield a loop device with an empty file system."""
    path = folder / "image"
    with path.open("wb") as file:
        file.truncate(IMAGE_BYTES)
    _call("mkfs.ext4", "-q", str(path))
    device = subprocess.run(["losetup", "--find", "--show", str(path)], capture_output=True, text=True, check=True).stdout.strip()
    try:
        yield device
    finally:
        _call("losetup", "--detach", device)


@contextmanager
def mounted(device: str, place: Path, *options: str) -> Iterator[Path]:
    """Yield the folder on which the device is mounted for the while."""
    _call("mount", *options, device, str(place))
    try:
        yield place
    finally:
        _call("umount", str(place))


def _call(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def seconds(entrance: Path, stick: Path) -> float:
    """Return how long one start takes, the stick's own shell script included."""
    begun = time.perf_counter()
    _call("sh", "-c", ENTER, str(entrance), str(stick))
    return time.perf_counter() - begun


def starts(folder: Path) -> tuple[float, float]:
    """Return the median cold start and the fastest warm one."""
    place = folder / "mounted"
    place.mkdir()
    with image(folder) as device, slow(device) as entrance:
        with mounted(device, place) as stick:
            subprocess.run(
                [sys.executable, "-m", "nra", "stick", str(stick), "--target", "linux_x86_64"], cwd=ROOT, check=True, stdout=sys.stderr
            )
        cold = []
        for _ in range(COLD_STARTS):
            with mounted(device, place, "-o", "ro") as stick:
                cold.append(seconds(entrance, stick))
        with mounted(device, place, "-o", "ro") as stick:
            warm = min(seconds(entrance, stick) for _ in range(WARM_STARTS))
    return median(cold), warm


def measure() -> tuple[Row, ...]:
    """Return a row for the cold and one for the warm start, or none where no stick can be simulated."""
    reason = why_not()
    if reason is None:
        with tempfile.TemporaryDirectory() as folder:
            try:
                cold, warm = starts(Path(folder))
            except subprocess.CalledProcessError as error:
                reason = f"{' '.join(error.cmd[:4])} failed"
    if reason is not None:
        print(f"start from a stick: skipped, {reason}", file=sys.stderr)
        return ()
    return (
        Row(
            what="`nra --help` from a stick, cold",
            subject=f"{cold:.2f} s",
            floor=f"{COLD_LIMIT_S} s",
            ratio=cold / COLD_LIMIT_S,
            limit=1.0,
        ),
        Row(
            what="`nra --help` from a stick, warm",
            subject=f"{warm:.3f} s",
            floor=f"{WARM_LIMIT_S} s",
            ratio=warm / WARM_LIMIT_S,
            limit=1.0,
        ),
    )


if __name__ == "__main__":
    sys.exit(finish(*measure()))
