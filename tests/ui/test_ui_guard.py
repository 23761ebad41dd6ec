"""Who may ask the page for anything, and what every answer tells the browser."""

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from nra.ui.guard import HEADERS, Guard, new_token

PORT = 8123
OURS = f"http://127.0.0.1:{PORT}"


def asked(headers: dict[str, str], method: str = "GET", path: str = "/secret/", base: str = OURS) -> int:
    """Return the status of a request."""
    client = TestClient(Guard(PlainTextResponse("welcome"), "secret"), base_url=base)
    status: int = client.request(method, path, headers=headers).status_code
    return status


@pytest.mark.parametrize("path", ["/", "/secre/", "/secret2/", "//secret/", "/ui.css", "/favicon.ico", "/once"])
def test_without_the_token_there_is_nothing(path: str) -> None:
    """Nobody finds a page who does not know its address."""
    assert asked({}, path=path) == 403


@pytest.mark.parametrize(
    "host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:80", "", f"127.0.0.1.evil.example:{PORT}"]
)
def test_a_name_that_was_made_to_resolve_here_is_refused(host: str) -> None:
    """DNS rebinding brings a foreign name in Host."""
    assert asked({"host": host}) == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_address_itself_is_let_in(host: str) -> None:
    """Both names of loopback, with the port that is served."""
    assert asked({}, base=f"http://{host}:{PORT}") == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", f"https://127.0.0.1:{PORT}", "http://127.0.0.1:1", ""])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_page_is_refused(origin: str, method: str) -> None:
    """Origin must be ours, whatever is asked for."""
    assert asked({"origin": origin}, method) == 403


def test_whoever_changes_something_must_say_from_where() -> None:
    """A request that is no reading one needs Origin; so does none that a browser marks as coming from another site."""
    assert asked({}, "POST") == 403
    assert asked({"origin": OURS}, "POST") == 200
    assert asked({"sec-fetch-site": "cross-site"}) == 403
    assert asked({"sec-fetch-site": "same-origin"}) == 200


def test_the_browser_is_started_with_an_address_that_is_worth_nothing_afterwards() -> None:
    """Every user of the machine can read a command line: it leads to the page once, and not for a page from elsewhere."""
    client = TestClient(Guard(PlainTextResponse("welcome"), "secret", "once"), base_url=OURS, follow_redirects=False)
    assert client.get("/once", headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert client.head("/once").status_code == 403
    first = client.get("/once")
    assert (first.status_code, first.headers["location"]) == (303, "/secret/")
    assert client.get("/once").status_code == 403
    assert client.get("/secret/").text == "welcome"


def test_every_answer_is_marked() -> None:
    """Refusals too carry the policy; it allows no inline script or style and nothing from elsewhere."""
    client = TestClient(Guard(PlainTextResponse("welcome"), "secret"), base_url=OURS)
    for path in ("/secret/", "/"):
        answer = client.get(path)
        assert HEADERS.items() <= dict(answer.headers).items()
    assert "unsafe" not in HEADERS["content-security-policy"]
    assert "http" not in HEADERS["content-security-policy"]


def test_tokens_cannot_be_guessed() -> None:
    """24 random bytes, anew for each start."""
    assert len({new_token() for _ in range(50)}) == 50
    assert all(len(new_token()) == 32 for _ in range(5))


async def reading(scope: Scope, receive: Receive, send: Send) -> None:
    """Read a body to its end, and answer."""
    await Request(scope, receive).body()
    await PlainTextResponse("read")(scope, receive, send)


def test_a_body_that_nobody_reads_ends_the_connection() -> None:
    """What is refused before its body came is not read to its end; what was read, or had none, keeps the connection."""
    client = TestClient(Guard(reading, "secret"), base_url=OURS)
    for path, origin, closes in (("/secret/", OURS, False), ("/secret/", "null", True), ("/other/", OURS, True)):
        answer = client.post(path, content=b"x" * 100, headers={"origin": origin})
        assert (answer.headers.get("connection") == "close") is closes
        assert "connection" not in client.get(path, headers={"origin": origin}).headers
    large = client.post("/secret/", content=iter([b"x"]), headers={"origin": OURS, "host": "evil.example"})
    assert (large.status_code, large.headers["connection"]) == (403, "close")
