"""One schema on both databases and both lanes, which are asked the same and answer the same."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import httpx2
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from modelwire import Database
from tests.conftest import PATIENT, make_app, open_client

from . import made
from .schemas import Schema

WAYS = (
    ("sqlite", "direct"),
    ("sqlite", "session"),
    ("postgresql", "direct"),
    ("postgresql", "session"),
)
HEADERS = ("location", "link", "preference-applied", "content-type", "allow")
DIFFERENT = ("ETag", "X-Change-Number", "stored_at", "storedAt", "gone_at", "goneAt")
"""Names of what differs in each database."""
CONSTRAINTS = {"already_exists", "parent_not_found", "still_referenced", "check", "not_null"}
"""Codes of constraints: where a row breaks several, each database meets another one first."""
CURSORS = ("next", "previous")


@dataclass
class Answer:
    """Response that all worlds have given."""

    status: int
    body: Any
    headers: Mapping[str, str]
    each: list[httpx2.Response] = field(default_factory=list)

    @property
    def code(self) -> str:
        return str(self.body.get("code", "")) if isinstance(self.body, dict) else ""


class Different(AssertionError):
    """An answer that is not what it should be."""


@dataclass
class World:
    """The four applications of one schema."""

    schema: Schema
    clients: dict[tuple[str, str], httpx2.AsyncClient]
    admins: list[asyncpg.Connection]
    document: dict[str, Any] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    number: int = 0

    async def ask(
        self,
        method: str,
        url: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        *,
        ignored: tuple[str, ...] = (),
        urls: list[str] | None = None,
        more: Sequence[Mapping[str, str]] = (),
    ) -> Answer:
        """Ask all the same; check that they answer the same, and as they say that they do.

        Args:
            method: The method.
            url: Where.
            body: JSON, if there is any.
            headers: Headers.
            ignored: Names whose values differ.
            urls: Of each its own URL, where they differ.
            more: Of each more headers, where they differ.
        """
        self.number += 1
        await self._align()
        text = "" if body is None else json.dumps(body, ensure_ascii=False)
        self.sent.append(f"{method} {url} {text} {dict(headers or {})}")
        sent = dict(headers or {})
        content = None
        if body is not None:
            sent.setdefault("content-type", "application/json")
            content = json.dumps(body).encode()
        answers = []
        for i, client in enumerate(self.clients.values()):
            made.start_from(self.number)
            where = urls[i] if urls else url
            own = sent | dict(more[i] if more else {})
            answers.append(await client.request(method, where, content=content, headers=own))
        self.sent[-1] += f" -> {answers[0].status_code} {answers[0].text[:1500]}"
        self._compare(answers, ignored)
        first = answers[0]
        answer = Answer(first.status_code, _body(first), first.headers, answers)
        self._check(method, url, body, answer)
        return answer

    async def _align(self) -> None:
        """Let numbered keys go on as they do in SQLite."""
        for admin in self.admins:
            await admin.execute(_ALIGN)

    def _compare(self, answers: list[httpx2.Response], ignored: tuple[str, ...]) -> None:
        if any(answer.status_code >= 500 for answer in answers):
            raise Different("5xx: " + " | ".join(f"{a.status_code} {a.text}" for a in answers))
        first, *others = answers
        for way, other in zip(list(self.clients)[1:], others, strict=True):
            if not _is_alike(first, other, ignored):
                raise Different(f"{way} differs:\n  {_show(first)}\n  {_show(other)}")
        is_timed = "Stamped, Base" in self.schema.source
        for one, other in zip(answers[::2], answers[1::2], strict=True):
            if one.headers.get("etag") != other.headers.get("etag") and not (ignored or is_timed):
                raise Different("tags differ by lanes")

    def _check(self, method: str, url: str, body: Any, answer: Answer) -> None:
        """Check that an answer is as the document says."""
        if answer.status >= 400:
            _check_problem(answer)
        template = _template(self.document, url.partition("?")[0])
        path = self.document["paths"].get(template, {})
        place = ["paths", str(template), "get" if method == "HEAD" else method.lower()]
        operation = path.get(place[-1])
        if operation is None:
            if answer.status not in (404, 405, 422):
                raise Different(f"{method} {url} is not documented, and answered {answer.status}")
            return
        # Of the two forms of a bulk body the document has the one that generators take.
        is_named = isinstance(body, dict) and str(template).endswith("/bulk/")
        if answer.status < 300 and body is not None and not is_named:
            asked = self._resolve([*place, "requestBody"])
            self.validate([*asked, "content", "application/json", "schema"], body, "the body")
        if str(answer.status) not in operation["responses"]:
            raise Different(f"{method} {template}: {answer.status} is not documented")
        # What is asked for by `fields` lacks what the schema requires, as the parameter says.
        if answer.each[0].content and "fields=" not in url:
            self._check_content(self._resolve([*place, "responses", str(answer.status)]), answer)

    def _check_content(self, place: list[str], answer: Answer) -> None:
        content = self._at(place).get("content", {})
        kind = answer.headers.get("content-type", "").partition(";")[0]
        if kind not in content:
            raise Different(f"{kind} is not documented at {place}: {list(content)}")
        if kind in ("application/json", "application/problem+json"):
            self.validate([*place, "content", kind, "schema"], answer.body, "the answer")

    def _at(self, place: list[str]) -> Any:
        node: Any = self.document
        for step in place:
            node = node[step]
        return node

    def _resolve(self, place: list[str]) -> list[str]:
        node = self._at(place)
        return node["$ref"].split("/")[1:] if "$ref" in node else place

    def validate(self, pointer: list[str], value: Any, place: str) -> None:
        """Check a value against a schema in the document."""
        steps = "/".join(step.replace("~", "~0").replace("/", "~1") for step in pointer)
        validator = self._validator(_quote_fragment(steps))
        error = next(iter(validator.iter_errors(value)), None)
        if error is not None:
            raise Different(
                f"{place} is not as {steps} says at {list(error.absolute_path)}: "
                f"{error.message[:400]}"
            )

    def _validator(self, steps: str) -> Draft202012Validator:
        registry: Any = Registry().with_resource(
            "urn:document", Resource.from_contents(self.document, default_specification=DRAFT202012)
        )
        return Draft202012Validator({"$ref": f"urn:document#/{steps}"}, registry=registry)


def _is_alike(one: httpx2.Response, other: httpx2.Response, ignored: tuple[str, ...]) -> bool:
    """Whether two applications answer the same."""
    first, second = _body(one), _body(other)
    if isinstance(first, dict) and isinstance(second, dict):
        codes = {first.get("code"), second.get("code")}
        if len(codes) == 2 and codes <= CONSTRAINTS:
            return True
    names = set(HEADERS) - set(ignored)
    return (
        one.status_code == other.status_code
        and _plain(first, ignored) == _plain(second, ignored)
        and all(one.headers.get(name) == other.headers.get(name) for name in names)
    )


def _show(answer: httpx2.Response) -> str:
    headers = {name: answer.headers[name] for name in HEADERS if name in answer.headers}
    return f"{answer.status_code} {headers} {answer.text[:900]}"


def _check_problem(answer: Answer) -> None:
    needed = {"type", "title", "status", "code", "detail"}
    if not isinstance(answer.body, dict) or not needed <= set(answer.body):
        raise Different(f"no problem: {answer.body}")
    if answer.headers["content-type"] != "application/problem+json":
        raise Different(f"no problem: {answer.headers['content-type']}")


def _difference(one: Any, other: Any, place: str = "") -> str:
    """The first place at which two documents differ."""
    if isinstance(one, dict) and isinstance(other, dict) and set(one) == set(other):
        return next(
            _difference(one[k], other[k], f"{place}/{k}") for k in one if one[k] != other[k]
        )
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = zip(one, other, strict=True)
        return next(_difference(a, b, f"{place}/{i}") for i, (a, b) in enumerate(pairs) if a != b)
    return f"{place}: {str(one)[:300]} and {str(other)[:300]}"


def _quote_fragment(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9/~_.-]", lambda m: "".join(f"%{b:02X}" for b in m[0].encode()), text)


def _template(document: dict[str, Any], path: str) -> str | None:
    found = None
    for template in document["paths"]:
        if _pattern(template).fullmatch(path.rstrip("/")):
            if "{" not in template:
                return str(template)
            if found is None or template.count("{") < found.count("{"):
                found = template
    return found


@cache
def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[^}]*\})", template.rstrip("/"))
    return re.compile(
        "".join("[^/]+" if p.startswith("{") else re.escape(quote(p, safe="/,")) for p in parts)
    )


def _body(answer: httpx2.Response) -> Any:
    kind = answer.headers.get("content-type", "")
    if "json" in kind and "jsonl" not in kind and "ndjson" not in kind and answer.content:
        return answer.json()
    if kind.startswith("text/csv"):
        lines = list(csv.reader(io.StringIO(answer.content.decode(), newline=""), strict=True))
        return [
            {name: _cell(cell) for name, cell in zip(lines[0], line, strict=True)}
            for line in lines[1:]
        ]
    if "ndjson" in kind:
        return [json.loads(line) for line in answer.content.split(b"\n") if line]
    return answer.text


def _cell(text: str) -> Any:
    """A cell of CSV; names in documents stand in an order of each database's own."""
    try:
        return json.loads(text) if text.startswith(("{", "[")) else text
    except ValueError:
        return text


