"""Requests about relations and the log of changes, and the order of all requests."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from .asking import key_path
from .model import Row
from .tables import Table
from .worlds import Answer, Different
from .writing import Writing

OPERATIONS = (
    *("create", "create", "create_wrong", "create_again", "create_minimal", "bulk", "upsert"),
    *("patch", "patch", "patch_wrong", "delete", "bulk_change", "bulk_delete", "mass", "batch"),
    *(
        "list_rows",
        "list_rows",
        "list_rows",
        "list_rows",
        "logic",
        "search",
        "odd_query",
        "get",
        "get_again",
    ),
    *("missing", "odd_key", "children", "nested", "links", "through", "aggregate", "history"),
    "deleted",
)


class Driver(Writing):
    """Draws requests of every kind."""

    async def run(self, steps: int) -> None:
        """Ask so many requests, beginning with rows in each table."""
        for table in self.tables:
            for _ in range(4):
                await self.create(table)
        kinds: list[Any] = [getattr(self, name) for name in OPERATIONS]
        for _ in range(steps):
            self.who = self.admin
            if self.admin and self.chance(0.3):
                self.who = {"x-user": self.draw.choice("12"), "x-admin": "false"}
            await self.draw.choice(kinds)(self.draw.choice(self.tables))
        self.who = self.admin
        for table in self.tables:
            await self.rows(table)

    async def children(self, table: Table) -> None:
        many = [r for r in table.relations if r.is_many and r.target.path]
        row = await self.some(table)
        if not many or row is None:
            return
        relation = self.draw.choice(many)
        url = self.row_url(table, row, f"/{quote(relation.wire)}/", limit=relation.target.max_limit)
        answer = await self.ask("children", "GET", url)
        self.expect(answer, 200)
        if not relation.is_link:
            others = await self.rows(relation.target)
            pairs = [(c.wire, c.reference[1].wire) for c in relation.columns if c.reference]
            wanted = [o for o in others if all(o[a] == row[b] for a, b in pairs)]
            self.same(answer.body["total"], len(wanted), "children")
        if self.chance(0.5):
            body = await self.draw_body(relation.target, relation.columns)
            made = await self.ask("child", "POST", url.partition("?")[0], body)
            self.expect(made, 201, 400, 403, 422)
            if made.code == "invalid":
                raise Different(f"a valid child is refused: {made.each[0].text[:600]}")
            if made.status == 201:
                up = {c.wire: row[c.reference[1].wire] for c in relation.columns if c.reference}
                self.written(relation.target, body | up, made.body)

    async def nested(self, table: Table) -> None:
        able = [r for r in table.relations if r.nested and r.target.path]
        if not able:
            return
        relation = self.draw.choice(able)
        if relation.is_many or (relation.columns and relation.columns[0] not in table.columns):
            body = await self.draw_body(table)
            children = [
                await self.draw_body(relation.target, relation.columns)
                for _ in range(self.draw.randint(0, 2))
            ]
            body[relation.wire] = (
                children if relation.is_many else (children[0] if children else None)
            )
        else:
            body = await self.draw_body(table, relation.columns)
            body[relation.wire] = await self.draw_body(relation.target)
        query = {"include": relation.wire} if relation.included else {}
        answer = await self.ask("nested", "POST", self.url(table, "/", **query), body)
        self.expect(answer, 201, 400, 403, 422)
        if answer.code == "invalid":
            raise Different(f"a valid nested row is refused: {answer.each[0].text[:600]}")

    async def links(self, table: Table) -> None:
        able = [r for r in table.relations if r.is_link and r.target.path]
        if not able:
            return
        relation = self.draw.choice(able)
        row, other = await self.some(table), await self.some(relation.target)
        if row is None or other is None:
            return
        below = f"/{quote(relation.wire)}/"
        one = self.row_url(table, row, f"{below}{key_path(relation.target, other)}")
        headers = await self.match(table, row)
        method = self.draw.choice(["PUT", "PUT", "DELETE"])
        answer = await self.ask("link", method, one, more=headers)
        self.expect(answer, 204, 403, 404, 405, 422)
        if answer.status == 204:
            page = await self.ask(
                "children", "GET", self.row_url(table, row, below, limit=relation.target.max_limit)
            )
            self.expect(page, 200)
            is_there = any(
                key_path(relation.target, o) == key_path(relation.target, other)
                for o in page.body["items"]
            )
            if page.body["total"] <= relation.target.max_limit:
                self.same(is_there, method == "PUT", "linked")
        if len(relation.target.key) == 1 and self.chance(0.5):
            headers = await self.match(table, row)
            body = {relation.wire: [other[relation.target.key[0].wire]]}
            answer = await self.ask(
                "link_body", "PATCH", self.row_url(table, row), body, more=headers
            )
            self.expect(answer, 200, 422, 403, 400)

    async def history(self, table: Table) -> None:
        row = await self.some(table)
        if row is None or not table.has_changes:
            return
        ignored = ("number", "at", "request")
        answer = await self.ask(
            "history", "GET", self.row_url(table, row, "/history/"), ignored=ignored
        )
        self.expect(answer, 200)
        # What goes along with a row is noted in an order of each database's own.
        unordered = ("items", "next")
        page = await self.ask("changes", "GET", self.url(table, "/changes/"), ignored=unordered)
        self.expect(page, 200)
        await self.replay(table, page)
        now = await self.ask("as_of", "GET", self.row_url(table, row, as_of="2999-01-01T00:00:00Z"))
        self.expect(now, 200, 422)
        items = answer.each[0].json()["items"]
        if items and self.chance(0.5):
            i = self.draw.randrange(len(items))
            urls = [
                self.row_url(table, row, f"/history/{one.json()['items'][i]['number']}/revert")
                for one in answer.each
            ]
            headers = await self.match(table, row)
            back = await self.ask("revert", "POST", urls[0], urls=urls, more=headers)
            self.expect(back, 200, 201, 400, 403, 404, 409, 422)

    async def replay(self, table: Table, page: Answer) -> None:
        """The changes so far lead to the rows that there are."""
        copy: dict[str, Row] = {}
        for item in page.body["items"]:
            if item["operation"] == "delete":
                copy.pop(json.dumps(item["key"]), None)
            else:
                copy[json.dumps(item["key"])] = item["item"]
        rows = await self.rows(table)
        if len(page.body["items"]) < 100:
            names = {column.wire for column in table.columns if column.name != "label"}
            found, wanted = (
                sorted(
                    json.dumps({name: row[name] for name in names & set(row)}, sort_keys=True)
                    for row in given
                )
                for given in (copy.values(), rows)
            )
            self.same(found, wanted, "what the log comes to")

    async def deleted(self, table: Table) -> None:
        if not table.is_soft:
            return
        answer = await self.ask("deleted", "GET", self.url(table, "/", deleted="only"))
        self.expect(answer, 200, 422)
        if answer.status == 200:
            for row in answer.body["items"]:
                back = await self.ask(
                    "restore",
                    "POST",
                    self.row_url(table, row, "/restore"),
                    headers={"if-match": "*"},
                )
                self.expect(back, 200, 400, 403, 404, 409)
