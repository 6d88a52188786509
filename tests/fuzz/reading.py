"""Requests that read."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from .asking import draw_key, key_path, text_of
from .bodies import Bodies
from .model import Filter, Row, sort_rows
from .tables import MISSING, Column, Table

EVERY = (
    *("eq", "ne", "in", "not_in", "isnull", "gt", "gte", "lt", "lte", "between"),
    *("contains", "icontains", "startswith", "like", "ilike", "has"),
)


class Reading(Bodies):
    """Draws requests that read."""

    async def draw_filters(self, table: Table, most: int = 3) -> list[Filter]:
        rows = await self.rows(table)
        if not rows:
            return []  # nothing tells which fields are there for the caller
        able = [c for c in table.columns if c.is_queryable and c.wire in rows[0]]
        found: dict[tuple[str, str], Filter] = {}
        for _ in range(self.draw.randint(1, most)):
            column = self.draw.choice(able)
            operator = self.draw.choice([*column.kind.operators, "isnull"])
            if operator == "isnull":
                operands: tuple[Any, ...] = (self.chance(0.5),)
            else:
                stored = [row[column.wire] for row in rows if row[column.wire] is not None]
                count = {"in": 2, "not_in": 2, "between": 2}.get(operator, 1)
                operands = tuple(
                    self.draw.choice(stored)
                    if stored and self.chance(0.7)
                    else column.kind.draw(self.draw)
                    for _ in range(count)
                )
                if operator in ("like", "ilike"):
                    operands = (
                        operands[0][:2].replace("\\", "") + self.draw.choice(["%", "_", "%%"]),
                    )
            found[column.wire, operator] = Filter(column, operator, operands)
        return list(found.values())

    def filter_query(self, filters: list[Filter]) -> dict[str, Any]:
        query: dict[str, Any] = {}
        for one in filters:
            texts = [text_of(operand) for operand in one.operands]
            query[f"{one.column.wire}__{one.operator}"] = texts if len(texts) > 1 else texts[0]
            if one.operator in ("in", "not_in") and len(texts) == 1:
                query[f"{one.column.wire}__{one.operator}"] = [*texts, *texts]
        return query

    def list_url(self, table: Table, filters: list[Filter], **query: Any) -> str:
        return self.url(table, "/", **self.filter_query(filters), **query)

    def draw_order(self, table: Table) -> list[tuple[Column, bool]]:
        able = [
            c
            for c in table.columns
            if c.is_queryable and c.is_shown and c.kind.is_sortable and c.kind.operators
        ]
        able = [
            c
            for c in able
            if not set(c.wire) & set(',."') and "__" not in c.wire and not c.wire.startswith("-")
        ]
        picked = self.draw.sample(able, min(len(able), self.draw.randint(0, 2)))
        return [(column, self.chance(0.5)) for column in picked]

    async def list_rows(self, table: Table) -> None:
        rows = await self.rows(table)
        filters = await self.draw_filters(table) if self.chance(0.8) else []
        order = [pair for pair in self.draw_order(table) if not rows or pair[0].wire in rows[0]]
        wanted = [row for row in rows if all(one.holds(row) for one in filters)]
        wanted = sort_rows(wanted, order, table.key) if self.sorts(table) else wanted
        query: dict[str, Any] = {}
        if order:
            query["sort"] = ",".join(("-" if down else "") + column.wire for column, down in order)
        how = self.draw.choice(["page", "page", "cursor", "stream", "body", "csv"])
        await getattr(self, f"read_{how}")(table, filters, query, wanted)

    async def read_page(
        self, table: Table, filters: list[Filter], query: Row, wanted: list[Row]
    ) -> None:
        limit, skip = self.draw.randint(1, table.max_limit), self.draw.randint(0, 2)
        answer = await self.ask(
            "list", "GET", self.list_url(table, filters, **query, limit=limit, skip=skip)
        )
        self.expect(answer, 200)
        self.same(answer.body["total"], len(wanted), "total")
        self.same(answer.body["items"], wanted[skip : skip + limit], "items")

    async def read_body(
        self, table: Table, filters: list[Filter], query: Row, wanted: list[Row]
    ) -> None:
        body = {**self.filter_query(filters), "limit": table.max_limit}
        if "sort" in query:
            body["sort"] = query["sort"].split(",")
        answer = await self.ask("query", "POST", self.url(table, "/query"), body)
        self.expect(answer, 200)
        self.same(answer.body["items"], wanted[: table.max_limit], "items")

    async def read_cursor(
        self, table: Table, filters: list[Filter], query: Row, wanted: list[Row]
    ) -> None:
        cursors: list[str | None] = [""] * 4
        found: list[Row] = []
        for _ in range(len(wanted) + 2):
            urls = [
                self.list_url(table, filters, **query, limit=2, cursor=cursor) for cursor in cursors
            ]
            answer = await self.ask("cursor", "GET", urls[0], urls=urls, ignored=("link",))
            self.expect(answer, 200)
            found += answer.body["items"]
            cursors = [one.json()["next"] for one in answer.each]
            if cursors[0] is None:
                break
        self.same(found, wanted, "items by cursors")

    async def read_stream(
        self, table: Table, filters: list[Filter], query: Row, wanted: list[Row]
    ) -> None:
        url = self.url(table, "/stream/", **self.filter_query(filters), **query)
        answer = await self.ask("stream", "GET", url, headers={"accept": "application/x-ndjson"})
        self.expect(answer, 200)
        found = [json.loads(line) for line in answer.each[0].content.split(b"\n") if line]
        self.same(found, wanted, "lines")

    async def read_csv(
        self, table: Table, filters: list[Filter], query: Row, wanted: list[Row]
    ) -> None:
        url = self.url(table, "/stream/", **self.filter_query(filters), **query, format="csv")
        answer = await self.ask("csv", "GET", url)
        self.expect(answer, 200)
        text = io.StringIO(answer.each[0].content.decode(), newline="")
        lines = list(csv.reader(text, strict=True))
        self.same(len(lines), len(wanted) + 1, "lines of CSV")

    async def logic(self, table: Table) -> None:
        rows = await self.rows(table)
        filters = await self.draw_filters(table)
        terms = [f"{_quoted(f'{f.column.wire}')}__{f.operator}:{_operand(f)}" for f in filters]
        if not filters or any(_needs_quotes(f.column.wire) for f in filters):
            return
        negated = self.chance(0.4)
        text = f"(not(or({','.join(terms)})))" if negated else f"({','.join(terms)})"
        wanted = [row for row in rows if any(one.holds(row) for one in filters) is not negated]
        answer = await self.ask(
            "or", "GET", self.url(table, "/", **{"or": text, "limit": table.max_limit})
        )
        self.expect(answer, 200)
        self.same(answer.body["total"], len(wanted), "total of or")

    async def search(self, table: Table) -> None:
        rows = await self.rows(table)
        able = [
            c
            for c in table.columns
            if "icontains" in c.kind.operators and c.is_queryable and c.is_shown
        ]
        word = self.draw.choice(["a", "B", "1", "x'y", "%", "zz"])
        answer = await self.ask("q", "GET", self.url(table, "/", q=word, limit=table.max_limit))
        self.expect(answer, 200, 422)
        if answer.status == 200:
            wanted = [
                row
                for row in rows
                if any(Filter(c, "icontains", (word,)).holds(row) for c in able if c.wire in row)
            ]
            self.same(answer.body["total"], len(wanted), "total of q")

    async def odd_query(self, table: Table) -> None:
        """Whatever is asked, it is no fault of the server's."""
        # An array is JSON on SQLite, which has more operators.
        able = [c for c in table.columns if c.kind_name not in ("array", "texts")]
        column = self.draw.choice(able)
        operator = self.draw.choice([*EVERY, "no"])
        value = self.draw.choice(
            [
                "",
                "x",
                "1",
                "null",
                "1e999",
                "9" * 30,
                "2024-01-01",
                "%",
                "\\",
                "a,b",
                "{}",
                "-1",
                "٣",
                "NaN",
            ]
        )
        answer = await self.ask(
            "odd", "GET", self.url(table, "/", **{f"{column.wire}__{operator}": value})
        )
        self.expect(answer, 200, 422)

    async def get(self, table: Table) -> None:
        row = await self.some(table)
        if row is None:
            return
        query: dict[str, Any] = {}
        included = [r for r in table.relations if r.included]
        if included and self.chance(0.7):
            relation = self.draw.choice(included)
            path = relation.wire
            more = [r for r in relation.target.relations if r.included and r.back != relation.name]
            if more and self.chance(0.5):
                path += "." + self.draw.choice(more).wire
            query["include"] = path
        answer = await self.ask("get", "GET", self.row_url(table, row, **query))
        self.expect(answer, 200, 422)
        if answer.status == 200:
            self.same({k: v for k, v in answer.body.items() if k in row}, row, "the row")
            await self.check_included(table, row, answer.body)

    async def check_included(self, table: Table, row: Row, found: Row) -> None:
        for relation in table.relations:
            if relation.wire not in found or relation.is_link or not relation.columns:
                continue
            if not relation.target.path:
                continue
            others = await self.rows(relation.target)
            if relation.is_many:
                pairs = [(c.wire, c.reference[1].wire) for c in relation.columns if c.reference]
                wanted = [o for o in others if all(o[a] == row[b] for a, b in pairs)]
                shown = found[relation.wire]
                self.same(len(shown), len(wanted), f"included {relation.wire}")
            elif found[relation.wire] is not None and relation.columns[0].wire in row:
                one = found[relation.wire]
                for column in relation.columns:
                    assert column.reference
                    self.same(one[column.reference[1].wire], row[column.wire], "included key")

    async def get_again(self, table: Table) -> None:
        """A row that has not changed is not sent again."""
        row = await self.some(table)
        if row is None:
            return
        url = self.row_url(table, row)
        first = await self.ask("get", "GET", url)
        self.expect(first, 200)
        tags = [{"if-none-match": one.headers["etag"]} for one in first.each]
        self.expect(await self.ask("not_modified", "GET", url, more=tags), 304)
        await self.ask("head", "HEAD", url)
        able = [c.wire for c in table.columns if c.wire in row and c.name != "label"]
        able = [wire for wire in able if not set(wire) & set(',."')]
        if able:
            name = self.draw.choice(able)
            some = await self.ask(
                "fields", "GET", self.row_url(table, row, fields=name, include="")
            )
            self.expect(some, 200)
            self.same(some.body, {name: row[name]}, "fields")

    async def missing(self, table: Table) -> None:
        """A key that is not there."""
        row = {column.wire: draw_key(column, self.draw) for column in table.key}
        method = self.draw.choice(["GET", "DELETE", "PATCH"])
        url = self.row_url(table, row)
        if any(key_path(table, one) == key_path(table, row) for one in await self.rows(table)):
            return
        answer = await self.ask("missing", method, url, {} if method == "PATCH" else None)
        self.expect(answer, 404, 200, 204, 409, 428, 403)

    async def odd_key(self, table: Table) -> None:
        """A path that may be no key."""
        key = self.draw.choice(
            [
                "x",
                "1",
                "-1",
                "1,2",
                ",",
                "%00",
                "%F0%9F",
                "9" * 40,
                "1.5",
                "%2F",
                "null",
                "a%2Cb",
                "2024-01-01",
            ]
        )
        answer = await self.ask(
            "odd_key", self.draw.choice(["GET", "DELETE"]), self.url(table, f"/{key}")
        )
        self.expect(answer, 200, 204, 404, 409, 422, 428, 403)

    async def through(self, table: Table) -> None:
        """A filter and a sort through a relation."""
        able = [r for r in table.relations if r.target.path]
        if not able:
            return
        relation = self.draw.choice(able)
        column = self.draw.choice([c for c in relation.target.columns if c.is_queryable])
        others = await self.rows(relation.target)
        values = [o[column.wire] for o in others if o.get(column.wire) is not None]
        operator = "eq" if column.kind.operators and values else "isnull"
        value = text_of(self.draw.choice(values)) if operator == "eq" else "false"
        query: dict[str, Any] = {f"{relation.wire}.{column.wire}__{operator}": value}
        if not relation.is_many and column.kind.operators and column.kind.is_sortable:
            query["sort"] = f"-{relation.wire}.{column.wire}"
        answer = await self.ask("through", "GET", self.url(table, "/", **query))
        self.expect(answer, 200, 422)

    async def aggregate(self, table: Table) -> None:
        rows = await self.rows(table)
        able = [
            c
            for c in table.columns
            if c.is_queryable and c.kind.operators and (not rows or c.wire in rows[0])
        ]
        able = [c for c in able if not set(c.wire) & set(',."():') and "__" not in c.wire]
        measured: list[tuple[Column, str]] = []
        for column in self.draw.sample(able, min(2, len(able))):
            measured += [
                (column, one) for one in ("count", "count_distinct", *column.kind.measures)
            ]
        query = {"measures": ",".join(["count", *(f"{c.wire}:{name}" for c, name in measured)])}
        group = self.draw.choice(able) if able and self.chance(0.6) else None
        if group is not None:
            query["group"] = group.wire
        answer = await self.ask(
            "aggregate", "GET", self.url(table, "/aggregate", **query, limit=1000)
        )
        self.expect(answer, 200, 422)
        if answer.status != 200:
            return
        self.same(sum(item["count"] for item in answer.body["items"]), len(rows), "count")
        for item in answer.body["items"]:
            members = (
                rows if group is None else [r for r in rows if r[group.wire] == item[group.wire]]
            )
            self.same(item["count"], len(members), "count of a group")
            for column, name in measured:
                values = [row[column.wire] for row in members if row[column.wire] is not None]
                found = item[f"{column.wire}:{name}"]
                wanted = self.measure(column, name, values)
                if wanted is not MISSING:
                    self.same(found, wanted, f"{column.wire}:{name}")

    def measure(self, column: Column, name: str, values: list[Any]) -> Any:
        decode = column.kind.decode
        if name == "count":
            return len(values)
        if name == "count_distinct":
            return len({str(decode(value)) for value in values})
        if not values:
            return None
        if name == "min":
            return min(values, key=decode)
        if name == "max":
            return max(values, key=decode)
        if name == "sum" and isinstance(values[0], int):
            return sum(values)
        return MISSING


def _needs_quotes(wire: str) -> bool:
    return bool(set(wire) & set('.,():" ')) or "__" in wire


def _quoted(wire: str) -> str:
    return wire


def _operand(one: Filter) -> str:
    texts = [
        '"' + text_of(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
        for value in one.operands
    ]
    if one.operator in ("in", "not_in", "between"):
        return f"({','.join(texts)})"
    return texts[0]
