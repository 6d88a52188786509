"""Reading and writing of files: compressed, and written as a whole or not at all."""

from __future__ import annotations

import gzip
import os
import secrets
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from ...errors import ConfigurationError
from ..ask import Failed
from .formats import Compression

_LEVEL = 6
"""Compression level, the default of the command `gzip`."""


@contextmanager
def writing(path: Path, *, replaces: bool) -> Iterator[BinaryIO]:
    """Write a file, which gets its name once it is complete.

    Args:
        path: The file.
        replaces: Whether an existing one is replaced.

    Yields:
        The file to write to.

    Raises:
        ConfigurationError: It exists already.
        Failed: It can't be written.
    """
    check_new(path, replaces=replaces)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with beside.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as exc:
        raise Failed(f"{path} can't be written: {exc.strerror or exc}") from exc
    finally:
        beside.unlink(missing_ok=True)


def check_new(path: Path, *, replaces: bool) -> None:
    """Check that a file may be written.

    Raises:
        ConfigurationError: It exists already, or no file can have that name.
    """
    if path.is_dir():
        raise ConfigurationError(f"{path} is a folder; name a file in it")
    if path.exists() and not replaces:
        raise ConfigurationError(f"{path} exists already; --force replaces it")


@contextmanager
def compressing(file: BinaryIO, compression: Compression) -> Iterator[BinaryIO]:
    """Compress what is written to a file."""
    if compression is Compression.NONE:
        yield file
    elif compression is Compression.GZIP:
        with gzip.GzipFile("", "wb", _LEVEL, file, mtime=0) as packed:
            yield cast(BinaryIO, packed)
    else:
        with _load_zstd().ZstdFile(file, "wb") as packed:
            yield packed


@contextmanager
def reading(path: Path | None) -> Iterator[BinaryIO]:
    """Read a file.

    Args:
        path: The file; None for standard input.

    Raises:
        ConfigurationError: It can't be read.
    """
    if path is None:
        yield sys.stdin.buffer
        return
    try:
        file = path.open("rb")
    except OSError as exc:
        raise ConfigurationError(f"{path} can't be read: {exc.strerror}") from None
    with file:
        yield file


@contextmanager
def decompressing(file: BinaryIO, compression: Compression) -> Iterator[BinaryIO]:
    """Decompress what is read from a file.

    Raises:
        Failed: It can't be read: it is compressed otherwise, or damaged.
    """
    if compression is Compression.NONE:
        yield file
        return
    faults: tuple[type[Exception], ...] = (EOFError, gzip.BadGzipFile, zlib.error)
    if compression is Compression.GZIP:
        packed = cast(BinaryIO, gzip.GzipFile("", "rb", fileobj=file))
    else:
        zstd = _load_zstd()
        faults, packed = (EOFError, zstd.ZstdError), zstd.ZstdFile(file, "rb")
    try:
        with packed:
            yield packed
    except faults as exc:
        raise Failed(
            f"The file can't be read as {compression}: it has another format, or is damaged"
        ) from exc


@contextmanager
def seekable(file: BinaryIO) -> Iterator[IO[bytes]]:
    """Yield a file itself if it is seekable, or else a copy of it on disk."""
    if file is not sys.stdin.buffer and file.seekable() and hasattr(file, "fileno"):
        yield file
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(file, copy)
        copy.seek(0)
        yield copy


def _load_zstd() -> Any:
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415 - not in every Python
    else:
        from backports import zstd  # noqa: PLC0415 - may not be installed

    return zstd
