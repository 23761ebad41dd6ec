"""The pages and what they ask for: a form, its measurement, its result, all results; Starlette finds the way."""

import json
from asyncio import timeout
from collections.abc import AsyncIterator
from dataclasses import asdict
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route

from nra.archive.document import UnreadableDocument
from nra.model.document import RunDocument
from nra.ui.downloads import download
from nra.ui.pages import STATIC, Filter, Pages, static, style
from nra.ui.shelf import BROUGHT, MOST_BROUGHT_BYTES, Shelf
from nra.ui.words import Memory, Words, blamed, problems
from nra.ui.worker import STOPPED_EARLY, Progress, Worker

MOST_FORM_BYTES: Final = 1 << 16
BODY_S: Final = 60.0
APART_S: Final = 1.0  # drawing takes the processor from the sender: once a second is enough to watch
BEAT_S: Final = 5.0  # so that a page that is gone is noticed
ANOTHER: Final = "Another measurement is under way; yours was not started."
LATER: Final = "a measurement is under way; load it when that is over."
GONE: Final = "This run is not there any more: its file was moved or removed, or it was brought along before nra ui was started anew."


class Site:
    """What the pages stand on, and the handler of each address."""

    def __init__(self, worker: Worker, shelf: Shelf, memory: Memory, configured: Words, base: str) -> None:
        """Take the parts; all addresses begin with `base`."""
        self._worker, self._shelf, self._memory, self._configured, self._base = worker, shelf, memory, configured, base
        self._pages = Pages(base, str(shelf.folder), lambda: worker.is_measuring)

    def routes(self) -> list[Route]:
        """Return what is found where."""
        return [
            Route("/", self.start_page),
            Route("/start", self.start, methods=["GET", "POST"]),
            Route("/running", self.running_page),
            Route("/events", self.events),
            Route("/cancel", self.cancel, methods=["POST"]),
            Route("/runs", self.runs_page),
            Route("/runs/{key}", self.run_page),
            Route("/runs/{key}/{kind}", self.file),
            Route("/compare", self.compare_page),
            Route("/bring", self.bring, methods=["POST"]),
            Route("/ui.css", self.style),
            Route("/{name}", self.static),
        ]

    async def start_page(self, request: Request) -> Response:
        """Show the form, or the measurement that is under way."""
        if self._worker.is_measuring:
            return self._to("running")
        outcome, words = self._worker.outcome, await run_in_threadpool(self._memory.recall, self._configured)
        failed = outcome is not None and outcome.document is None and "ended" in request.query_params
        problem = outcome.problem if outcome is not None and failed else ""
        wrong = {name: f"{text[:1].upper()}{text[1:]}." for name, text in blamed(problem).items()}
        if problem == STOPPED_EARLY:
            return HTMLResponse(self._pages.start(words, notice=problem))
        return HTMLResponse(self._pages.start(words, wrong, problem="" if wrong else problem))

    async def start(self, request: Request) -> Response:
        """Begin a measurement with the words of the form and remember them, or show why none was begun; without words show the form."""
        if request.method != "POST":
            return self._to("")
        data = await body(request, MOST_FORM_BYTES)
        words = Words.of(dict(parse_qsl(data.decode("utf-8", "replace"), keep_blank_values=True)))
        wrong = problems(words)
        if self._worker.progress is not None:
            return HTMLResponse(self._pages.running(self._worker.progress, ANOTHER), HTTPStatus.CONFLICT)
        if wrong:
            return HTMLResponse(self._pages.start(words, wrong), HTTPStatus.UNPROCESSABLE_ENTITY)
        if self._worker.start(words):
            await run_in_threadpool(self._memory.keep, words)
        return self._to("running")

    async def running_page(self, request: Request) -> Response:
        """Show the measurement that is under way, or what became of the last one."""
        if self._worker.progress is not None:
            return HTMLResponse(self._pages.running(self._worker.progress))
        return self._to(self._last())

    async def cancel(self, request: Request) -> Response:
        """Ask the measurement to stop."""
        self._worker.cancel()
        return self._to("running")

    async def events(self, request: Request) -> Response:
        """Send the progress as it goes (server-sent events): first all of it, then what is new."""
        return StreamingResponse(self._events(), media_type="text/event-stream")

    async def _events(self) -> AsyncIterator[str]:
        seen_s = -1.0
        async for progress in self._worker.changes(APART_S, BEAT_S):
            if progress is None:
                break
            pulses = [pulse for pulse in progress.pulses if pulse["at_s"] > seen_s]
            seen_s = pulses[-1]["at_s"] if pulses else seen_s
            yield event("progress", _told(progress) | {"pulses": pulses})
        yield event("closed", {}) if self._worker.is_closed else event("ended", {"at": f"{self._base}{self._last()}"})

    def _last(self) -> str:
        """Return where the last measurement's end is shown; its document is kept in memory until it lies in the folder."""
        outcome = self._worker.outcome
        if outcome is None or outcome.document is None:
            return "?ended"
        return f"runs/{self._shelf.keep(outcome.document.run.id, outcome.document)}"

    def run_page(self, request: Request) -> Response:
        """Show a result."""
        key, outcome = request.path_params["key"], self._worker.outcome
        document = self._found(key)
        mine = outcome is not None and outcome.document is not None and outcome.document.run.id == key
        problem = outcome.problem if outcome is not None and mine else ""
        return HTMLResponse(self._pages.run(key, document, problem=problem, brought=key.startswith(BROUGHT)))

    def file(self, request: Request) -> Response:
        """Hand out a result in one of its forms."""
        found = download(self._found(request.path_params["key"]), request.path_params["kind"])
        if found is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such file.")
        headers = {"content-disposition": f'attachment; filename="{found.name}"'}
        return Response(found.data, media_type=found.media_type, headers=headers)

    def runs_page(self, request: Request) -> Response:
        """List all results, narrowed to what is asked for."""
        return HTMLResponse(self._pages.runs(self._shelf.listing(), Filter.of(request.query_params)))

    def compare_page(self, request: Request) -> Response:
        """Show two results side by side, the older one first."""
        keys = request.query_params.getlist("run")
        if len(keys) != 2:
            text = f"Tick two runs to compare them; {len(keys)} {'was' if len(keys) == 1 else 'were'} ticked."
            listing = self._shelf.listing()
            page = self._pages.runs(listing, Filter.of(request.query_params), text, keys)
            return HTMLResponse(page, HTTPStatus.UNPROCESSABLE_ENTITY)
        first, second = sorted(((key, self._found(key)) for key in keys), key=lambda found: found[1].run.started_at)
        return HTMLResponse(self._pages.compare((first[0], second[0]), first[1], second[1]))

    async def bring(self, request: Request) -> Response:
        """Take a run document from elsewhere, and say where it is shown."""
        data = await body(request, MOST_BROUGHT_BYTES)
        if self._worker.is_measuring:
            return JSONResponse({"error": LATER}, HTTPStatus.CONFLICT)
        try:
            key = await run_in_threadpool(self._shelf.bring, data)
        except UnreadableDocument as error:
            return JSONResponse({"error": str(error)}, HTTPStatus.UNPROCESSABLE_ENTITY)
        return JSONResponse({"at": f"{self._base}runs/{key}"})

    def style(self, request: Request) -> Response:
        """Hand out the style sheet."""
        return Response(style(), media_type="text/css")

    def static(self, request: Request) -> Response:
        """Hand out the script and the icon."""
        name = request.path_params["name"]
        if name not in STATIC:
            raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such page.")
        return Response(static(name), media_type=STATIC[name])

    async def refused(self, request: Request, error: Exception) -> Response:
        """Say in a page what could not be done."""
        status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.INTERNAL_SERVER_ERROR
        detail = error.detail if isinstance(error, HTTPException) else "Something went wrong inside nra."
        if request.url.path.endswith("/bring"):
            return JSONResponse({"error": detail}, status)
        return HTMLResponse(self._pages.message("This cannot be shown", detail), status)

    def _found(self, key: str) -> RunDocument:
        document = self._shelf.find(key)
        if document is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, GONE)
        return document

    def _to(self, where: str) -> Response:
        return RedirectResponse(f"{self._base}{where}", HTTPStatus.SEE_OTHER)


def application(site: Site, token: str) -> Starlette:
    """Return the site with all addresses below the token; a guard belongs before it."""
    handlers: dict[Any, Any] = {HTTPException: site.refused, Exception: site.refused}
    return Starlette(routes=[Mount(f"/{token}", routes=site.routes())], exception_handlers=handlers)


async def body(request: Request, most_bytes: int) -> bytes:
    """Return the request's body; raises HTTPException as soon as it is longer than that, or where it does not end."""
    parts, length = [], 0
    try:
        async with timeout(BODY_S):
            async for part in request.stream():
                parts.append(part)
                length += len(part)
                if length > most_bytes:
                    told = f"This is larger than {most_bytes >> 10} KiB, the most that is taken."
                    raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, told)
    except TimeoutError:
        raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, f"This did not arrive within {BODY_S:g} s.") from None
    return b"".join(parts)


def event(name: str, value: dict[str, Any]) -> str:
    """Return a server-sent event."""
    return f"event: {name}\ndata: {json.dumps(value)}\n\n"


def _told(progress: Progress) -> dict[str, Any]:
    told = {name: value for name, value in asdict(progress).items() if name not in ("words", "pulses")}
    return told | {"phase": progress.phase, "left": progress.left}