def _plain(value: Any, ignored: tuple[str, ...]) -> Any:
    """A body without what differs from one database to another."""
    if isinstance(value, dict) and value.get("code") in ("already_exists", "still_referenced"):
        # Of several constraints, each database meets another one first.
        ignored = (*ignored, "detail", "errors")
    if isinstance(value, list):
        return [_plain(one, ignored) for one in value]
    if not isinstance(value, dict):
        return value
    is_page = {"items", "next"} <= set(value)
    return {
        name: (bool(one) if is_page and name in CURSORS else _plain(one, ignored))
        for name, one in value.items()
        if name not in ignored and name not in DIFFERENT
    }


_ALIGN = """
DO $$ DECLARE one record; most bigint; BEGIN
  FOR one IN
    SELECT s.oid::regclass AS seq, c.oid::regclass AS tab, quote_ident(a.attname) AS col
    FROM pg_class s JOIN pg_depend d ON d.objid = s.oid AND d.deptype IN ('a', 'i')
    JOIN pg_class c ON c.oid = d.refobjid
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
    WHERE s.relkind = 'S' AND c.relname <> 'modelwire_changes'
  LOOP
    EXECUTE format('SELECT coalesce(max(%s), 0) FROM %s', one.col, one.tab) INTO most;
    PERFORM setval(one.seq, greatest(most, 0) + 1, false);
  END LOOP;
END $$
"""


