"""The page for Prometheus, read by Prometheus' own parser."""

import re
import sys
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from nra.reflector import core
from nra.reflector.core import DROPPED
from nra.reflector.metrics import NoPrometheusClient, Page, Totals

TOTALS = Totals(
    counters={"received": 9, "answered": 4, "bad_hmac": 5, "answered_dns": 1},
    sessions=3,
    evicted=2,
    rebound=1,
    processes=2,
    keys=7,
    uptime_s=12.5,
    version="0.1.0",
)
GET = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"


def values(answer: bytes | None) -> dict[str, float]:
    """Return the samples of a page by their names with labels."""
    assert answer is not None
    head, _, body = answer.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    families = text_string_to_metric_families(body.decode())
    return {" ".join([sample.name, *sample.labels.values()]): sample.value for family in families for sample in family.samples}


def test_all_that_was_counted_stands_there() -> None:
    """Reasons for dropping are there before they happen; no label is anybody's address."""
    found = values(Page(lambda: TOTALS).answer(GET))
    expected = {
        "nra_reflector_received_packets_total": 9,
        "nra_reflector_answered_packets_total": 4,
        "nra_reflector_dropped_packets_total bad_hmac": 5,
        "nra_reflector_responder_events_total answered_dns": 1,
        "nra_reflector_sessions": 3,
        "nra_reflector_evicted_sessions_total": 2,
        "nra_reflector_rebound_sessions_total": 1,
        "nra_reflector_processes": 2,
        "nra_reflector_keys": 7,
        "nra_reflector_uptime_seconds": 12.5,
        "nra_reflector_info 0.1.0": 1,
    }
    assert found == {f"nra_reflector_dropped_packets_total {reason}": 0.0 for reason in DROPPED} | expected


def test_it_is_read_anew_each_time() -> None:
    """And by no more than one request for one reading."""
    readings: list[int] = []

    def read() -> Totals:
        readings.append(len(readings))
        return TOTALS

    page = Page(read)
    assert readings == []
    page.answer(GET)
    page.answer(GET)
    assert readings == [0, 1]


def test_what_is_asked_otherwise() -> None:
    """Half a request is waited for, other paths are not found, HEAD has no body, what is no HTTP is not answered."""
    page = Page(lambda: TOTALS)
    assert page.answer(GET[:-1]) is None
    assert (page.answer(GET.replace(b"/metrics", b"/other")) or b"").startswith(b"HTTP/1.1 404")
    assert (page.answer(GET.replace(b"/metrics", b"/metrics?name[]=x")) or b"").startswith(b"HTTP/1.1 200")
    assert (page.answer(GET.replace(b"GET", b"HEAD")) or b"").endswith(b"\r\n\r\n")
    refused = page.answer(GET.replace(b"GET", b"POST")) or b""
    assert refused.startswith(b"HTTP/1.1 405")
    assert b"\r\nAllow: GET, HEAD\r\n\r\n" in refused
    for request in (GET.replace(b"GET", b"get"), b"\x16\x03\x01\n\n", b"\r\n\r\n"):
        assert page.answer(request) == b""


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Said before anything is served."""
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(NoPrometheusClient):
        Page(lambda: TOTALS)


def test_every_reason_is_known() -> None:
    """Each counter that the code raises beside received and answered is one of the reasons, or the responders'."""
    code = "".join(path.read_text("utf-8") for path in Path(core.__file__).parent.glob("*.py"))
    raised = set(
        re.findall(r'return "([a-z_]+)"|"([a-z_]+)" if [a-z]+ else "([a-z_]+)"|refuse\("([a-z_]+)"|counters\["([a-z_]+)"\] \+=', code)
    )
    assert {word for words in raised for word in words if word} - {"received", "answered"} <= set(DROPPED)
