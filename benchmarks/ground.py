"""A path of one veth pair between two network namespaces, and processes that take every core: the ground of benchmarks that need root."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

NEAR_ADDRESS: Final = "10.73.1.1"
FAR_ADDRESS: Final = "10.73.1.2"
ROOT: Final = Path(__file__).resolve().parent.parent
HOG: Final = ("sh", "-c", "while :; do :; done")
HOGS: Final = 2
READY_S: Final = 20.0


def why_not(*tools: str) -> str | None:
    """Return why there can be no such path here, or which tool is missing; None when all is there."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return "needs root on Linux, for network namespaces"
    missing = [tool for tool in ("ip", *tools) if shutil.which(tool) is None]
    return f"{', '.join(missing)} not installed" if missing else None


@dataclass(frozen=True, slots=True)
class Place:
    """One end of the path."""

    namespace: str

    def command(self, *words: str) -> list[str]:
        """Return the command that runs there."""
        return ["ip", "netns", "exec", self.namespace, *words]

    def nra(self, *words: str) -> list[str]:
        """Return the command that runs nra there."""
        return self.command(sys.executable, "-m", "nra", *words)

    def output(self, command: list[str]) -> str:
        """Run a command to its end and return what it printed; its exit code is a verdict, not an error."""
        return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout


@contextmanager
def veth() -> Iterator[tuple[Place, Place]]:
    """Yield the near and the far end of a path that nothing else uses."""
    near, far = (f"nra-bench-{os.getpid()}-{end}" for end in ("near", "far"))
    ends = ((near, "n0", NEAR_ADDRESS), (far, "f0", FAR_ADDRESS))
    try:
        for name, _, _ in ends:
            _ip("netns", "add", name)
        _ip("link", "add", "n0", "netns", near, "type", "veth", "peer", "name", "f0", "netns", far)
        for name, device, address in ends:
            _ip("-n", name, "-batch", "-", lines=f"addr add {address}/24 dev {device}\nlink set lo up\nlink set {device} up\n")
        yield Place(near), Place(far)
    finally:
        for name, _, _ in ends:
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


def _ip(*arguments: str, lines: str | None = None) -> None:
    subprocess.run(["ip", *arguments], input=lines, text=True, check=True, timeout=READY_S)


@contextmanager
def running(command: list[str], ready: str) -> Iterator[None]:
    """Run a server while the block lasts, once it has said that it is ready."""
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        try:
            said = []
            for line in server.stdout or ():
                said.append(line)
                if ready in line:
                    break
            else:
                raise SystemExit(f"{' '.join(command)} did not start: {''.join(said)}")
            yield
        finally:
            server.terminate()


@contextmanager
def hogs(count: int = HOGS) -> Iterator[None]:
    """Run so many processes that never wait while the block lasts."""
    crowd = [subprocess.Popen(HOG) for _ in range(count)]
    try:
        yield
    finally:
        for hog in crowd:
            hog.kill()
            hog.wait()


def load() -> str:
    """Return how busy the machine was in the last minute, as a remark for those who judge the figures."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores" if hasattr(os, "getloadavg") else "load unknown"
