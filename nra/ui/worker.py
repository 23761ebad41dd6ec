"""The measurement, in a process of its own, so that serving and drawing never hold up a packet; one at a time.

It is `nra run --piped`: progress as JSON lines on its standard error, the document on its standard output, and it stops when its standard
input ends, which also happens when this program is gone.
"""

import asyncio
import json
import math
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from nra.archive.document import MOST_BYTES, UnreadableDocument, decode
from nra.model.document import RunDocument
from nra.ui.words import Words

MOST_PULSES: Final = 1200  # five minutes; older ones are no longer drawn
LAST_WORD_S: Final = 12.0  # to write what was measured, once it was asked to stop
FAREWELL_S: Final = 10.0  # the same when this program ends
PREFIX: Final = "nra: error: "
HINT: Final = " (see nra run --help)"
NO_DOCUMENT: Final = "The measurement gave no document that can be read."
LAST_PHASE: Final = "collecting"  # what was asked beside the stream; mostly it was answered long before
STOPPING: Final = "Stopping, and writing what was measured"
NOTHING: Final = 130  # the exit code of a run that was stopped before anything was measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where the measurement is: as much as a page needs that is opened in its middle."""

    words: Words
    phases: tuple[str, ...] = ()
    done_s: float = 0.0
    total_s: float = 0.0
    pulses: tuple[dict[str, Any], ...] = ()
    pulses_s: float = 0.0  # how long the stream is that they are of
    stopping: bool = False

    @property
    def phase(self) -> str:
        """What is being done."""
        return STOPPING if self.stopping else self.phases[-1] if self.phases else "starting"

    @property
    def left(self) -> str:
        """How long the phase goes on: a figure where one is known, and a word where none is; never that nothing is left."""
        if self.stopping:
            return f"ends within {LAST_WORD_S:g} s"
        if self.done_s < self.total_s:
            return f"{math.ceil(self.total_s - self.done_s)} s left"
        return "a few seconds left" if self.total_s or self.phase == LAST_PHASE else "begins in a few seconds"


STOPPED_EARLY: Final = "It was stopped before anything was measured: nothing was written."


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the measurement left: its document, or None, and what went wrong in one line, or nothing."""

    words: Words
    document: RunDocument | None
    problem: str = ""


class Worker:
    """Measures when told to, and tells whoever listens how far it is."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        """Measure with `command` (the beginning of a `nra` command line), files go to the folder."""
        self._command, self._folder = tuple(command), folder
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._closed = False
        self.progress: Progress | None = None
        self.outcome: Outcome | None = None

    @property
    def is_closed(self) -> bool:
        """Whether this program is ending."""
        return self._closed

    @property
    def is_measuring(self) -> bool:
        """Whether a measurement is under way."""
        return self.progress is not None

    def start(self, words: Words) -> bool:
        """Begin a measurement and return True; False where one is under way."""
        if self.is_measuring or self._closed:
            return False
        self.progress, self.outcome = Progress(words=words), None
        self._task = asyncio.create_task(self._measure(words))
        return True

    def cancel(self) -> None:
        """Ask the measurement to stop; what was measured is kept."""
        if self.progress is not None:
            self._now(replace(self.progress, stopping=True))
            self._let_go()

    async def close(self) -> None:
        """End the measurement, if there is one, and let nobody wait for more."""
        self._closed = True
        self.cancel()
        self._changed.set()
        if self._task is not None and not self._task.done():
            await asyncio.wait([self._task], timeout=FAREWELL_S)
            self._kill()
            await asyncio.wait([self._task], timeout=FAREWELL_S)

    async def changes(self, apart_s: float, beat_s: float) -> AsyncIterator[Progress | None]:
        """Yield the progress, whenever it has changed but not more often than every `apart_s`, and every `beat_s`; None once it is over."""
        while self.progress is not None and not self._closed:
            changed = self._changed
            yield self.progress
            await asyncio.sleep(apart_s)
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), beat_s)
        yield None

    def _now(self, progress: Progress | None) -> None:
        self.progress = progress
        self._changed.set()
        self._changed = asyncio.Event()

    async def _measure(self, words: Words) -> None:
        document, problem = None, ""
        try:
            document, problem = await self._run(words)
        except OSError as error:
            problem = f"the measurement could not be started: {error.strerror or error}"
        finally:
            self._kill()
            self._process = None
            self.outcome = Outcome(words=words, document=document, problem=problem)
            self._now(None)

    async def _run(self, words: Words) -> tuple[RunDocument | None, str]:
        """Return the document of a measurement, and what went wrong."""
        options = ["run", "--piped", "--json", "--format=txt,xlsx,json", f"--out={self._folder}", *words.options()]
        pipe = asyncio.subprocess.PIPE
        # a session of its own: Ctrl-C in the console ends this program, and this program lets the measurement write what it has
        self._process = process = await asyncio.create_subprocess_exec(
            *self._command, *options, stdin=pipe, stdout=pipe, stderr=pipe, limit=1 << 20, start_new_session=sys.platform != "win32"
        )
        if self.progress is not None and self.progress.stopping:
            self._let_go()
        if process.stdout is None or process.stderr is None:
            raise OSError("no pipes")
        data, said = await asyncio.gather(process.stdout.read(), self._listen(process.stderr))
        code = await process.wait()
        if code == NOTHING:
            return None, STOPPED_EARLY
        if not data:
            return None, said or f"The measurement ended unexpectedly (code {code})."
        document = _decoded(data)
        return document, said if document is not None else said or NO_DOCUMENT

    async def _listen(self, lines: asyncio.StreamReader) -> str:
        """Take in the progress, and return the error that was said among it, if any."""
        said = ""
        while line := await lines.readline():
            text = line.decode("utf-8", "replace").strip()
            if text.startswith(PREFIX):
                said = text.removeprefix(PREFIX).removesuffix(HINT)
            elif text.startswith("{"):
                with suppress(ValueError):  # a line that was cut off: the next one says more
                    self._take(json.loads(text))
        return said

    def _take(self, said: dict[str, Any]) -> None:
        if self.progress is None:
            return
        if "phase" in said:
            total_s = self.progress.total_s if said["phase"] == LAST_PHASE else 0.0  # no other phase knows anything of the stream before
            self._now(replace(self.progress, phases=(*self.progress.phases, said["phase"]), done_s=total_s, total_s=total_s))
        elif "pulses" in said:
            pulses = (*self.progress.pulses, *said["pulses"])[-MOST_PULSES:]
            pulses_s = said["total_s"] if said["pulses"] else self.progress.pulses_s
            self._now(replace(self.progress, done_s=said["done_s"], total_s=said["total_s"], pulses=pulses, pulses_s=pulses_s))

    def _let_go(self) -> None:
        """End the measurement's standard input: it stops and writes what it has; if it does not, it is ended."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            asyncio.get_running_loop().call_later(LAST_WORD_S, self._kill, self._process)

    def _kill(self, process: asyncio.subprocess.Process | None = None) -> None:
        process = process or self._process
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()


def _decoded(data: bytes) -> RunDocument | None:
    try:
        return decode(data) if len(data) <= MOST_BYTES else None
    except UnreadableDocument:
        return None
