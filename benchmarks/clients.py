"""Requests to each contender for each work, and the place of rows in its responses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any

from .works import SKIP

_JAVASCRIPT = Path(__file__).parent / "contenders/js"
_MODULES = _JAVASCRIPT / "node_modules"

CHANGE = '{"full_name": "Changed {n}"}'


@dataclass(frozen=True, slots=True)
class Call:
    """Request.

    `{n}` in its path and its body stands for a number, `{middle}` in its path for the last user
    before the middle page, and `{cursor}` for a cursor that leads to that page.
    """

    method: str
    path: str
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Contender:
    """Contender: one way of doing the work.

    Args:
        name: Its name in commands and results; its module in `benchmarks.contenders`.
        title: Its title for readers.
        calls: The request of each work.
        missing: The reason why a work has no request.
        package: Its package, which has to be installed.
        runtime: The JavaScript runtime, if it needs one: `node`, or a file below its
            `node_modules`.
        items: The field of a page's rows.
        total: The field of a page's total.
        databases: The databases that it supports.
    """

    name: str
    title: str
    calls: Mapping[str, Call]
    missing: Mapping[str, str] = field(default_factory=dict)
    package: str = "modelwire"
    runtime: str | None = None
    items: str = "items"
    total: str = "total"
    databases: tuple[str, ...] = ("sqlite", "postgresql")

    @property
    def is_installed(self) -> bool:
        if self.runtime is not None:
            return bool(self.command) and (_MODULES / self.package).exists()
        return find_spec(self.package) is not None

    @property
    def command(self) -> Sequence[str]:
        """Command of a JavaScript server, which gets its port as `PORT`; empty for Python."""
        runtime = self.runtime and (which(self.runtime) or which(_MODULES / self.runtime))
        return [runtime, str(_JAVASCRIPT / f"{self.name}.mjs")] if runtime else []

    def rows_of(self, answer: Any) -> tuple[list[Any], int | None]:
        """Return the rows and the total of an answer, be it a row, an array or a page."""
        if isinstance(answer, list):
            return answer, None
        if self.items in answer:
            return answer[self.items], answer.get(self.total)
        return [answer], None


def _pages(path: str, ten: str, hundred: str, filtered: str) -> dict[str, Call]:
    return {
        "page_10": Call("GET", f"{path}?{ten}"),
        "page_100": Call("GET", f"{path}?{hundred}"),
        "filtered_10": Call("GET", f"{path}?{ten}&{filtered}"),
        "filtered_100": Call("GET", f"{path}?{hundred}&{filtered}"),
    }


_GETS = dict.fromkeys(("get", "get_1", "get_256"), Call("GET", "/users/{n}"))

_PLAIN = {
    "health": Call("GET", "/health"),
    **_GETS,
    **_pages(
        "/users/",
        f"skip={SKIP}&limit=10",
        f"skip={SKIP}&limit=100",
        "is_active=true&sort=-username",
    ),
    "uncounted": Call("GET", f"/users/?skip={SKIP}&limit=100&count=none"),
    "team": Call("GET", "/teams/{n}"),
    "teams_50": Call("GET", "/teams/?limit=50"),
    "create": Call("POST", "/users/"),
    "bulk_100": Call("POST", "/users/bulk/"),
    "bulk_1000": Call("POST", "/users/bulk/"),
    "update": Call("PUT", "/users/{n}", CHANGE),
    "delete": Call("DELETE", "/users/{n}"),
    "stream": Call("GET", "/players/stream/"),
}

_ESTIMATED = Call("GET", f"/users/?skip={SKIP}&limit=100&count=estimate")

_LIMIT = {
    **_PLAIN,
    "estimated": _ESTIMATED,
    "cursor_first": Call("GET", "/users/?after=0&limit=100"),
    "cursor_deep": Call("GET", "/users/?after={middle}&limit=100"),
}

_MODELWIRE = {
    **_PLAIN,
    "estimated": _ESTIMATED,
    "cursor_first": Call("GET", "/users/?cursor=&limit=100"),
    "cursor_deep": Call("GET", "/users/?cursor={cursor}&limit=100"),
    "team": Call("GET", "/teams/{n}?include=players"),
    "teams_50": Call("GET", "/teams/?limit=50&include=players"),
}

_FASTCRUD = {
    "health": Call("GET", "/health"),
    **_GETS,
    **_pages(
        "/users",
        f"page={SKIP // 10 + 1}&itemsPerPage=10",
        f"page={SKIP // 100 + 1}&itemsPerPage=100",
        "is_active=true&sort=-username",
    ),
    "page_10": Call("GET", f"/users?page={SKIP // 10 + 1}&itemsPerPage=10&sort=id"),
    "page_100": Call("GET", f"/users?page={SKIP // 100 + 1}&itemsPerPage=100&sort=id"),
    "team": Call("GET", "/teams/{n}"),
    "teams_50": Call("GET", "/teams?page=1&itemsPerPage=50&sort=id"),
    "create": Call("POST", "/users"),
    "update": Call("PATCH", "/users/{n}", CHANGE),
    "delete": Call("DELETE", "/users/{n}"),
}

_NO_BULK = "crud_router has no bulk create"

_ALCHEMY = {
    "health": Call("GET", "/health"),
    **_GETS,
    **_pages(
        "/users",
        f"currentPage={SKIP // 10 + 1}&pageSize=10",
        f"currentPage={SKIP // 100 + 1}&pageSize=100",
        "isActive=true&orderBy=username&sortOrder=desc",
    ),
    "team": Call("GET", "/teams/{n}"),
    "teams_50": Call("GET", "/teams?currentPage=1&pageSize=50"),
    "create": Call("POST", "/users"),
    "bulk_100": Call("POST", "/users/bulk"),
    "bulk_1000": Call("POST", "/users/bulk"),
    "update": Call("PATCH", "/users/{n}", CHANGE),
    "delete": Call("DELETE", "/users/{n}"),
    "stream": Call("GET", "/players"),
}

_READS = (
    *_GETS, "page_10", "page_100", "filtered_10", "filtered_100", "team", "teams_50", "stream",
)  # fmt: skip
_ONLY_READS = "there it is the other limit"
_NO_CURSORS = {
    "estimated": "it has no estimates",
    "cursor_first": "it has no cursors",
    "cursor_deep": "it has no cursors",
}
_ALWAYS_COUNTS = {"uncounted": "its pages always have a total"}

CONTENDERS = (
    Contender("limit", "limit", _LIMIT),
    Contender(
        "limit_json",
        "limit, JSON by the database",
        {name: call for name, call in _PLAIN.items() if name in _READS},
        {name: _ONLY_READS for name in _LIMIT if name not in _READS},
        databases=("postgresql",),
    ),
    Contender(
        "limit_gathered",
        "limit, gathered",
        _GETS,
        {name: "only users are read so" for name in _LIMIT if name not in _GETS},
        databases=("postgresql",),
    ),
    Contender("modelwire", "modelwire", _MODELWIRE),
    Contender("by_hand", "by hand", _PLAIN, _NO_CURSORS),
    Contender(
        "fastcrud",
        "FastCRUD",
        _FASTCRUD,
        {
            **_NO_CURSORS,
            **_ALWAYS_COUNTS,
            "bulk_100": _NO_BULK,
            "bulk_1000": _NO_BULK,
            "stream": "crud_router has no stream, and no list without pages",
        },
        package="fastcrud",
        items="data",
        total="total_count",
    ),
    Contender(
        "advanced_alchemy",
        "Litestar + Advanced Alchemy",
        _ALCHEMY,
        {**_NO_CURSORS, **_ALWAYS_COUNTS},
        package="advanced_alchemy",
    ),
    Contender(
        "fastify",
        "Fastify + postgres.js",
        _PLAIN,
        _NO_CURSORS,
        package="fastify",
        runtime="node",
        databases=("postgresql",),
    ),
    Contender(
        "elysia",
        "Elysia on Bun",
        _PLAIN,
        _NO_CURSORS,
        package="elysia",
        runtime="@oven/bun-linux-x64/bin/bun",
        databases=("postgresql",),
    ),
)
