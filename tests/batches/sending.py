"""Sending batches, and reading their answers."""

from typing import Any

import httpx2

JSON = dict[str, Any]


def request(method: str, path: str, body: Any = None, **headers: str) -> JSON:
    """One request of a batch; headers by their names with underscores."""
    made: JSON = {"method": method, "path": path}
    if body is not None:
        made["body"] = body
    if headers:
        made["headers"] = {name.replace("_", "-"): value for name, value in headers.items()}
    return made


def ref(text: str) -> JSON:
    """A reference, as it stands in a body."""
    return {"$ref": text}


async def send(client: httpx2.AsyncClient, *requests: JSON, **headers: str) -> httpx2.Response:
    """Send a batch; headers by their names with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.post("/batch", json={"requests": [*requests]}, headers=named)


async def succeed(client: httpx2.AsyncClient, *requests: JSON, **headers: str) -> list[Any]:
    """Send a batch that is carried out; gives the answers to its requests."""
    answer = await send(client, *requests, **headers)
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["responses"]
    responses: list[Any] = answer.json()["responses"]
    assert len(responses) == len(requests)
    return responses
