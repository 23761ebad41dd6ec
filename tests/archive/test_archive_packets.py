"""The per-packet record (contract 4.1, `--keep-packets`)."""

import gzip
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nra.archive.document import UnreadableDocument
from nra.archive.packets import COLUMNS, ROWS_AT_ONCE, dump, read_packets, write_packets
from nra.model.sample import ABSENT, StreamSample, column

HEADER = "call,sequence,t1_ns,t2_ns,t3_ns,t4_ns,reflector_sequence,ttl,tos"


def sample_of(rows: list[tuple[int, ...]]) -> StreamSample:
    """Return a sample with these rows of nine cells."""
    table = np.array(rows, dtype=np.int64).reshape(-1, len(COLUMNS))
    return StreamSample(**{name: column(table[:, index]) for index, name in enumerate(COLUMNS)}, tos_up=column([ABSENT] * len(rows)))


def rows_of(sample: StreamSample) -> list[tuple[int, ...]]:
    """Return the sample's rows."""
    return list(zip(*(getattr(sample, name).tolist() for name in COLUMNS), strict=True))


def test_writes_the_contract_s_lines(tmp_path: Path) -> None:
    """One line per probe and arrival, Unix nanoseconds, empty = absent; a copy is a further line."""
    t1 = 1_795_356_191_000_000_001
    rows = [
        (0, 0, t1, t1 + 5, t1 + 6, t1 + 11, 0, 57, 184),
        (0, 0, t1, t1 + 5, t1 + 7, t1 + 12, 1, 57, 184),
        (0, 1, t1 + 20, *[ABSENT] * 6),
    ]
    path = write_packets(tmp_path, "run", sample_of(rows))
    assert path.name == "run.packets.csv.gz"
    assert gzip.decompress(path.read_bytes()).decode() == (
        f"{HEADER}\n0,0,{t1},{t1 + 5},{t1 + 6},{t1 + 11},0,57,184\n0,0,{t1},{t1 + 5},{t1 + 7},{t1 + 12},1,57,184\n0,1,{t1 + 20},,,,,,\n"
    )


def test_absence_never_shows_as_a_number(tmp_path: Path) -> None:
    """The value that stands for absent stays inside the program."""
    path = write_packets(tmp_path, "run", sample_of([(ABSENT,) * 9]))
    assert gzip.decompress(path.read_bytes()).decode().splitlines()[1] == ",,,,,,,,"


@given(st.lists(st.tuples(*[st.integers(-(2**63), 2**63 - 1)] * 9), max_size=20))
@settings(max_examples=50)
def test_reads_back_what_it_wrote(rows: list[tuple[int, ...]]) -> None:
    """Any 64-bit numbers, also negative ones, survive the way to the file and back."""
    file = BytesIO()
    dump(sample_of(rows), file)
    lines = gzip.decompress(file.getvalue()).decode().splitlines()
    assert lines[0] == HEADER
    assert [tuple(int(cell) if cell else ABSENT for cell in line.split(",")) for line in lines[1:]] == rows


def test_reads_more_rows_than_are_written_at_once(tmp_path: Path) -> None:
    """A long stream is written in pieces and read back whole, in order."""
    rows = [(0, sequence, *[sequence * 7] * 7) for sequence in range(2 * ROWS_AT_ONCE + 1)]
    back = read_packets(write_packets(tmp_path, "run", sample_of(rows)))
    assert rows_of(back) == rows
    assert back.tos_up.tolist() == [ABSENT] * len(rows)


def test_reads_an_empty_record(tmp_path: Path) -> None:
    """A stream of no packet is a header and nothing else."""
    assert rows_of(read_packets(write_packets(tmp_path, "run", sample_of([])))) == []


def test_same_sample_same_bytes() -> None:
    """The file depends on the packets only, not on the moment of writing."""
    first, second = BytesIO(), BytesIO()
    for file in (first, second):
        dump(sample_of([(0, 1, 2, 3, 4, 5, 6, 7, 8)]), file)
    assert first.getvalue() == second.getvalue()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "line 1: expected the columns call,sequence"),
        ("a,b\n", "line 1: expected the columns call,sequence"),
        (f"{HEADER}\n1,2,3\n", "line 2: expected 9 cells"),
        (f"{HEADER}\n1,2,3,4,5,6,7,8,x\n", "line 2: expected whole numbers"),
        (f"{HEADER}\n1,2,3,4,5,6,7,8,{2**63}\n", "line 2: expected whole numbers"),
        (f"{HEADER}\n1,2,3,4,5,6,7,8,9", "line 2: expected 9 cells"),
    ],
)
def test_refuses_a_foreign_record(tmp_path: Path, text: str, complaint: str) -> None:
    """The message names file and line."""
    path = tmp_path / "foreign.packets.csv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    with pytest.raises(UnreadableDocument) as caught:
        read_packets(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert complaint in str(caught.value)


@pytest.mark.parametrize("keep", [0, 1, 9, 30, -1, -9])
def test_refuses_a_record_that_is_cut_off(tmp_path: Path, keep: int) -> None:
    """A truncated file is no shorter stream."""
    path = write_packets(tmp_path, "run", sample_of([(0, 1, 2, 3, 4, 5, 6, 7, 8)] * 50))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(UnreadableDocument):
        read_packets(path)


def test_refuses_what_is_not_there(tmp_path: Path) -> None:
    """A missing file is told by its path."""
    with pytest.raises(UnreadableDocument, match=r"missing\.packets\.csv\.gz"):
        read_packets(tmp_path / "missing.packets.csv.gz")
