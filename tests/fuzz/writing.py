"""Requests that write."""

from __future__ import annotations

from typing import Any

from .asking import TRIED, draw_key, key_path
from .reading import Reading
from .tables import MISSING, Table
from .worlds import Answer, Different


class Writing(Reading):
    """Draws requests that write."""

    async def create(self, table: Table) -> None:
        body = await self.draw_body(table, alone=True)
        answer = await self.ask("create", "POST", self.url(table), body)
        self.expect(answer, 201, 400, 422, 403)
        if answer.status == 422 and answer.code == "invalid":
            raise Different(f"a valid row is refused: {answer.each[0].text[:600]}")
        if answer.status == 201:
            self.written(table, body, answer.body)
            await self.check_stored(table, answer)

    async def check_stored(self, table: Table, answer: Answer) -> None:
        location = answer.headers["location"]
        again = await self.ask("get", "GET", location + "?include=")
        if again.status == 404 and table.policies:
            return
        self.expect(again, 200)
        self.same(again.body, answer.body, "what is read is not what was answered")
        self.same(again.headers["etag"], answer.headers["etag"], "the tag")

    async def create_again(self, table: Table) -> None:
        """The same request under one key is carried out once."""
        body = await self.draw_body(table)
        headers = {"idempotency-key": f"key-{self.world.number}"}
        first = await self.ask("create", "POST", self.url(table), body, headers=headers)
        if first.status == 201:
            again = await self.ask("again", "POST", self.url(table), body, headers=headers)
            self.same(again.each[0].text, first.each[0].text, "a replayed answer")
            self.same(again.headers.get("idempotency-replayed"), "true", "idempotency-replayed")

    async def create_minimal(self, table: Table) -> None:
        body = await self.draw_body(table)
        answer = await self.ask(
            "minimal", "POST", self.url(table), body, headers={"prefer": "return=minimal"}
        )
        self.expect(answer, 201, 400, 422, 403)
        if answer.status == 201:
            self.same(answer.each[0].text, "", "a minimal answer")
            again = await self.ask("get", "GET", answer.headers["location"] + "?include=")
            if again.status == 200:
                self.written(table, body, again.body)

    async def create_wrong(self, table: Table) -> None:
        body = await self.draw_body(table)
        able = [c for c in table.settable if c.kind.wrong and self.is_constrained(table, c)]
        if not able:
            return
        column = self.draw.choice(able)
        how = self.draw.choice(["wrong", "wrong", "null", "unknown", "missing"])
        wire = column.wire
        if how == "wrong":
            body[wire] = self.draw.choice(column.kind.wrong)
        elif how == "null" and not column.nullable:
            body[wire] = None
        elif how == "missing" and column.is_required:
            body.pop(wire, None)
        else:
            wire = "no such"
            body[wire] = 1
        answer = await self.ask("create_wrong", "POST", self.url(table), body)
        if how == "null" and column.default is not MISSING and not column.nullable:
            self.expect(answer, 201, 400, 403, 422)
            return
        self.expect(answer, 422, 403)
        if answer.status == 422:
            pointer = "/" + wire.replace("~", "~0").replace("/", "~1")
            pointers = [one.get("pointer") for one in answer.body["errors"]]
            if not any(one == pointer or str(one).startswith(pointer + "/") for one in pointers):
                raise Different(f"{pointer} is not named: {pointers}")

    async def bulk(self, table: Table) -> None:
        bodies = [await self.draw_body(table) for _ in range(self.draw.randint(1, 3))]
        if self.chance(0.3):
            atomic = self.url(table, "/bulk/", atomic="false")
            answer = await self.ask(
                "each",
                "POST",
                atomic,
                bodies,
                headers={"prefer": TRIED},
                ignored=self.counted(table),
            )
            self.expect(answer, 207)
            return
        name = table.path.rpartition("/")[2]
        sent = bodies if self.chance(0.6) else {name: bodies}
        answer = await self.ask("bulk", "POST", self.url(table, "/bulk/"), sent)
        self.expect(answer, 201, 400, 422, 403)
        if answer.status == 422 and answer.code == "invalid":
            found = {one["code"] for one in answer.body["errors"]}
            if found != {"duplicate_key"}:
                raise Different(f"valid rows are refused: {answer.each[0].text[:600]}")
        if answer.status == 201:
            for body, row in zip(bodies, answer.body, strict=True):
                self.written(table, body, row)

    async def upsert(self, table: Table) -> None:
        keys = [k for k in table.unique_keys if all(c.is_settable for c in k)]
        if not keys:
            return
        key = self.draw.choice(keys)
        rows = await self.rows(table)
        bodies = [await self.draw_body(table) for _ in range(self.draw.randint(1, 3))]
        for body in bodies:
            for column in key:
                row = self.draw.choice(rows) if rows else {}
                if row.get(column.wire) is not None and self.chance(0.6):
                    body[column.wire] = row[column.wire]
                elif body.get(column.wire) is None:
                    body[column.wire] = draw_key(column, self.draw)
        names = ",".join(column.wire for column in key)
        prefer = self.draw.choice(["resolution=merge-duplicates", "resolution=ignore-duplicates"])
        if table.counts_itself:
            prefer += ", " + TRIED
        answer = await self.ask(
            *("upsert", "POST", self.url(table, "/bulk/", on_conflict=names), bodies),
            headers={"prefer": prefer},
            ignored=self.counted(table),
        )
        self.expect(answer, 200, 400, 409, 422, 403, 428)
        if answer.status == 200 and "merge" in prefer:
            for body, row in zip(bodies, answer.body, strict=True):
                self.written(table, body, row, row)

    async def patch(self, table: Table) -> None:
        row = await self.some(table)
        if row is None:
            return
        body = await self.draw_body(table, change=True)
        if self.chance(0.2):
            body = {
                c.wire: row[c.wire]
                for c in table.columns
                if c.wire in row and c.name != "stored_at"
            } | body
        headers = await self.match(table, row)
        method = self.draw.choice(["PATCH", "PATCH", "PUT"])
        answer = await self.ask("patch", method, self.row_url(table, row), body, more=headers)
        self.expect(answer, 200, 400, 422, 403)
        if answer.status == 422 and answer.code == "invalid":
            raise Different(f"a valid change is refused: {answer.each[0].text[:600]}")
        if answer.status == 200:
            if method == "PUT":
                body = {name: value for name, value in body.items() if value is not None}
            self.written(table, body, answer.body, row)

    async def patch_wrong(self, table: Table) -> None:
        row = await self.some(table)
        able = [c for c in table.settable if not c.is_key and self.is_constrained(table, c)]
        if row is None or not able:
            return
        column = self.draw.choice(able)
        wrong = [
            one for one in column.kind.wrong if not isinstance(one, dict) or column.kind.operators
        ]
        if not wrong:
            return
        body = {column.wire: self.draw.choice(wrong)}
        headers = await self.match(table, row)
        answer = await self.ask(
            "patch_wrong", "PATCH", self.row_url(table, row), body, more=headers
        )
        self.expect(answer, 422, 403)

    async def delete(self, table: Table) -> None:
        if self.chance(0.5):
            return
        row = await self.some(table)
        if row is None:
            return
        headers = await self.match(table, row)
        answer = await self.ask("delete", "DELETE", self.row_url(table, row), more=headers)
        self.expect(answer, 204, 409, 403)
        if answer.status == 204:
            again = await self.ask("gone", "GET", self.row_url(table, row))
            self.expect(again, 404)
            if table.is_soft and self.chance(0.7):
                back = await self.ask(
                    "restore",
                    "POST",
                    self.row_url(table, row, "/restore"),
                    headers={"if-match": "*"} if table.needs_match else {},
                )
                self.expect(back, 200, 400, 403, 404, 409)

    async def bulk_change(self, table: Table) -> None:
        rows = await self.rows(table)
        picked = self.draw.sample(rows, min(len(rows), self.draw.randint(1, 3)))
        bodies = []
        for row in picked:
            body = await self.draw_body(table, change=True)
            bodies.append({c.wire: row[c.wire] for c in table.key} | body)
        query = {"atomic": "false"} if self.chance(0.2) else {}
        answer = await self.ask("bulk_change", "PATCH", self.url(table, "/bulk/", **query), bodies)
        self.expect(answer, 200, 207, 400, 422, 403, 428)
        if answer.status == 422 and answer.code == "invalid":
            raise Different(f"valid changes are refused: {answer.each[0].text[:600]}")
        if answer.status == 200:
            for body, before, row in zip(bodies, picked, answer.body, strict=True):
                self.written(table, body, row, before)

    async def bulk_delete(self, table: Table) -> None:
        if self.chance(0.6):
            return
        rows = await self.rows(table)
        picked = self.draw.sample(rows, min(len(rows), self.draw.randint(1, 2)))
        keys = []
        for row in picked:
            if len(table.key) == 1:
                keys.append(row[table.key[0].wire])
            else:
                keys.append(key_path(table, row))
        query = {"atomic": "false"} if self.chance(0.2) else {}
        answer = await self.ask("bulk_delete", "DELETE", self.url(table, "/bulk/", **query), keys)
        self.expect(answer, 204, 207, 409, 403, 428)

    async def mass(self, table: Table) -> None:
        filters = await self.draw_filters(table, 1)
        if not filters:
            return
        rows = [row for row in await self.rows(table) if all(one.holds(row) for one in filters)]
        most = self.draw.choice([1, 100])
        prefer = {"prefer": f"max-affected={most}"}
        if self.chance(0.5):
            body = await self.draw_body(table, change=True)
            if not body:
                return
            answer = await self.ask(
                "mass_patch", "PATCH", self.list_url(table, filters), body, headers=prefer
            )
        else:
            prefer["prefer"] += f", {TRIED}"
            answer = await self.ask(
                "mass_delete", "DELETE", self.list_url(table, filters), headers=prefer
            )
        self.expect(answer, 200, 400, 409, 403, 422, 428)
        if answer.status == 422 and answer.code == "invalid":
            raise Different(f"a valid change is refused: {answer.each[0].text[:600]}")
        if answer.status == 200:
            self.same(answer.body, {"affected": len(rows)}, "affected")
        if answer.code == "too_many_affected" and len(rows) <= most:
            raise Different(f"{len(rows)} rows are too many")

    async def batch(self, table: Table) -> None:
        requests: list[dict[str, Any]] = []
        for _ in range(self.draw.randint(1, 3)):
            other = self.draw.choice(self.tables)
            row = await self.some(other)
            how = self.draw.choice(["POST", "GET", "PATCH", "DELETE", "list"])
            if how == "POST":
                requests.append(
                    {"method": "POST", "path": self.url(other), "body": await self.draw_body(other)}
                )
            elif how == "list":
                requests.append({"method": "GET", "path": self.url(other, "/", limit=2)})
            elif row is not None:
                one: dict[str, Any] = {"method": how, "path": self.row_url(other, row)}
                if how == "PATCH":
                    one["body"] = await self.draw_body(other, change=True)
                requests.append(one)
        if self.chance(0.3) and requests and requests[0]["method"] == "POST":
            requests.append(
                {
                    "method": "GET",
                    "path": requests[0]["path"].rstrip("/") + "/{0." + table.key[0].wire + "}",
                }
            )
        tried = {"prefer": TRIED} if self.chance(0.5) else {}
        answer = await self.ask("batch", "POST", "/batch", {"requests": requests}, headers=tried)
        self.expect(answer, 200, 400, 403, 404, 409, 422, 428)
