"""Requests about one schema, and what their answers should be."""

from __future__ import annotations

import json
from collections import Counter
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

from .model import Row
from .tables import Column, Table
from .worlds import Answer, Different, World

RESERVED = ("bulk", "stream", "query", "aggregate", "changes", ".", "..")
TRIED = "tx=rollback"


def text_of(value: Any) -> str:
    """A value as a query or a path has it."""
    return value if isinstance(value, str) else json.dumps(value)


def key_path(table: Table, row: Row) -> str:
    """The key of a row as a path has it."""
    parts = [quote(text_of(row[column.wire]).encode(), safe="") for column in table.key]
    path = ",".join(parts)
    if len(parts) == 1 and text_of(row[table.key[0].wire]) in RESERVED:
        path = f"%{ord(path[0]):02X}" + path[1:] if path != ".." else "%2E%2E"
    return path


def draw_key(column: Column, draw: Random) -> Any:
    """A value that can stand in a key."""
    value = column.kind.draw(draw)
    return "k" if value == "" else value


class Asking:
    """Asks all applications of a schema."""

    def __init__(self, world: World, draw: Random, counts: Counter[str]) -> None:
        self.world, self.draw, self.counts = world, draw, counts
        self.tables = [table for table in world.schema.tables if table.path]
        self.admin = {"x-user": "1", "x-admin": "true"} if world.schema.has_callers else {}
        self.who = self.admin
        self._known: dict[tuple[str, str], list[Row]] = {}

    def chance(self, p: float) -> bool:
        return self.draw.random() < p

    async def ask(
        self, kind: str, method: str, url: str, body: Any = None, **options: Any
    ) -> Answer:
        headers = {**self.who, **options.pop("headers", {})}
        if method not in ("GET", "HEAD"):
            self._known.clear()
        answer = await self.world.ask(method, url, body, headers, **options)
        self.counts[f"{kind} {answer.status} {answer.code}"] += 1
        return answer

    def url(self, table: Table, rest: str = "/", **query: Any) -> str:
        text = urlencode(query, doseq=True)
        return f"{quote(table.path)}{rest}" + (f"?{text}" if text else "")

    async def rows(self, table: Table) -> list[Row]:
        """All rows that are seen, by their key."""
        known = (table.name, str(self.who))
        if table.path and known not in self._known:
            answer = await self.ask("rows", "GET", self.url(table, "/stream/"))
            self.expect(answer, 200)
            self._known[known] = answer.body
        return self._known.get(known, [])

    async def rows_of(self, table: Table) -> list[Row]:
        """All rows, visible or not."""
        who, self.who = self.who, self.admin
        rows = await self.rows(table)
        self.who = who
        return rows

    async def some(self, table: Table) -> Row | None:
        rows = await self.rows(table)
        return self.draw.choice(rows) if rows else None

    def row_url(self, table: Table, row: Row, rest: str = "", **query: Any) -> str:
        return self.url(table, f"/{key_path(table, row)}{rest}", **query)

    async def match(self, table: Table, row: Row) -> list[dict[str, str]]:
        """Of each application the headers of a change under a condition."""
        if not table.needs_match and self.chance(0.8):
            return []
        answer = await self.ask("get", "GET", self.row_url(table, row))
        self.expect(answer, 200)
        return [{"if-match": one.headers["etag"]} for one in answer.each]

    def expect(self, answer: Answer, *statuses: int) -> None:
        if answer.status not in statuses:
            raise Different(f"{answer.status} instead of {statuses}: {answer.each[0].text[:700]}")

    def same(self, found: Any, wanted: Any, what: str) -> None:
        if found != wanted:
            raise Different(
                f"{what}:\n  found  {json.dumps(found)[:900]}\n  wanted {json.dumps(wanted)[:900]}"
            )

    def sorts(self, table: Table) -> bool:
        return all(column.kind.is_sortable for column in table.key)
