"""Formats and compressions of files, by the names that files have or options give."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, TypeVar

from ...errors import ConfigurationError
from ...extras import require


class Format(StrEnum):
    """How rows are written in a file."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"
    EXCEL = "xlsx"

    @property
    def is_text(self) -> bool:
        """Whether it is made of lines of text."""
        return self in (Format.CSV, Format.JSONL)


class Compression(StrEnum):
    """How a file is compressed."""

    NONE = "none"
    GZIP = "gzip"
    ZSTD = "zstd"


_FORMATS = {
    ".csv": Format.CSV,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".parquet": Format.PARQUET,
    ".xlsx": Format.EXCEL,
}
_COMPRESSIONS = {".gz": Compression.GZIP, ".zst": Compression.ZSTD}
_PACKAGES: dict[Format | Compression, str] = {
    Format.PARQUET: "pyarrow",
    Format.EXCEL: "openpyxl",
}
if sys.version_info < (3, 14):  # which has it itself
    _PACKAGES[Compression.ZSTD] = "backports.zstd"

Named = TypeVar("Named", Format, Compression)


class Encoding(NamedTuple):
    """How a file is written.

    Args:
        format: How its rows are.
        compression: How all of it is.
    """

    format: Format
    compression: Compression

    @property
    def is_text(self) -> bool:
        """Whether a terminal can show it."""
        return self.format.is_text and self.compression is Compression.NONE

    @property
    def suffix(self) -> str:
        """How the name of such a file ends."""
        packed = {packing: end for end, packing in _COMPRESSIONS.items()}
        return f".{self.format}{packed.get(self.compression, '')}"


def choose_encoding(path: Path | None, format_: str | None, compression: str | None) -> Encoding:
    """Choose how a file is written: as options say, or as its name does.

    Args:
        path: The file; None for a standard stream.
        format_: The format that is asked for.
        compression: The compression that is asked for.

    Raises:
        ConfigurationError: There is no such format or compression, neither is named, or what it
            needs is not installed.
    """
    suffixes = [] if path is None else [suffix.lower() for suffix in path.suffixes]
    packing = _COMPRESSIONS.get(suffixes[-1]) if suffixes else None
    if packing is not None:
        suffixes.pop()
    known = _FORMATS.get(suffixes[-1]) if suffixes else None
    chosen = known if format_ is None else _parse(Format, format_, "--format")
    if chosen is None:
        where = "a standard stream" if path is None else str(path)
        raise ConfigurationError(f"Say which format {where} has: --format {' or '.join(Format)}")
    packed = packing or Compression.NONE
    if compression is not None:
        packed = _parse(Compression, compression, "--compress")
    for part in (chosen, packed):
        if part in _PACKAGES:
            require(_PACKAGES[part], f"The format {part}")
    return Encoding(chosen, packed)


def _parse(kind: type[Named], name: str, option: str) -> Named:
    try:
        return kind(name)
    except ValueError:
        known = ", ".join(kind)
        raise ConfigurationError(f"{option} {name}: there is no such one; say {known}") from None
