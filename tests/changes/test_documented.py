"""The headers of responses for tables with a change log are documented."""

import re
from typing import Any

import httpx2
import pytest

from tests.documents import read_document, resolve

OTHERS = {"content-length", "content-type", "cache-control", "vary", "x-request-id"}
"""Headers that answers have whatever the operation."""

REQUESTS: list[tuple[str, str, Any]] = [
    ("GET", "/firms/", None),
    ("GET", "/firms/?cursor=&limit=1", None),
    ("POST", "/firms/query", {"limit": 1}),
    ("GET", "/firms/1", None),
    ("GET", "/firms/1?as_of=2999-01-01T00:00:00Z", None),
    ("GET", "/firms/1/bills/", None),
    ("GET", "/firms/stream/", None),
    ("GET", "/firms/aggregate/", None),
    ("GET", "/firms/changes/", None),
    ("GET", "/firms/1/history/", None),
    ("PATCH", "/firms/1", {"name": "b"}),
    ("POST", "/firms/1/bills/", {}),
    ("DELETE", "/firms/1", None),
]


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS, ids=str)
async def test_headers(client: httpx2.AsyncClient, method: str, path: str, body: Any) -> None:
    """None is missing there."""
    assert (await client.post("/firms/", json={"name": "a"})).status_code == 201
    (firm,) = (await client.get("/firms/")).json()["items"]
    answer = await client.request(method, path.replace("/1", f"/{firm['id']}"), json=body)
    assert answer.is_success, answer.text
    document = await read_document(client)
    template = re.sub(r"/1(?=/|$)", "/{id}", path.partition("?")[0])
    templates = [t for t in document["paths"] if t.rstrip("/") == template.rstrip("/")]
    answers = document["paths"][templates[0]][method.lower()]["responses"]
    described = resolve(document, answers[str(answer.status_code)]).get("headers", {})
    told = {name.lower() for name in described}
    assert {name.lower() for name in answer.headers} - OTHERS <= told
