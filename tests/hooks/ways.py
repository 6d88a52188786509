"""Every way of writing rows, and the hooks that run with it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import httpx2

INVOICES = [
    {"code": "a", "lines": [{"place": 1, "parts": [{}]}, {"place": 2}]},
    {"code": "b", "note": "old"},
]
MASS = {"Prefer": "max-affected=10"}


class Way(NamedTuple):
    """One way of writing.

    Args:
        name: Its name.
        method: The method.
        path: The path.
        body: The body.
        hooks: The tables whose hooks run, with the operation, in order; each with how many rows.
        headers: Headers to send.
        each: Whether rows are written each for itself.
    """

    name: str
    method: str
    path: str
    body: Any
    hooks: tuple[tuple[str, str, int], ...]
    headers: Mapping[str, str] = MappingProxyType({})
    each: bool = False


def one(model: str, operation: str, count: int = 1) -> tuple[tuple[str, str, int], ...]:
    return ((model, operation, count),)


NEW = [{"code": "x"}, {"code": "y"}]
MIXED = [{"code": "b", "note": "new"}, {"code": "z"}]
BOTH = (("Invoice", "update", 1), ("Invoice", "create", 1))
GONE = (("Invoice", "delete", 1), ("Line", "delete", 2), ("Part", "delete", 1))

WAYS = (
    Way("create", "POST", "/invoices/", {"code": "x"}, one("Invoice", "create")),
    Way("child", "POST", "/invoices/2/lines/", {"place": 3}, one("Line", "create")),
    Way("linked child", "POST", "/invoices/2/labels/", {"name": "l"}, one("Invoice", "update")),
    Way(
        "nested",
        "POST",
        "/invoices/",
        {"code": "x", "customer": {"name": "c"}, "lines": [{"place": 1}, {"place": 2}]},
        (("Customer", "create", 1), ("Invoice", "create", 1), ("Line", "create", 2)),
    ),
    Way("bulk", "POST", "/invoices/bulk/", NEW, one("Invoice", "create", 2)),
    Way(
        "bulk of different fields",
        "POST",
        "/invoices/bulk/",
        [{"code": "x"}, {"note": "n"}, {"code": "y"}],
        one("Invoice", "create", 3),
    ),
    Way(
        "bulk, each",
        "POST",
        "/invoices/bulk/?atomic=false",
        NEW,
        one("Invoice", "create") * 2,
        each=True,
    ),
    Way("patch", "PATCH", "/invoices/2", {"note": "new"}, one("Invoice", "update")),
    Way("put", "PUT", "/invoices/2", {"note": "new"}, one("Invoice", "update")),
    Way("patch of nothing", "PATCH", "/invoices/2", {}, ()),
    Way("patch of links", "PATCH", "/invoices/2", {"labels": [2]}, one("Invoice", "update")),
    Way(
        "bulk patch",
        "PATCH",
        "/invoices/bulk/",
        [{"id": 1, "note": "p"}, {"id": 2, "note": "q"}],
        one("Invoice", "update", 2),
    ),
    Way(
        "bulk patch, each",
        "PATCH",
        "/invoices/bulk/?atomic=false",
        [{"id": 1, "note": "p"}, {"id": 2, "note": "q"}],
        one("Invoice", "update") * 2,
        each=True,
    ),
    Way(
        "mass patch",
        "PATCH",
        "/invoices/?code__in=a,b",
        {"note": "m"},
        one("Invoice", "update", 2),
        MASS,
    ),
    Way("delete", "DELETE", "/invoices/1", None, GONE),
    Way("delete alone", "DELETE", "/invoices/2", None, one("Invoice", "delete")),
    Way(
        "bulk delete",
        "DELETE",
        "/invoices/bulk/",
        [1, 2],
        (("Invoice", "delete", 2), *GONE[1:]),
    ),
    Way(
        "bulk delete, each",
        "DELETE",
        "/invoices/bulk/?atomic=false",
        [1, 2],
        (*GONE, ("Invoice", "delete", 1)),
        each=True,
    ),
    Way(
        "mass delete",
        "DELETE",
        "/invoices/?code__in=a,b",
        None,
        (("Invoice", "delete", 2), *GONE[1:]),
        MASS,
    ),
    Way("upsert", "POST", "/invoices/bulk/?on_conflict=code", MIXED, BOTH),
    Way(
        "upsert, each",
        "POST",
        "/invoices/bulk/?on_conflict=code&atomic=false",
        MIXED,
        BOTH,
        each=True,
    ),
    Way(
        "upsert that ignores",
        "POST",
        "/invoices/bulk/?on_conflict=code",
        MIXED,
        one("Invoice", "create"),
        {"Prefer": "resolution=ignore-duplicates"},
    ),
    Way("link", "PUT", "/invoices/2/labels/2", None, one("Invoice", "update")),
    Way("unlink", "DELETE", "/invoices/1/labels/1", None, one("Invoice", "update")),
)


async def store_rows(client: httpx2.AsyncClient) -> None:
    """Store the rows that the ways are for."""
    for name in ("l1", "l2"):
        assert (await client.post("/labels/", json={"name": name})).status_code == 201
    for body in INVOICES:
        answer = await client.post("/invoices/", json=body)
        assert answer.status_code == 201, answer.text
    assert (await client.put("/invoices/1/labels/1")).status_code == 204


async def go(client: httpx2.AsyncClient, way: Way, **headers: str) -> httpx2.Response:
    """Make the request of a way."""
    body = {} if way.body is None else {"json": way.body}
    return await client.request(way.method, way.path, headers={**way.headers, **headers}, **body)


async def dump(client: httpx2.AsyncClient) -> list[Any]:
    """All rows there are, with their links."""
    return [
        (await client.get(path)).json()["items"]
        for path in (
            "/invoices/?include=lines,labels&limit=100",
            "/lines/?limit=100",
            "/parts/?limit=100",
            "/customers/?limit=100",
            "/labels/?limit=100",
        )
    ]
