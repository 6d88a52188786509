"""The parameters in the OpenAPI document are those that there are."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from modelwire import Database
from modelwire.plan.query import PARAMETERS
from tests.http.rows import store_users

METHODS = ("get", "post", "put", "patch", "delete")


async def read_document(client: httpx2.AsyncClient) -> dict[str, Any]:
    document: dict[str, Any] = (await client.get("/openapi.json")).json()
    return document


def operations_of(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each path, method and operation of a document."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


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
    parameters = document["paths"][path]["get"]["parameters"]
    for parameter in parameters:
        if parameter["in"] == "path":
            continue
        assert parameter["schema"]["type"]
        assert parameter["description"]
        if parameter["in"] == "header":
            continue
        query = {parameter["name"]: write_example(parameter)}
        answer = await client.get(path.replace("{id}", "1"), params=query)
        assert answer.status_code in (200, 404), (query, answer.text)


async def test_docs_page_fills_nothing_in(client: httpx2.AsyncClient) -> None:
    """No parameter has what the docs page would send unasked, beside its default."""
    document = await read_document(client)
    for path, item in document["paths"].items():
        for operation in item.values():
            for parameter in operation.get("parameters", []):
                filled_in = {"example", "examples"} & set(parameter)
                assert not filled_in, (path, parameter)
                assert "example" not in parameter["schema"], (path, parameter)


async def test_defaults_go_together(client: httpx2.AsyncClient) -> None:
    """What has a default, which generated clients send, may stand beside any other parameter."""
    document = await read_document(client)
    parameters = document["paths"]["/players/"]["get"]["parameters"]
    schemas = {p["name"]: p["schema"] for p in parameters if "default" in p["schema"]}
    query = {name: str(schema["default"]) for name, schema in schemas.items()}
    assert set(query) == {"limit"}
    answer = await client.get("/players/", params={**query, "cursor": ""})
    assert answer.status_code == 200, answer.text


async def test_every_parameter_is_documented(client: httpx2.AsyncClient) -> None:
    """A list documents its own parameters and every filter, through one relation too."""
    document = await read_document(client)
    parameters = document["paths"]["/players/"]["get"]["parameters"]
    names = {parameter["name"] for parameter in parameters}
    assert set(PARAMETERS) <= names
    assert {"name", "name__ilike", "id__in", "team.name", "team.city__isnull"} <= names
    assert len(names) == len(parameters)
    body = document["paths"]["/players/query/"]["post"]["requestBody"]
    assert set(body["content"]["application/json"]["schema"]["properties"]) == names


async def test_hidden_fields_are_not_documented(zoo_client: httpx2.AsyncClient) -> None:
    """What is hidden stands in no parameter, of its own list or of another's."""
    document = await read_document(zoo_client)
    for path, _, operation in operations_of(document):
        for parameter in operation.get("parameters", []):
            assert "password_hash" not in str(parameter), path


async def test_operations_are_told_apart(zoo_client: httpx2.AsyncClient) -> None:
    """Each operation has an id of its own, and documents problems."""
    operations = list(operations_of(await read_document(zoo_client)))
    ids = [operation["operationId"] for _, _, operation in operations]
    assert len(set(ids)) == len(ids)
    assert {"read_page_groups", "read_children_groups_members"} <= set(ids)
    for path, _, operation in operations:
        if not path.startswith("/health"):
            assert {"422", "500", "503", "504"} <= set(operation["responses"]), path


async def test_pages_are_documented(client: httpx2.AsyncClient) -> None:
    """A list documents both kinds of pages, whose rows need not have every field."""
    document = await read_document(client)
    answer = document["paths"]["/users/"]["get"]["responses"]["200"]
    kinds = [c["$ref"] for c in answer["content"]["application/json"]["schema"]["anyOf"]]
    assert [kind.rpartition("/")[2] for kind in kinds] == ["UserPage", "UserKeysetPage"]
    schemas = document["components"]["schemas"]
    assert "required" not in schemas["UserRow"]
    assert set(schemas["UserKeysetPage"]["required"]) == {"items", "limit", "next", "previous"}
