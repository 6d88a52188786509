"""Properties of every problem document."""

from typing import Any

import httpx2


def read_problem(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """Read the problem document of an answer that must be one, with this status and code."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert (document["status"], document["code"]) == (status, code), answer.text
    assert document["type"] == f"urn:modelwire:{code}"
    return document


def faults_of(document: dict[str, Any]) -> list[tuple[str, str]]:
    """The pointer and the code of each entry of a problem document."""
    return [(error["pointer"], error["code"]) for error in document["errors"]]


def pointers_of(document: dict[str, Any]) -> list[str]:
    """The pointer of each entry of a problem document."""
    return [error["pointer"] for error in document["errors"]]


async def count_rows(client: httpx2.AsyncClient, url: str) -> int:
    """Return the number of rows of a resource, or those that match the filters of a URL."""
    answer = await client.get(url)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["total"])
