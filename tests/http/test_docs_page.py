"""The docs pages and the OpenAPI document."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from examples.league import User
from modelwire import ConfigurationError, Database, Resource, mount
from tests.conftest import LEAGUE, MakeClient
from tests.documents import operations_of, parameters_of, query_of, read_document, responses_of
from tests.http.problems import read_problem

REFERENCE = re.compile(r"""(?:src|href|spec-url)=["']([^"']+)["']|url: '([^']+)'""")


def find_values(node: Any, name: str) -> Iterator[Any]:
    """Every value that stands under a name, at any depth."""
    if isinstance(node, dict):
        yield from ([node[name]] if name in node else [])
        for value in node.values():
            yield from find_values(value, name)
    elif isinstance(node, list):
        for value in node:
            yield from find_values(value, name)


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
async def test_page_with_a_parameter(client: httpx2.AsyncClient, path: str) -> None:
    """A page takes no parameters, and refuses those that it is given."""
    read_problem(await client.get(f"{path}?x=1"), 422, "invalid")


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
async def test_page_needs_no_other_host(client: httpx2.AsyncClient, path: str) -> None:
    """A docs page names nothing outside, and all that it names is served."""
    page = await client.get(path)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    named = [first or second for first, second in REFERENCE.findall(page.text)]
    assert "/openapi.json" in named
    assert len(named) >= 3
    assert re.findall(r"""(?:https?:)?//[\w-]+\.[^\s"'<>]+""", page.text) == []
    for reference in named:
        answer = await client.get(reference)
        assert (reference, answer.status_code) == (reference, 200)
        assert answer.content


def test_path_of_the_docs(database: Database) -> None:
    """No resource takes the docs' path or the health routes'; below a prefix there is no clash."""
    resource = Resource(User, path="/docs")
    mount(FastAPI(), database, resource, prefix="/api")
    with pytest.raises(ConfigurationError, match="/docs is"):
        mount(FastAPI(), database, resource)
    with pytest.raises(ConfigurationError, match="/api/health is"):
        mount(
            FastAPI(), database, Resource(User, path="/health"), prefix="/api", health="/api/health"
        )


async def test_pages_behind_a_prefix(make_client: MakeClient) -> None:
    """The docs pages stay where the application has them, whatever the resources' prefix."""
    made = await make_client(*LEAGUE, prefix="/api")
    assert (await made.get("/docs")).status_code == 200
    assert "/api/users/" in (await read_document(made))["paths"]


async def test_document_has_the_routes(client: httpx2.AsyncClient) -> None:
    """The document has every route of every resource with its methods."""
    document = await read_document(client)
    found = {(path, method) for path, method, _ in operations_of(document)}
    for name in ("users", "teams", "players"):
        assert {(f"/{name}/", "get"), (f"/{name}/", "post")} <= found
        assert {(f"/{name}/bulk/", "post"), (f"/{name}/stream/", "get")} <= found
        assert {
            (f"/{name}/{{id}}", method) for method in ("get", "put", "patch", "delete")
        } <= found
    assert {("/health", "get"), ("/health/live", "get"), ("/health/ready", "get")} <= found


async def test_composite_key_in_the_document(zoo_client: httpx2.AsyncClient) -> None:
    """Each part of a composite key is a parameter of its path."""
    document = await read_document(zoo_client)
    read = document["paths"]["/memberships/{group_id},{person_id}"]["get"]
    keys = [p["name"] for p in parameters_of(document, read) if p["in"] == "path"]
    assert keys == ["group_id", "person_id"]


async def test_operation_ids(zoo_client: httpx2.AsyncClient) -> None:
    """Each operation has an id that no other has."""
    ids = Counter(op["operationId"] for _, _, op in operations_of(await read_document(zoo_client)))
    assert max(ids.values()) == 1


async def test_document_is_stable(make_client: MakeClient) -> None:
    """Two applications with the same resources have the same document."""
    first = await read_document(await make_client(*LEAGUE))
    second = await read_document(await make_client(*LEAGUE))
    assert first == second


async def test_references(zoo_client: httpx2.AsyncClient) -> None:
    """Every reference in the document leads somewhere, and every shared part is referred to."""
    document = await read_document(zoo_client)
    references = set(find_values(document, "$ref"))
    parts = {
        f"#/components/{kind}/{name}"
        for kind, named in document["components"].items()
        for name in named
    }
    assert references == parts


async def test_errors_are_problems(client: httpx2.AsyncClient) -> None:
    """Every error in the document is a problem document."""
    document = await read_document(client)
    for path, method, operation in operations_of(document):
        errors = {s: r for s, r in responses_of(document, operation).items() if s >= "400"}
        assert "default" in errors, (path, method)
        for answer in errors.values():
            assert list(answer["content"]) == ["application/problem+json"], (path, method)


async def test_list_parameters(client: httpx2.AsyncClient) -> None:
    """Every parameter of a list is in the document with its type."""
    document = await read_document(client)
    found = query_of(document, document["paths"]["/users/"]["get"])
    expected = {
        "skip": "integer",
        "limit": "integer",
        "sort": "array",
        "username": "string",
        "username__eq": "string",
        "is_active": "boolean",
        "id__gt": "integer",
        "id__in": "array",
        "id__isnull": "boolean",
        "created_at__between": "array",
    }
    assert {name: found[name]["type"] for name in expected} == expected
    assert "include" in query_of(document, document["paths"]["/teams/"]["get"])


async def test_stream_parameters(client: httpx2.AsyncClient) -> None:
    """A stream has the parameters of a list but those of pages, and its format."""
    document = await read_document(client)
    listed, streamed = (
        set(query_of(document, document["paths"][f"/teams/{tail}"]["get"]))
        for tail in ("", "stream/")
    )
    assert listed - streamed == {"skip", "limit", "cursor", "count"}
    assert streamed - listed == {"format"}


async def test_hidden_fields(zoo_client: httpx2.AsyncClient) -> None:
    """A hidden field is in no schema of an answer and in no parameter; it can be written."""
    document = await read_document(zoo_client)
    schemas = document["components"]["schemas"]
    readable = [s for name, s in schemas.items() if name.startswith("PersonRead")]
    assert readable
    assert all("password_hash" not in schema["properties"] for schema in readable)
    listed = document["paths"]["/people/"]["get"]
    assert not any("password_hash" in name for name in query_of(document, listed))
    assert any("password_hash" in schema.get("properties", {}) for schema in schemas.values())
