"""Running servers and their senders for the reflector's benchmarks, and the C program that some of them are."""

import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
HOST = "127.0.0.1"


def compiled(folder: Path) -> Path | None:
    """Return udp.c as a program in that folder, None where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    program = folder / "udp"
    subprocess.run((compiler, "-O2", "-o", str(program), str(HERE / "udp.c")), check=True)
    return program


def free_port() -> int:
    """Return a UDP port that is free now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((HOST, 0))
        return int(sock.getsockname()[1])


@contextmanager
def running(*command: str, ready: bool = True) -> Iterator["subprocess.Popen[str]"]:
    """Run a program while the block lasts; `ready`: wait for the first line that it prints."""
    with subprocess.Popen(command, cwd=HERE.parent, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            if ready and process.stdout is not None and not process.stdout.readline():
                raise SystemExit(f"{' '.join(command)} did not begin")
            yield process
        finally:
            process.kill()


def hosted(kind: str) -> tuple[str, ...]:
    """Return the command that runs one of our engines at PORT."""
    return (sys.executable, str(HERE / "reflector_host.py"), kind, "PORT")


def flooded(command: Sequence[str], udp: Path, seconds: float, senders: int, sessions: int) -> float:
    """Return how many CPU seconds a packet costs a server that gets more than it can answer."""
    port = str(free_port())
    words = [port if word == "PORT" else word for word in command]
    with running(*words) as server:
        with running(str(udp), "flood", port, str(seconds), str(senders), str(sessions)) as flood:
            server.send_signal(signal.SIGUSR1)
            flood.wait()
        server.terminate()
        packets, cpu_s = server.communicate()[0].split()[-2:]
    return float(cpu_s) / int(packets)


def cpu_ns(process: "subprocess.Popen[str]") -> int:
    """Return the CPU time of all threads of a process (Linux: /proc/PID/task/*/schedstat)."""
    return sum(int(file.read_text().split()[0]) for file in Path(f"/proc/{process.pid}/task").glob("*/schedstat"))
