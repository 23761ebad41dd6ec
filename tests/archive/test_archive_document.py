"""The run document as bytes (contract 4.1)."""

import json
import math
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nra.archive.document import UnreadableDocument, decode, encode, moment, read
from nra.model.document import Org
from nra.testing.canned import KINDS, canned_run


def changed(path: str, value: object) -> bytes:
    """Return a good document with the value at a dotted path changed."""
    document: dict[str, Any] = json.loads(encode(canned_run()))
    *parents, last = path.split(".")
    place = document
    for key in parents:
        place = place[key]
    place[last] = value
    return json.dumps(document).encode()


@pytest.mark.parametrize("kind", KINDS)
def test_reads_back_what_it_wrote(kind: str) -> None:
    """Every kind of run survives the way to bytes and back unchanged, and gives the same bytes again."""
    document = canned_run(kind)
    assert decode(encode(document)) == document
    assert encode(decode(encode(document))) == encode(document)


def test_has_the_contract_s_keys_in_order() -> None:
    """The document begins with the schema and has the contract's keys (contract 4.1); what was added stands behind them."""
    document = json.loads(encode(canned_run()))
    assert list(document) == ["schema", "verdict", "run", "voice", "firewall", "metrics", "findings", "thresholds", "capacity", "load"]
    assert document["schema"] == "nra-run/1"
    assert list(document["metrics"][0]) == ["key", "label", "value", "unit", "limit", "verdict", "basis", "note"]


def test_is_pretty_utf8() -> None:
    """People read the file: indented, one value per line, accents as they are."""
    text = encode(canned_run(org="Söhne")).decode("utf-8")
    assert '\n    "org": {\n      "name": "Söhne",' in text


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_refuses_to_write_what_json_cannot_say(value: float) -> None:
    """NaN and infinity never leave the program (docs/traps.md, trap 5)."""
    document = canned_run()
    metrics = (replace(document.metrics[0], value=value), *document.metrics[1:])
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode(replace(document, metrics=metrics))


def test_writes_a_name_with_half_a_character() -> None:
    """A lone surrogate, as a terminal in another encoding gives it, does not keep the results from being written."""
    document = canned_run()
    broken = replace(document, run=replace(document.run, org=Org(name="Acme\udce4", shortname="acme")))
    assert decode(encode(broken)).run.org.name == "Acme?"


def test_passes_over_keys_of_later_versions() -> None:
    """A key that this version does not know is no reason to refuse a document."""
    assert decode(changed("run.mood", {"of": ["the", "day"]})) == canned_run()


def test_reads_documents_of_versions_before_the_histogram() -> None:
    """A field that came later is absent there, and nothing else is."""
    document = canned_run("good")
    raw = json.loads(encode(document))
    del raw["voice"]["up"]["delays"], raw["voice"]["down"]["delays"]
    voice = decode(json.dumps(raw).encode()).voice
    assert document.voice is not None
    assert voice is not None
    assert (voice.up.delays, voice.down.delays) == ((), ())
    assert voice.up.pdv_ms == document.voice.up.pdv_ms


def test_forgives_a_byte_order_mark() -> None:
    """Windows editors add one."""
    assert decode(b"\xef\xbb\xbf" + encode(canned_run())) == canned_run()


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("voice.sent", "many", "$.voice.sent"),
        ("voice.up.jitter_ms", True, "$.voice.up.jitter_ms"),
        ("voice.up.loss_percent", -3.0, "0 to 100 percent - at `$.voice.up.loss_percent`"),
        ("voice.up.lost", -9, "a count, not less than 0 - at `$.voice.up.lost`"),
        ("run.host", None, "$.run.host"),
        ("verdict", "FINE", "$.verdict"),
        ("run.id", "../../etc/passwd", "$.run.id"),
        ("run.started_at", "yesterday", "$.run.started_at"),
        ("run.ended_at", "2026-11-22T14:03:49", "$.run.ended_at"),
        ("schema", 1, "$.schema"),
        ("schema", "other/1", "$.schema"),
    ],
)
def test_names_the_field_that_is_wrong(path: str, value: object, field: str) -> None:
    """The message says where in the document the mistake is, on one line."""
    with pytest.raises(UnreadableDocument) as caught:
        decode(changed(path, value))
    assert field in str(caught.value)
    assert "\n" not in str(caught.value)


