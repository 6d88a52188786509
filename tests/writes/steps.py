"""Steps: one writing request each, most of which succeed in some database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import quote

from .known import TABLES, Key


@dataclass(frozen=True, repr=False)
class Step:
    """One request that writes.

    Args:
        kind: What it asks for.
        table: The resource.
        method: The method of a change of one row.
        body: The body.
        wrapped: Whether a bulk body is an object with the array in it.
        key: The key of the row in the path.
        relation: What stands below that.
        other: The key of the row that is linked.
        tag: `If-Match`: `current` and `old` stand for tags that a client has seen.
        filter: The column, operator and operand by which a mass change finds its rows.
        limit: How many it may affect.
        include: What the answer shows along.
        minimal: Whether the answer has no body.
        unique: The unique key by which an upsert finds rows.
        resolution: What becomes of those that are there.
        each: Whether each row of a bulk request is written for itself.
        repeated: Whether the request is sent twice under one key.
        first: Where the first row stands in the body.
    """

    kind: str
    table: str
    method: str = "PATCH"
    body: Any = None
    wrapped: bool = False
    key: Key = ()
    relation: str = ""
    other: Key = ()
    tag: str | None = None
    filter: tuple[str, str, Any] | None = None
    limit: int | None = None
    include: str | None = None
    minimal: bool = False
    unique: tuple[str, ...] = ()
    resolution: str | None = None
    each: bool = False
    repeated: bool = False
    first: int = 0

    def __repr__(self) -> str:
        given = {f.name: getattr(self, f.name) for f in fields(self)}
        defaults = {f.name: f.default for f in fields(self)}
        shown = (f"{n}={v!r}" for n, v in given.items() if v != defaults[n])
        return f"Step({', '.join(shown)})"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        """Print the step for Hypothesis."""
        printer.text(repr(self))

    @property
    def shown(self) -> str:
        """The table whose rows are answered."""
        if self.kind == "create_child":
            return TABLES[self.table].relations[self.relation].table
        return self.table

    @property
    def writes_many(self) -> bool:
        """Whether the body has rows, or keys of them."""
        return self.kind.startswith("bulk") or self.kind == "upsert"

    def url(self) -> str:
        path = f"/{self.table}/"
        if self.writes_many:
            path += "bulk/"
        if self.key:
            path += write_key(self.key)
        if self.relation:
            path += f"/{self.relation}/"
        if self.other:
            path += write_key(self.other)
        return path + self._query()

    def _query(self) -> str:
        parts = []
        if self.filter is not None:
            column, operator, operand = self.filter
            text = str(operand).lower() if isinstance(operand, bool) else str(operand)
            parts.append(f"{column}__{operator}={quote(text)}")
        if self.include:
            parts.append(f"include={self.include}")
        if self.unique:
            parts.append(f"on_conflict={','.join(self.unique)}")
        if self.each:
            parts.append("atomic=false")
        return f"?{'&'.join(parts)}" if parts else ""

    def request(self) -> tuple[str, Any, dict[str, str]]:
        """The method, body and headers."""
        body = {self.table: self.body} if self.wrapped else self.body
        preferences = ["return=minimal"] if self.minimal else []
        if self.limit is not None:
            preferences.append(f"max-affected={self.limit}")
        if self.resolution is not None:
            preferences.append(f"resolution={self.resolution}")
        headers = {"prefer": ", ".join(preferences)} if preferences else {}
        if self.tag is not None:
            headers["if-match"] = self.tag
        return _METHODS.get(self.kind, self.method), body, headers


_METHODS: Mapping[str, str] = {
    "create": "POST",
    "bulk_create": "POST",
    "create_child": "POST",
    "upsert": "POST",
    "bulk_update": "PATCH",
    "delete": "DELETE",
    "bulk_delete": "DELETE",
    "mass_update": "PATCH",
    "mass_delete": "DELETE",
    "link": "PUT",
    "unlink": "DELETE",
}


def write_key(key: Key) -> str:
    """A key as it stands in a path."""
    return ",".join(quote(str(value), safe="") for value in key)
