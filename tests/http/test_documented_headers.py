"""Headers of responses are documented."""

import re
from typing import Any

import httpx2
import pytest

from tests.documents import read_document, resolve

OTHERS = {"content-length", "content-type", "vary", "server-timing", "x-request-id"}
"""Headers that answers have whatever the operation."""

MINIMAL = {"Prefer": "return=minimal"}
KEY = {"Idempotency-Key": "k"}

REQUESTS: list[tuple[str, str, Any, dict[str, str]]] = [
    ("GET", "/teams/", None, {}),
    ("GET", "/teams/1", None, {}),
    ("GET", "/teams/stream/", None, {"Prefer": "end-marker", "Accept": "text/csv"}),
    ("POST", "/teams/", {"name": "b"}, {**MINIMAL, **KEY}),
    ("POST", "/teams/1/players/", {"name": "b"}, {**MINIMAL, **KEY}),
    ("POST", "/teams/bulk/", [{"name": "c"}], MINIMAL),
    ("POST", "/teams/bulk/", [{"name": "d"}], KEY),
    ("POST", "/teams/bulk/?on_conflict=name", [{"name": "a"}], KEY),
    ("POST", "/teams/bulk/?on_conflict=name", [{"name": "a"}], {**MINIMAL, **KEY}),
    ("POST", "/teams/bulk/?on_conflict=name&atomic=false", [{"name": "a"}], KEY),
    ("PUT", "/teams/1", {"city": "x"}, MINIMAL),
    ("PUT", "/teams/1", {"city": "x"}, {"Prefer": "tx=rollback"}),
    ("PATCH", "/teams/1", {"city": "y"}, {**MINIMAL, **KEY}),
    ("PATCH", "/teams/1", {"city": "y"}, KEY),
    ("PATCH", "/teams/bulk/", [{"id": 1, "city": "z"}], {**MINIMAL, **KEY}),
    ("PATCH", "/teams/?name=a", {"city": "y"}, {"Prefer": "max-affected=1", **KEY}),
    ("PATCH", "/teams/?name=a", {"city": "y"}, {"Prefer": "max-affected=1, return=minimal"}),
    ("DELETE", "/teams/?name=nobody", None, {"Prefer": "max-affected=1"}),
    ("DELETE", "/teams/1", None, {}),
]


@pytest.mark.parametrize("asked", REQUESTS, ids=str)
async def test_headers(
    client: httpx2.AsyncClient, asked: tuple[str, str, Any, dict[str, str]]
) -> None:
    """None is missing there, of the first answer or of one that is repeated."""
    assert (await client.post("/teams/", json={"name": "a"})).status_code == 201
    document = await read_document(client)
    method, path, body, headers = asked
    template = re.sub(r"/\d+", "/{id}", path.partition("?")[0])
    answers = document["paths"][template][method.lower()]["responses"]
    for _ in range(2 if "Idempotency-Key" in headers else 1):
        answer = await client.request(method, path, json=body, headers=headers)
        assert answer.is_success, answer.text
        described = resolve(document, answers[str(answer.status_code)]).get("headers", {})
        told = {name.lower() for name in described}
        assert {name.lower() for name in answer.headers} - OTHERS <= told
