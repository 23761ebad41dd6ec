"""Runs and policies for the gate's tests."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from nra.catalogue import thresholds
from nra.model.document import RunDocument
from nra.model.policy import Policy, Waiver
from nra.scoring.gate import Named
from nra.testing.canned import canned_run

TODAY: Final = date(2026, 11, 25)
PLAIN: Final = Policy(name="plain", thresholds=thresholds())


def named(*kinds: str, same_workstation: bool = False) -> list[Named]:
    """Return a run of each kind, on workstations of their own unless said otherwise."""
    hosts = ["PC-1" if same_workstation else f"PC-{number}" for number in range(1, len(kinds) + 1)]
    starts = [f"2026-11-22T{8 + number:02}:00:00Z" for number in range(len(kinds))]
    runs = zip(kinds, hosts, starts, strict=True)
    return [(f"{number}.json", canned_run(kind, host=host, started_at=at)) for number, (kind, host, at) in enumerate(runs)]


def with_jitter(values: Sequence[float], *, site: str | None = "Munich") -> list[RunDocument]:
    """Return good runs with this jitter on the way up."""
    documents = []
    for number, value in enumerate(values):
        document = canned_run("good", site=site, started_at=f"2026-11-22T08:{number:02}:00Z")
        assert document.voice is not None
        documents.append(replace(document, voice=replace(document.voice, up=replace(document.voice.up, jitter_ms=value))))
    return documents


def waiver(what: str, expires: date = date(2026, 12, 31)) -> Waiver:
    """Return a waiver for everywhere."""
    return Waiver(what=what, owner="net team", reason="line ordered", expires=expires)
