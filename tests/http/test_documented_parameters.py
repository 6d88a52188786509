"""The parameters in the OpenAPI document are those that there are."""

import re
from collections import Counter
from typing import Any

import httpx2
import pytest

from modelwire import Database
from modelwire.plan.reading.query import PARAMETERS
from tests.documents import (
    operations_of,
    parameters_of,
    query_of,
    read_document,
    resolve,
    responses_of,
)
from tests.http.rows import store_users


def write_example(parameter: dict[str, Any]) -> str:
    """The example of a parameter as it stands in a URL."""
    (example,) = parameter["schema"]["examples"]
    values = example if isinstance(example, list) else [example]
    return ",".join(str(v).lower() if isinstance(v, bool) else str(v) for v in values)


@pytest.mark.parametrize(
    "path", ["/users/", "/users/stream/", "/players/", "/teams/{id}/players/", "/teams/{id}"]
)
async def test_examples_are_good(client: httpx2.AsyncClient, database: Database, path: str) -> None:
    """Each parameter has a type and a description, those of the query an example that is accepted.

    Headers have none: the docs page would fill it in, and a tag is right for one row only.
    """
    await store_users(database, ann=None)
    document = await read_document(client)
    for parameter in parameters_of(document, document["paths"][path]["get"]):
        if parameter["in"] == "path":
            continue
        assert parameter["schema"]["type"]
        assert parameter["description"]
        if parameter["in"] == "header" or parameter["name"] == "or" or "explode" in parameter:
            continue
        query = {parameter["name"]: write_example(parameter)}
        answer = await client.get(path.replace("{id}", "1"), params=query)
        assert answer.status_code in (200, 404), (query, answer.text)


async def test_docs_page_fills_nothing_in(client: httpx2.AsyncClient) -> None:
    """No parameter has what the docs page would send unasked, beside its default."""
    document = await read_document(client)
    for path, _, operation in operations_of(document):
        for parameter in parameters_of(document, operation):
            filled_in = {"example", "examples"} & set(parameter)
            assert not filled_in, (path, parameter)
            assert "example" not in parameter["schema"], (path, parameter)


async def test_defaults_go_together(client: httpx2.AsyncClient) -> None:
    """A parameter's default, which generated clients send, fits any other parameter."""
    document = await read_document(client)
    found = query_of(document, document["paths"]["/players/"]["get"])
    schemas = {name: schema for name, schema in found.items() if "default" in schema}
    query = {name: str(schema["default"]) for name, schema in schemas.items()}
    assert set(query) == {"limit"}
    answer = await client.get("/players/", params={**query, "cursor": ""})
    assert answer.status_code == 200, answer.text


async def test_every_parameter_is_documented(client: httpx2.AsyncClient) -> None:
    """A list documents its own parameters and every filter once, those by a relation as one."""
    document = await read_document(client)
    operation = document["paths"]["/players/"]["get"]
    found = query_of(document, operation)
    assert set(PARAMETERS) <= set(found)
    assert {"name", "name__ilike", "id__in", "team_id__isnull"} <= set(found)
    (template,) = [p for p in parameters_of(document, operation) if p["name"] == "team.*"]
    assert "`team.name__op`" in template["description"]
    assert template["x-template"] == "team.{field}"
    body = document["paths"]["/players/query/"]["post"]["requestBody"]
    schema = resolve(document, body["content"]["application/json"]["schema"])
    assert set(schema["properties"]) == {n for n in found if "__" not in n}
    assert schema["additionalProperties"]


async def test_what_matters_first_comes_first(client: httpx2.AsyncClient) -> None:
    """A list begins with how many rows, from where, and in which order."""
    document = await read_document(client)
    found = query_of(document, document["paths"]["/users/"]["get"])
    assert list(found)[:3] == ["limit", "cursor", "sort"]


async def test_choices(client: httpx2.AsyncClient) -> None:
    """Choices of `sort` and `include` are listed, through relations too, and accepted."""
    document = await read_document(client)
    found = query_of(document, document["paths"]["/players/"]["get"])
    sorts, includes = (
        resolve(document, found[name]["items"])["enum"] for name in ("sort", "include")
    )
    assert {"name", "-name", "team.city", "-team.city"} <= set(sorts)
    assert "team" in includes
    for name, choices in (("sort", sorts), ("include", includes)):
        for choice in choices:
            answer = await client.get("/players/", params={name: choice})
            assert answer.status_code == 200, answer.text


async def test_names_are_not_folded(zoo_client: httpx2.AsyncClient) -> None:
    """No two parameters of an operation have names that generated clients fold into one."""
    document = await read_document(zoo_client)
    for path, method, operation in operations_of(document):
        given = parameters_of(document, operation)
        names = Counter(re.sub(r"[^a-z0-9]", "", p["in"] + p["name"].lower()) for p in given)
        assert max(names.values(), default=1) == 1, (path, method, names)


async def test_hidden_fields_are_not_documented(zoo_client: httpx2.AsyncClient) -> None:
    """Hidden fields appear in no parameter, of their own list or of another's."""
    document = await read_document(zoo_client)
    assert "password_hash" not in str(document["components"]["parameters"])


async def test_operations_are_told_apart(zoo_client: httpx2.AsyncClient) -> None:
    """Each operation has an id of its own, in the singular where it is about one row."""
    operations = list(operations_of(await read_document(zoo_client)))
    ids = [operation["operationId"] for _, _, operation in operations]
    assert len(set(ids)) == len(ids)
    assert {
        "list_groups",
        "create_group",
        "read_group",
        "patch_group",
        "bulk_create_groups",
        "stream_groups",
        "list_group_members",
        "create_group_person",
        "link_group_person",
        "list_order_lines",
        "create_order_line",
    } <= set(ids)


async def test_pages_are_documented(client: httpx2.AsyncClient) -> None:
    """A page has one schema with both kinds of positions, and rows that have every field."""
    document = await read_document(client)
    answer = responses_of(document, document["paths"]["/users/"]["get"])["200"]
    page = resolve(document, answer["content"]["application/json"]["schema"])
    assert page["required"] == ["items", "limit"]
    assert {"total", "total_is_estimate", "skip", "next", "previous"} < set(page["properties"])
    row = resolve(document, page["properties"]["items"]["items"])
    assert row["title"] == "UserRead"
    assert {"id", "username", "is_active"} <= set(row["required"])


WRITTEN = {"Idempotency-Replayed", "Preference-Applied"}


async def test_headers_of_answers(client: httpx2.AsyncClient) -> None:
    """Answers document the headers that they have."""
    document = await read_document(client)
    paths = document["paths"]
    for operation, status, names in (
        (paths["/users/"]["get"], "200", {"Link"}),
        (paths["/users/"]["post"], "201", {"ETag", "Location", *WRITTEN}),
        (paths["/users/{id}"]["get"], "304", {"ETag"}),
        (paths["/users/{id}"]["patch"], "412", {"X-Request-ID"}),
        (paths["/users/"]["get"], "default", {"X-Request-ID", "Retry-After"}),
    ):
        assert set(responses_of(document, operation)[status]["headers"]) == names
