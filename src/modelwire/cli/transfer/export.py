"""`modelwire export`: write the rows of resources to files."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple
from urllib.parse import quote

from fastapi import FastAPI

from ...errors import ConfigurationError
from ..inside import Header as HTTPHeader
from ..inside import Inside, Take, opening
from ..places import Place, find_endpoint, find_place, list_places
from ..progress import showing
from ..replies import refuse
from .columns import Column, describe_columns
from .files import check_new, compressing, writing
from .formats import Encoding, Format, choose_encoding
from .writers import Header, Known, Parsing, Passing, RowWriter, Writer

_STREAM = "/stream"
_TYPES = {Format.CSV: b"text/csv", Format.JSONL: b"application/x-ndjson"}


class Wanted(NamedTuple):
    """Options of an export.

    Args:
        resources: The names of the resources; all, if empty.
        filters: Parameters of a list, as in `status=paid`.
        to: The file or folder; None for standard output.
        format: The name of the format in an option.
        compression: The name of the compression in an option.
        replaces: Whether existing files are replaced.
    """

    resources: Sequence[str]
    filters: Sequence[str] = ()
    to: str | None = None
    format: str | None = None
    compression: str | None = None
    replaces: bool = False


class Exported(NamedTuple):
    """Result of the export of a resource.

    Args:
        resource: Its name.
        rows: The number of rows; None where it can't be streamed, and was left out.
        path: The file; None for standard output.
    """

    resource: str
    rows: int | None
    path: str | None


async def export(app: FastAPI, wanted: Wanted, headers: Sequence[HTTPHeader]) -> Sequence[Exported]:
    """Write the rows of resources into files, each of them whole or not at all.

    Args:
        app: The application.
        wanted: The options.
        headers: Headers that identify the caller.

    Returns:
        The result of each resource.

    Raises:
        ConfigurationError: The options are wrong.
        Failed: The application has refused, or a file can't be written.
    """
    query = _write_query(wanted.filters)
    async with opening(app, headers, creates=False) as inside:
        places = [find_place(inside, name) for name in wanted.resources]
        if len(places) != 1 or _is_folder(wanted.to):
            return [each async for each in _export_many(inside, places, query, wanted)]
        return [await _export_one(inside, places[0], query, wanted)]


async def _export_one(inside: Inside, place: Place, query: str, wanted: Wanted) -> Exported:
    path = None if wanted.to is None else Path(wanted.to)
    encoding = choose_encoding(path, wanted.format, wanted.compression)
    if path is not None:
        return await _export_to(path, inside, place, query, encoding, replaces=wanted.replaces)
    if sys.stdout.isatty() and not encoding.is_text:
        raise ConfigurationError("That is nothing for a terminal: name a file by --to")
    rows = await _write(inside, place, query, encoding, sys.stdout.buffer)
    sys.stdout.buffer.flush()
    return Exported(place.name, rows, None)


async def _export_many(
    inside: Inside, places: Sequence[Place], query: str, wanted: Wanted
) -> AsyncIterator[Exported]:
    """Export several resources, or all, into the files of a folder."""
    if query and len(places) != 1:
        raise ConfigurationError("--filter is about one resource; name it")
    folder = _find_folder(wanted.to)
    encoding = choose_encoding(None, wanted.format or Format.JSONL, wanted.compression)
    files = {
        place.name: folder / f"{place.name.replace('/', '-')}{encoding.suffix}"
        for place in places or list_places(inside).values()
    }
    for file in files.values():
        check_new(file, replaces=wanted.replaces)
    folder.mkdir(parents=True, exist_ok=True)
    for name, file in files.items():
        place = find_place(inside, name)
        if not places and find_endpoint(inside, place, _STREAM, "GET") is None:
            yield Exported(name, None, None)
        else:
            replaces = wanted.replaces
            yield await _export_to(file, inside, place, query, encoding, replaces=replaces)


async def _export_to(
    path: Path, inside: Inside, place: Place, query: str, encoding: Encoding, *, replaces: bool
) -> Exported:
    with writing(path, replaces=replaces) as file:
        rows = await _write(inside, place, query, encoding, file)
    return Exported(place.name, rows, str(path))


async def _write(
    inside: Inside, place: Place, query: str, encoding: Encoding, file: BinaryIO
) -> int:
    """Write the rows of a resource into a file; return their number."""
    if find_endpoint(inside, place, _STREAM, "GET") is None:
        raise ConfigurationError(
            f"{place.name} can't be exported: its resource is without the operation `stream`"
        )
    with compressing(file, encoding.compression) as packed:
        if encoding.format.is_text:
            passing = Passing(packed, encoding.format)
            return await _read(inside, place, query, encoding.format, passing)
        columns = describe_columns(place.table, await _read_names(inside, place, query))
        rows = Parsing(_open_rows(encoding.format, packed, columns))
        return await _read(inside, place, query, Format.JSONL, rows)


def _open_rows(format_: Format, file: BinaryIO, columns: Sequence[Column]) -> RowWriter:
    if format_ is Format.PARQUET:
        from .parquet import ParquetRows  # noqa: PLC0415 - it imports pyarrow

        return ParquetRows(file, columns)
    from .excel import ExcelRows  # noqa: PLC0415 - it imports openpyxl

    return ExcelRows(file, columns)


async def _read_names(inside: Inside, place: Place, query: str) -> Sequence[str]:
    """Find the columns of a stream's rows, of which there may be none."""
    header = Header()
    with suppress(Known):
        await _ask(inside, place, query, Format.CSV, header.take)
    return header.names


async def _read(inside: Inside, place: Place, query: str, format_: Format, writer: Writer) -> int:
    """Read a stream to its end; return the number of its rows."""
    with showing(place.name) as advance:

        def take(part: bytes) -> None:
            writer.take(part)
            advance(writer.rows, 0)

        await _ask(inside, place, query, format_, take)
    writer.finish()
    return writer.rows


async def _ask(inside: Inside, place: Place, query: str, format_: Format, take: Take) -> None:
    """Request the stream of a resource's rows.

    Raises:
        ConfigurationError: A parameter is wrong.
        Failed: The application has refused for another reason.
    """
    headers = [(b"accept", _TYPES[format_]), (b"prefer", b"end-marker")]
    path = f"{place.path}{_STREAM}"
    reply = await inside.ask("GET", path, query, headers=headers, take=take)
    if not reply.is_success:
        raise refuse(reply, place.name)


def _write_query(filters: Sequence[str]) -> str:
    """Write the query of a list.

    Raises:
        ConfigurationError: One of its parameters has no value, or is set by other options.
    """
    written = []
    for given in filters:
        name, sign, value = given.partition("=")
        if not sign or not name:
            raise ConfigurationError(f"--filter {given} should be as in status=paid")
        if name == "format":
            raise ConfigurationError("--filter format=… is what --format says")
        written.append(f"{quote(name, safe='')}={quote(value, safe='')}")
    return "&".join(written)


def _is_folder(path: str | None) -> bool:
    return path is not None and (path.endswith("/") or Path(path).is_dir())


def _find_folder(path: str | None) -> Path:
    if path is None or (Path(path).suffix and not _is_folder(path)):
        raise ConfigurationError("Several resources go into a folder: name one by --to, as in out/")
    folder = Path(path)
    if folder.exists() and not folder.is_dir():
        raise ConfigurationError(f"{folder} is a file: name a folder by --to, as in out/")
    return folder
