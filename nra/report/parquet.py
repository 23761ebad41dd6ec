"""Runs as Parquet: one file, or a data set partitioned by organization and day; pyarrow (extra `parquet`) is imported here."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet

from nra.report.entry import Entry
from nra.report.run_table import COLUMNS, values

KINDS: Final = {"text": pa.string(), "number": pa.float64(), "count": pa.int64(), "flag": pa.bool_(), "time": pa.timestamp("us")}
SCHEMA: Final = pa.schema([(name, KINDS[column.kind]) for name, column in COLUMNS.items()])
ROWS_AT_ONCE: Final = 2000
PARTITIONS: Final = ("org", "day")
MOST_PARTITIONS: Final = 1 << 20
COMPRESSION: Final = "zstd"


def parquet_file(entries: Iterable[Entry], file: BinaryIO) -> None:
    """Write the runs into one Parquet file, a row each."""
    with pa.parquet.ParquetWriter(file, SCHEMA, compression=COMPRESSION) as writer:
        for batch in _batches(entries):
            writer.write_batch(batch)


def parquet_data_set(entries: Iterable[Entry], folder: Path) -> None:
    """Write the runs as `org=.../day=.../part-*.parquet` into an empty folder, as most query engines take it."""
    partitioning = pa.dataset.partitioning(pa.schema([SCHEMA.field(name) for name in PARTITIONS]), flavor="hive")
    parquet = pa.dataset.ParquetFileFormat()
    pa.dataset.write_dataset(
        _batches(entries),
        folder,
        schema=SCHEMA,
        format=parquet,
        partitioning=partitioning,
        basename_template="part-{i}.parquet",
        max_partitions=MOST_PARTITIONS,
        file_options=parquet.make_write_options(compression=COMPRESSION),
    )


def _batches(entries: Iterable[Entry]) -> Iterator[pa.RecordBatch]:
    remaining = iter(entries)
    while rows := [tuple(values(entry)) for entry in islice(remaining, ROWS_AT_ONCE)]:
        arrays = [pa.array(column, type=field.type) for column, field in zip(zip(*rows, strict=True), SCHEMA, strict=True)]
        yield pa.record_batch(arrays, schema=SCHEMA)