def test_refuses_more_rows_than_any_run_has() -> None:
    """A workbook of tens of thousands of ports would be drawn for hours."""
    row = json.loads(encode(canned_run()))["firewall"][0]
    with pytest.raises(UnreadableDocument, match=r"at most 1,000 - at `\$\.firewall`"):
        decode(changed("firewall", [row] * 1001))


def test_says_when_a_document_is_from_the_future() -> None:
    """A later schema is told apart from a foreign file."""
    with pytest.raises(UnreadableDocument, match=r"'nra-run/2', probably by a newer version of nra; this one reads 'nra-run/1'"):
        decode(changed("schema", "nra-run/2"))


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"null", b"\xff\xfe", b"PK\x03\x04", b'{"schema":"nra-run/1"}', b'{"schema":"nra-run/1","x":' + b"[" * 100_000, b"{}"],
)
def test_refuses_foreign_bytes(data: bytes) -> None:
    """Whatever is no run document ends in UnreadableDocument, also when it is nested without end."""
    with pytest.raises(UnreadableDocument):
        decode(data)


@given(st.binary(max_size=200))
@settings(max_examples=100)
def test_arbitrary_bytes_raise_nothing_else(data: bytes) -> None:
    """Only UnreadableDocument comes out of arbitrary bytes."""
    with pytest.raises(UnreadableDocument):
        decode(data)


@given(st.data())
@settings(max_examples=60)
def test_every_truncation_is_refused(data: st.DataObject) -> None:
    """A document cut off anywhere is unreadable, never half a document."""
    whole = encode(canned_run("blocked")).rstrip()
    with pytest.raises(UnreadableDocument):
        decode(whole[: data.draw(st.integers(0, len(whole) - 1))])


def test_read_names_the_file(tmp_path: Path) -> None:
    """The message of a file that is missing, foreign or a folder begins with its path."""
    foreign = tmp_path / "foreign.json"
    foreign.write_text("{}")
    for path in (tmp_path / "missing.json", foreign, tmp_path):
        with pytest.raises(UnreadableDocument) as caught:
            read(path)
        assert str(caught.value).startswith(f"{path}: ")


def test_moment_wants_a_zone() -> None:
    """A time without a zone means no moment; with one it is told in UTC."""
    there = moment("2026-11-22T15:03:11+01:00")
    assert there is not None
    assert there.isoformat() == "2026-11-22T14:03:11+00:00"
    assert moment("2026-11-22T15:03:11") is None
    assert moment("9999-12-31T23:59:59-23:00") is None


def test_what_a_terminal_obeys_is_escaped() -> None:
    """`--json` prints the document: C1 controls and characters that turn the writing direction come as escapes and read back."""
    document = canned_run("good", site="a\x9b2J\u202eb")
    data = encode(document)
    assert not {0x9B, 0x202E} & set(map(ord, data.decode()))
    assert decode(data).run.site == "a\x9b2J\u202eb"


def test_a_count_of_400_digits_is_none() -> None:
    """JSON has no largest number, everything that is made of a run document has."""
    data = re.sub(rb'"sent": \d+', b'"sent": ' + b"9" * 400, encode(canned_run("good")), count=1)
    with pytest.raises(UnreadableDocument, match="usual size"):
        decode(data)


def test_escapes_what_a_terminal_obeys() -> None:
    """C1 and bidirectional characters stand as escapes in the bytes and read back as they were."""
    harmful = "\x7f\x80\x9b\x9f\u2028\u2029\u202a\u202e\u2066\u2069"
    document = replace(canned_run(), run=replace(canned_run().run, org=Org(name=harmful, shortname="x")))
    text = encode(document).decode()
    assert not set(harmful) & set(text)
    assert decode(text.encode()) == document


@pytest.mark.parametrize("path", ["voice.sent", "voice.up.jitter_ms", "run.asked.calls"])
def test_refuses_numbers_beyond_all_measure(path: str) -> None:
    """An integer of 400 digits would overflow later, where nobody expects it."""
    with pytest.raises(UnreadableDocument):
        decode(changed(path, 10**399))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such files there")
def test_reads_no_file_without_an_end(tmp_path: Path) -> None:
    """A pipe and a file larger than 64 MiB are refused before anything is read."""
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "huge").open("wb") as huge:
        huge.truncate((64 << 20) + 1)
    for name in ("pipe", "huge"):
        with pytest.raises(UnreadableDocument, match="not a file, or larger"):
            read(tmp_path / name)
