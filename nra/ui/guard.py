"""Who may ask the page for anything: whoever has its address, from a page of its own; and what every answer says to the browser.

Loopback alone is no protection: any page that a browser has open may send requests there, and a name may be made to resolve there
(DNS rebinding). So the address holds a token that cannot be guessed, Host must be ours, and Origin must be ours where there is one.
What a browser is started with, every user of the machine can read: it gets an address that leads to the page once, and then nowhere.
"""

import secrets
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ADDRESS: Final = "127.0.0.1"
TOKEN_BYTES: Final = 24
READING: Final = ("GET", "HEAD")
POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # not no-referrer: forms would then be sent with the Origin "null"
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


def new_token() -> str:
    """Return a token that nobody guesses."""
    return secrets.token_urlsafe(TOKEN_BYTES)


class Guard:
    """Lets through what may ask, and gives every answer its headers."""

    def __init__(self, app: ASGIApp, token: str, once: str = "") -> None:
        """Guard `app`, all of whose paths begin with the token; the path `once`, if there is one, leads there one time."""
        self._app, self._token, self._once = app, token, once

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, or refuse it with one line."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return

        owed = _has_body(scope)

        async def received() -> Message:
            nonlocal owed
            message = await receive()
            owed = owed and bool(message.get("more_body"))
            return message

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                if owed:
                    headers["connection"] = "close"  # else the rest of a body that nobody wants would be read to its end
            await send(message)

        answer = self._answer(scope)
        await (self._app if answer is None else answer)(scope, received, guarded)

    def _answer(self, scope: Scope) -> Response | None:
        """Return what is answered instead of the site, None where the request is let through."""
        refusal = "no such page" if scope["type"] != "http" else self._refusal(scope)
        if refusal:
            return PlainTextResponse(f"{refusal}\n", HTTPStatus.FORBIDDEN)
        first = f"{scope['path']}/".split("/")[1]
        if _same(first, self._token):
            return None
        if self._once and scope["method"] == "GET" and _same(first, self._once):
            self._once = ""
            return RedirectResponse(f"/{self._token}/", HTTPStatus.SEE_OTHER)
        return PlainTextResponse("open the address that nra ui printed\n", HTTPStatus.FORBIDDEN)

    def _refusal(self, scope: Scope) -> str:
        """Return why the request is refused whatever it asks for, empty where it is not."""
        headers, port = Headers(scope=scope), scope["server"][1]
        host, origin = headers.get("host", ""), headers.get("origin")
        if host not in {f"{name}:{port}" for name in (ADDRESS, "localhost")}:
            return "this page is not served under that name"
        if origin != f"http://{host}" and (origin is not None or scope["method"] not in READING):
            return "asked from another page"
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return "asked from another page"
        return ""


def _has_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


def _same(one: str, other: str) -> bool:
    return secrets.compare_digest(one.encode(), other.encode())
