"""Formats and compressions of files, by suffixes and options."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, TypeVar

from ...errors import ConfigurationError
from ...extras import require


class Format(StrEnum):
    """Format of the rows in a file."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"
    EXCEL = "xlsx"

    @property
    def is_text(self) -> bool:
        """Whether it consists of lines of text."""
        return self in (Format.CSV, Format.JSONL)


class Compression(StrEnum):
    """Compression of a file."""

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
if sys.version_info < (3, 14):  # 3.14 has it built in
    _PACKAGES[Compression.ZSTD] = "backports.zstd"

Named = TypeVar("Named", Format, Compression)


class Encoding(NamedTuple):
    """Format and compression of a file.

    Args:
        format: The format of its rows.
        compression: The compression of the whole.
    """

    format: Format
    compression: Compression

    @property
    def is_text(self) -> bool:
        """Whether a terminal can show it."""
        return self.format.is_text and self.compression is Compression.NONE

    @property
    def suffix(self) -> str:
        """Suffix of the file's name."""
        packed = {packing: end for end, packing in _COMPRESSIONS.items()}
        return f".{self.format}{packed.get(self.compression, '')}"


def choose_encoding(path: Path | None, format_: str | None, compression: str | None) -> Encoding:
    """Choose the encoding of a file: by options, or by its name.

    Args:
        path: The file; None for a standard stream.
        format_: The format in an option.
        compression: The compression in an option.

    Raises:
        ConfigurationError: There is no such format or compression, none is given, or a package for
            it is not installed.
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
