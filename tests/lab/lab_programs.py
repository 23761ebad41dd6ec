"""Child processes of the lab: started, waited for by their own words, always ended."""

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

READY_S: Final = 20.0
END_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: exit code, its two outputs, and how long it ran."""

    code: int
    out: str
    err: str
    elapsed_s: float


class Program:
    """A child process; threads of ours read its outputs, so that every wait for a line has a deadline."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], folder: Path) -> None:
        """Start it; both outputs are kept."""
        self._started = time.monotonic()
        self._command = " ".join(command)
        self._news = threading.Condition()
        self._lines: dict[str, list[str]] = {"out": [], "err": []}
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=folder,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        streams = ((self._process.stdout, "out"), (self._process.stderr, "err"))
        self._readers = [threading.Thread(target=self._read, args=stream, daemon=True) for stream in streams]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: IO[str], name: str) -> None:
        with stream:
            for line in stream:
                with self._news:
                    self._lines[name].append(line)
                    self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def said(self) -> str:
        """Return what it has said so far."""
        return "".join(self._lines["out"] + self._lines["err"])

    def wait_for(self, pattern: str, deadline_s: float = READY_S) -> "Program":
        """Wait until a line matches; fails when the program ends or the deadline passes before."""

        def matched_or_over() -> bool:
            over = not any(reader.is_alive() for reader in self._readers)
            return over or re.search(pattern, self.said()) is not None

        with self._news:
            self._news.wait_for(matched_or_over, deadline_s)
            assert re.search(pattern, self.said()), f"{self._command}\nnever said {pattern!r} but:\n{self.said()}"
        return self

    def found(self, pattern: str, deadline_s: float = READY_S) -> str:
        """Wait until a line matches, and return what matched."""
        seen = re.search(pattern, self.wait_for(pattern, deadline_s).said())
        assert seen is not None
        return seen[0]

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def end(self, deadline_s: float) -> Ended:
        """Wait for the program's own end; fails at the deadline."""
        try:
            code = self._process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self._command}\nstill running after {deadline_s:g} s:\n{self.said()}") from None
        elapsed_s = time.monotonic() - self._started
        for reader in self._readers:
            reader.join(END_S)
        return Ended(code, "".join(self._lines["out"]), "".join(self._lines["err"]), elapsed_s)

    def stop(self) -> Ended:
        """Ask the program to end, and wait until it has."""
        if self._process.poll() is None:
            self.signal(signal.SIGTERM)
        return self.end(END_S)

    def kill(self) -> None:
        """End the program and its children at once."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(END_S)
        for reader in self._readers:
            reader.join(END_S)