@asynccontextmanager
async def open_world(schema: Schema, urls: list[str], folder: Path) -> AsyncIterator[World]:
    """Make the tables of a schema, and serve them."""
    module = schema.load()
    metadata = module.Base.metadata
    options: dict[str, Any] = {"caller": module.me} if schema.has_callers else {}
    async with AsyncExitStack() as stack:
        clients, admins = {}, []
        for i, (dialect, lane) in enumerate(WAYS):
            if dialect == "sqlite":
                path = folder / f"{lane}.db"
                for old in folder.glob(f"{lane}.db*"):
                    old.unlink()
                url = f"sqlite:///{path}"
            else:
                url = urls[i - 2]
                admin = await asyncpg.connect(url)
                stack.push_async_callback(admin.close)
                await admin.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
                admins.append(admin)
            database = Database(url, metadata=metadata, **PATIENT)
            app = make_app(database, lane, module.RESOURCES, options)
            stack.push_async_callback(database.close_db)
            await database.init_db()
            clients[dialect, lane] = await stack.enter_async_context(open_client(app))
        world = World(schema, clients, admins)
        world.document, *others = [
            (await client.get("/openapi.json")).json() for client in clients.values()
        ]
        described = world.document["components"]["schemas"]
        for way, other in zip(list(clients)[1:], others, strict=True):
            schemas = other["components"]["schemas"]
            if schemas != described:
                raise Different(f"the document differs on {way}: {_difference(described, schemas)}")
        yield world
        module.Base._sa_registry.dispose()
