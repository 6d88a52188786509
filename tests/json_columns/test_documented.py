"""The OpenAPI document names the parts that annotations describe, and says how others are named."""

from typing import Any

import pytest
import pytest_asyncio
from httpx2 import AsyncClient

from tests.documents import operations_of, parameters_of, query_of, read_document, resolve
from tests.http.test_documented_parameters import test_names_are_not_folded as check_names

from .conftest import World


@pytest_asyncio.fixture
async def client(world: World, lane: str) -> AsyncClient:
    return world.clients[lane]


async def test_parts_are_documented(client: AsyncClient) -> None:
    """Filters by parts have the types of their annotations; every one of them is taken."""
    document = await read_document(client)
    found = query_of(document, document["paths"]["/things/"]["get"])
    assert found["spec.size.width"] == {"type": "integer"}
    assert found["spec.size.width__between"]["minItems"] == 2
    assert found["spec.colour"]["enum"] == ["red", "blue"]
    assert found["spec.tags__has"] == {"type": "string"}
    assert not any(name.startswith("hidden") for name in found)
    await check_taken(client, {name: s for name, s in found.items() if name.startswith("spec.")})


async def check_taken(client: AsyncClient, found: dict[str, dict[str, Any]]) -> None:
    examples = {"integer": "1", "number": "1.5", "boolean": "true", "string": "x"}
    for name, schema in found.items():
        inner = schema.get("items", schema)
        kind = "number" if inner.get("format") == "decimal" else inner["type"]
        value = inner["enum"][0] if "enum" in inner else examples[kind]
        value = ",".join([value] * schema.get("minItems", 1))
        answer = await client.get("/things/", params={name: value})
        assert answer.status_code == 200, (name, answer.text)


@pytest.mark.parametrize("parameter", ["sort", "fields"])
async def test_choices(client: AsyncClient, parameter: str) -> None:
    """Choices of sorting and fields list parts too, all of which are accepted."""
    document = await read_document(client)
    found = query_of(document, document["paths"]["/things/"]["get"])
    choices = resolve(document, found[parameter]["items"])["enum"]
    assert {"spec.size.width", "spec.colour"} <= set(choices)
    assert ("spec.tags" in choices) == (parameter == "fields")
    for choice in choices:
        answer = await client.get("/things/", params={parameter: choice})
        assert answer.status_code == 200, (choice, answer.text)


async def test_paths_are_explained(client: AsyncClient) -> None:
    """Each JSON column says how parts of it are named that nothing describes; names stay apart."""
    document = await read_document(client)
    operation = document["paths"]["/things/"]["get"]
    templates = {
        p["x-template"]: p["description"]
        for p in parameters_of(document, operation)
        if "x-template" in p and "x-filters-of" not in p
    }
    columns = ("meta", "binary", "spec", "tags", "by_name", "shadow", "boxed")
    assert set(templates) == {f"{name}.{{path}}" for name in columns}
    assert "double quotes" in templates["meta.{path}"]
    assert list(operations_of(document))
    await check_names(client)
