"""Base of the operations on resources, as parts of which a client's resources are composed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Generic, Literal, Never, TypedDict, TypeVar
from urllib.parse import quote

import httpx
from pydantic_core import to_json

from .answers import Row, tag_row
from .connection import Connection, Sent
from .parameters import (
    Comparison,
    Info,
    Parameters,
    compare,
    join,
    join_all,
    put,
    read_filters,
    spell,
    write_key,
    write_logic,
    write_search,
)

_LONGEST_SEARCH = 4000  # maximum length of a query that is sent in a URL

RowT = TypeVar("RowT", bound=Row)
TargetT = TypeVar("TargetT")
CreateT = TypeVar("CreateT", bound=Mapping[str, object])
UpdateT = TypeVar("UpdateT", bound=Mapping[str, object])
KeyedT = TypeVar("KeyedT", bound=Mapping[str, object])
WhereT = TypeVar("WhereT", bound=Mapping[str, object])
SortT = TypeVar("SortT", bound=str)
IncludeT = TypeVar("IncludeT", bound=str)
DeletedT = TypeVar("DeletedT", bound=str)
ConflictT = TypeVar("ConflictT", bound=str)
GroupT = TypeVar("GroupT", bound=str)
MeasureT = TypeVar("MeasureT", bound=str)


class Conditions(TypedDict, Generic[WhereT, DeletedT], total=False):
    """Conditions of rows, all of which must hold.

    `where` has filters by their names on the wire; those through a relation are nested below its
    name. Of `or_`, the filters of at least one element must hold; of `not_`, those of none. `q` has
    words that must all occur.
    """

    where: WhereT
    or_: Sequence[WhereT]
    not_: Sequence[WhereT]
    q: str
    deleted: DeletedT


class Query(Conditions[WhereT, DeletedT], Generic[WhereT, DeletedT, SortT, IncludeT], total=False):
    """Conditions of rows, their order, their includes, and the size of a page."""

    sort: Sequence[SortT]
    include: Sequence[IncludeT]
    limit: int


class Write(TypedDict, Generic[IncludeT], total=False):
    """Includes of the response to a write, and whether the write is only tried, and rolled back."""

    include: Sequence[IncludeT]
    dry_run: bool


class ConditionalWrite(Write[IncludeT], Generic[IncludeT], total=False):
    """Options of a write, with the entity tag that the row must have.

    By default, that is the tag of the row that is given, if it was read by itself; False for none.
    """

    if_match: str | Literal[False]


class Resource(Generic[RowT]):
    """Resource, or a relation of it below a row.

    Args:
        connection: The connection to the service.
        info: Information on the resource.
        row: The class of its rows.
        path: Its path, if that is below a row.
    """

    def __init__(
        self, connection: Connection, info: Info, row: type[RowT], path: str | None = None
    ) -> None:
        self._connection, self._info, self._row = connection, info, row
        self._path = info.path if path is None else path
        self._has_query = info.has_query and path is None

    def _below(self, target: object, relation: str) -> str:
        return f"{self._at(target)}/{quote(relation, safe='')}"

    def _at(self, target: object) -> str:
        return f"{self._path}/{write_key(self._info, target)}"

    async def _read(self, path: str, parameters: Parameters) -> httpx.Response:
        return await self._connection.send(Sent("GET", path, parameters))

    async def _query(self, path: str, parameters: Parameters) -> httpx.Response:
        """Send a query, in a body if it is too long for a URL and the resource allows it."""
        if not self._has_query or len(write_search(parameters)) <= _LONGEST_SEARCH:
            return await self._read(path, parameters)
        return await self._connection.send(Sent("POST", f"{path}query", body=to_json(parameters)))

    async def _write(
        self,
        method: str,
        path: str,
        body: object = None,
        parameters: Parameters | None = None,
        headers: Mapping[str, str] | None = None,
        write: Write[IncludeT] | None = None,
    ) -> httpx.Response:
        sent, given, write = dict(headers or {}), dict(parameters or {}), write or {}
        is_keyed = method in ("POST", "PATCH")
        if is_keyed:
            sent["idempotency-key"] = secrets.token_hex(16)
        if write.get("dry_run"):
            sent["prefer"] = ", ".join(filter(None, (sent.get("prefer"), "tx=rollback")))
        join(given, include=write.get("include"))
        content = b"" if body is None else to_json(body)
        return await self._connection.send(Sent(method, path, given, content, sent, is_keyed))

    async def _affect(
        self,
        method: str,
        changes: Mapping[str, object] | None,
        most: int,
        dry_run: bool,
        conditions: Conditions[WhereT, Never],
    ) -> int:
        headers = {"prefer": f"max-affected={most}"}
        write: Write[Never] = {"dry_run": dry_run}
        parameters, path = self._conditions(conditions), f"{self._path}/"
        answer = await self._write(method, path, changes, parameters, headers, write)
        affected: int = answer.json()["affected"]
        return affected

    def _row_of(self, answer: httpx.Response) -> RowT:
        row = self._row.model_validate_json(answer.content)
        tag_row(row, answer.headers.get("etag"))
        return row

    def _rows_of(self, answer: httpx.Response) -> Sequence[RowT]:
        return [self._row.model_validate(item) for item in answer.json()]

    def _conditions(self, conditions: Conditions[WhereT, DeletedT]) -> Parameters:
        where: Mapping[str, object] = conditions.get("where") or {}
        parameters = {each.name: spell(each) for each in self._filters(where)}
        given, others = conditions.get("or_"), conditions.get("not_") or ()
        if given is not None and not given:
            raise ValueError("or_: no element, of which none holds")
        logic = write_logic([*map(self._term, given or ())], [*map(self._term, others)])
        put(parameters, **{"or": logic})
        put(parameters, q=conditions.get("q"), deleted=conditions.get("deleted"))
        return parameters

    def _term(self, where: Mapping[str, object]) -> str:
        return join_all([compare(each) for each in self._filters(where)])

    def _filters(self, where: Mapping[str, object]) -> Sequence[Comparison]:
        return list(read_filters(self._connection.resources, self._info, where))
