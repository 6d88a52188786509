"""The service keeps what its OpenAPI document says, for whatever Schemathesis makes of it."""

import os
import socket
import subprocess
import sys
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from hypothesis import given

import modelwire
from examples import league
from tests.conftest import create_postgres_database
from tests.documents import read_document
from tests.examples import examples
from tests.lanes import DIALECTS

from .conftest import BY_CODE_POINTS

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the libraries that Schemathesis imports
    import schemathesis
    from schemathesis import GenerationMode
    from schemathesis.checks import load_all_checks, not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_headers_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

    load_all_checks()

ROOT = Path(__file__).parents[2]
EXAMPLES = 10
"""Requests for each operation on each database, those that fit and those that do not."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
NOT_OF_SOME_FIELDS = [response_schema_conformance]
"""Checks of answers that have all fields: one with `fields` lacks what its schema requires."""

OPERATIONS = {
    operation["operationId"]: (path, method)
    for path, item in league.app.openapi()["paths"].items()
    for method, operation in item.items()
}


@contextmanager
def serve(database: str) -> Iterator[str]:
    """Serve the example from a process of its own; yields its URL."""
    # What connects before the process listens waits in the socket's queue.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port, fd = listener.getsockname()[1], listener.fileno()
        command = f"uvicorn examples.league:app --log-level critical --fd {fd}".split()
        paths = [str(Path(modelwire.__file__).parents[1]), str(ROOT)]
        environment = {"PYTHONPATH": os.pathsep.join(paths), "MODELWIRE_DATABASE_URL": database}
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env={**os.environ, **environment},
            pass_fds=[fd],
        )
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=20)


@dataclass(frozen=True, slots=True)
class Documents:
    """Documents that responses are checked against.

    Args:
        full: The document of the service.
        loose: The same, without required fields of rows.
    """

    full: Any
    loose: Any


@pytest_asyncio.fixture(scope="module", params=DIALECTS)
async def documents(
    request: pytest.FixtureRequest, worker_id: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Documents]:
    """The documents of the served example, which has some rows already."""
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        database = await create_postgres_database(
            server, f"modelwire_document_{worker_id}", BY_CODE_POINTS
        )
    else:
        database = f"sqlite:///{tmp_path_factory.mktemp('document')}/league.db"
    with serve(database) as url:
        async with httpx2.AsyncClient(base_url=url, timeout=30) as client:
            await store_rows(client)
            raw = await read_document(client)
        full = schemathesis.openapi.from_url(f"{url}/openapi.json")
        yield Documents(full, schemathesis.openapi.from_dict(loosen(raw)))


def loosen(document: dict[str, Any]) -> dict[str, Any]:
    """A document whose rows need not have any field."""
    schemas = {**document["components"]["schemas"]}
    for name in (name for name in schemas if name.endswith("Read")):
        schemas[name] = {key: value for key, value in schemas[name].items() if key != "required"}
    return {**document, "components": {**document["components"], "schemas": schemas}}


async def store_rows(client: httpx2.AsyncClient) -> None:
    teams = [{"name": f"team {i}", "city": "Ürümqi" if i % 2 else None} for i in range(5)]
    users = [{"username": f"user{i}", "email": f"{i}@example.com"} for i in range(5)]
    players = [{"name": f"player {i}", "team_id": 1 + i % 3} for i in range(9)]
    for path, rows in (("users", users), ("teams", teams), ("players", players)):
        answer = await client.post(f"/{path}/bulk/", json=rows)
        assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_what_fits_the_document(documents: Documents, operation: str) -> None:
    """No 5xx, no undocumented status or media type, no answer that breaks its schema."""
    check(documents, operation, GenerationMode.POSITIVE)


@pytest.mark.parametrize("operation", sorted(name for name in OPERATIONS if "health" not in name))
def test_what_does_not_fit(documents: Documents, operation: str) -> None:
    """The same holds for requests that the document does not allow."""
    check(documents, operation, GenerationMode.NEGATIVE)


def check(documents: Documents, operation: str, mode: GenerationMode) -> None:
    """Make requests of one operation, and check each answer against the document."""
    path, method = OPERATIONS[operation]
    requests = documents.full[path][method.upper()].as_strategy(generation_mode=mode)
    loose = documents.loose[path][method.upper()]

    @examples(EXAMPLES)
    @given(case=requests)
    def ask(case: Any) -> None:
        if names_fields(case):
            answer = case.call_and_validate(
                checks=CHECKS, excluded_checks=NOT_OF_SOME_FIELDS, timeout=30
            )
            loose.validate_response(answer)
        else:
            case.call_and_validate(checks=CHECKS, timeout=30)

    ask()


def names_fields(case: Any) -> bool:
    """Whether a request says which fields are shown, in its query or its body."""
    return any(isinstance(part, dict) and "fields" in part for part in (case.query, case.body))
