"""OpenAPI documents as tests read them: with what operations share put in its place."""

from collections.abc import Iterator
from typing import Any

import httpx2

METHODS = ("get", "post", "put", "patch", "delete")


async def read_document(client: httpx2.AsyncClient) -> dict[str, Any]:
    """Read the OpenAPI document of an application."""
    answer = await client.get("/openapi.json")
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def resolve(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """Resolve the reference of a node."""
    while "$ref" in node:
        start, *steps = node["$ref"].split("/")
        assert start == "#"
        node = document
        for step in steps:
            node = node[step]
    return node


def operations_of(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each path, method and operation of a document."""
    for path, item in document["paths"].items():
        yield from ((path, method, item[method]) for method in METHODS if method in item)


def parameters_of(document: dict[str, Any], operation: dict[str, Any]) -> list[dict[str, Any]]:
    """The parameters of an operation, as they are described."""
    return [resolve(document, given) for given in operation.get("parameters", [])]


def query_of(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The schemas of what may stand in a query, by name: an object's properties are parameters."""
    found: dict[str, dict[str, Any]] = {}
    for parameter in parameters_of(document, operation):
        if parameter["in"] != "query":
            continue
        exploded = parameter.get("explode") and parameter["schema"].get("type") == "object"
        names = (
            parameter["schema"].get("properties", {})
            if exploded
            else {parameter["name"]: parameter["schema"]}
        )
        assert not set(names) & set(found), names
        found |= names
    return found


def responses_of(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The answers of an operation, by their status."""
    return {s: resolve(document, given) for s, given in operation["responses"].items()}
