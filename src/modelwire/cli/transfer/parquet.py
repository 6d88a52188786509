"""Parquet files, by pyarrow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import IO, Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from ...errors import ConfigurationError
from ..ask import Failed
from .columns import Column, Values
from .writers import as_text

_GROUP_ROWS = 16_384
"""Rows of a row group, which is held in memory: enough for good compression of columns."""

_READ_ROWS = 4_096


class ParquetRows:
    """Writer of rows to a Parquet file, row group by row group.

    Args:
        file: The file to write.
        columns: The columns that rows have.
    """

    def __init__(self, file: BinaryIO, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._waiting: list[dict[str, Any]] = []
        schema = pa.schema([(column.name, _type_of(column)) for column in columns])
        self._writer = pq.ParquetWriter(file, schema, compression="zstd")

    def write(self, rows: Sequence[dict[str, Any]]) -> None:
        """Write rows."""
        self._waiting += rows
        if len(self._waiting) >= _GROUP_ROWS:
            self._flush()

    def close(self) -> None:
        """Write the remaining rows, and the end of the file."""
        if self._waiting:
            self._flush()
        self._writer.close()

    def _flush(self) -> None:
        rows, self._waiting = self._waiting, []
        arrays = [_to_array(c, [row.get(c.name) for row in rows]) for c in self._columns]
        self._writer.write_batch(pa.record_batch(arrays, schema=self._writer.schema))


def _type_of(column: Column) -> pa.DataType:
    if column.values is Values.DECIMAL:
        return pa.decimal128(*column.digits)
    return _TYPES[column.values]


_TYPES = {
    Values.TEXT: pa.string(),
    Values.INTEGER: pa.int64(),
    Values.NUMBER: pa.float64(),
    Values.BOOLEAN: pa.bool_(),
    Values.DATE: pa.date32(),
    Values.MOMENT: pa.timestamp("us", tz="UTC"),
    Values.NAIVE_MOMENT: pa.timestamp("us"),
}

_CONVERT: Mapping[Values, Callable[[Any], Any]] = {
    Values.TEXT: as_text,
    Values.DECIMAL: Decimal,
    Values.DATE: dt.date.fromisoformat,
    Values.MOMENT: dt.datetime.fromisoformat,
    Values.NAIVE_MOMENT: dt.datetime.fromisoformat,
}


def _to_array(column: Column, values: list[Any]) -> pa.Array:
    convert = _CONVERT.get(column.values)
    try:
        if convert is not None:
            values = [None if value is None else convert(value) for value in values]
        return pa.array(values, _type_of(column))
    except (ArithmeticError, TypeError, ValueError) as exc:  # includes those of pyarrow
        raise Failed(
            f"{column.name} has a value that is no {column.values.name.lower()} of Parquet's: "
            "leave the field out by --filter fields=…, or choose another format"
        ) from exc


def read_parquet(file: IO[bytes]) -> Iterator[Sequence[Any]]:
    """Read the names of the columns, and then each row.

    Raises:
        ConfigurationError: It is no Parquet file.
        Failed: It is damaged.
    """
    try:
        source = pq.ParquetFile(file)
    except (pa.ArrowException, OSError):
        raise ConfigurationError("That is no Parquet file") from None
    yield source.schema_arrow.names
    try:
        for batch in source.iter_batches(_READ_ROWS):
            columns = [column.to_pylist() for column in batch.columns]
            yield from zip(*columns, strict=True)
    except (pa.ArrowException, OSError) as exc:
        raise Failed(f"The file is broken: {type(exc).__name__}") from exc
