"""What became of the quality, as small tables."""

from dataclasses import replace

from nra.model.voice import RoundTrip, Voice
from nra.report.qualities import Figure, buffers, codecs, costs, delays, worst
from nra.testing.canned import canned_run


def voice_of(kind: str) -> Voice:
    """Return the voice half of a canned run."""
    voice = canned_run(kind).voice
    assert voice is not None
    return voice


def test_each_impairment_is_a_row() -> None:
    """What loss took each way stands side by side."""
    (table,) = costs(voice_of("bad"))
    assert table.rows[2] == ("loss", Figure(0.751, "points"), Figure(11.0, "points"))


def test_buffers_worst_stretch_and_codecs() -> None:
    """A buffer that one direction lacks is unknown there, a worst stretch that is not known has no row."""
    voice = voice_of("bad")
    voice = replace(voice, up=replace(voice.up, buffers=()))
    (table,) = buffers(voice)
    assert table.rows[0] == ("fixed 60 ms", Figure(None, "%"), Figure(None, "ms"), Figure(1.4, "%"), Figure(60.0, "ms"))
    assert [row[:2] for table in worst(voice) for row in table.rows] == [("down", 8)]
    assert [row[0] for table in codecs(voice) for row in table.rows] == ["g711", "g729"]


def test_what_is_not_known_has_no_table() -> None:
    """No empty table stands anywhere."""
    voice = voice_of("good")
    bare = replace(voice.up, buffers=(), costs=(), pdv_ms=None)
    voice = replace(voice, up=bare, down=bare, round_trip=RoundTrip(), mos_by_codec=())
    assert [*buffers(voice), *costs(voice), *codecs(voice), *worst(voice), *delays(voice)] == []


def test_delays_by_percentile() -> None:
    """The round trip, and in each direction what was above the least; with basis "round trip" there is one of these."""
    (table,) = delays(voice_of("bad"))
    assert [row[0] for row in table.rows] == ["Round trip", "Up, above the least", "Down, above the least"]
    assert table.rows[2][1:] == tuple(Figure(value, "ms") for value in (0.0, 19.8, 58.4, 83.6, 131.7))
    (table,) = delays(voice_of("round-trip"))
    assert [row[0] for row in table.rows] == ["Round trip", "Round trip, above the least"]
