"""Health checks: whether the process is alive, and whether the database is available."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from sqlmodel.ext.asyncio.session import AsyncSession

from ..errors import Unavailable
from ..execute.database import Database
from ..execute.feed.stopping import is_leaving
from ..observe.counts import ReplicaState
from ..openapi.answers import describe_problems
from ..openapi.components import Components
from ..openapi.values import JSONSchema
from ..plan.reading.query import refuse_parameters
from ..request.query import parse_query
from ..request.request import Request
from ..respond.answer import CONTENT, Answer
from .problems import Problems

_OK = Answer(200, b'{"status":"ok"}', (CONTENT,))


LIVENESS: JSONSchema = {
    "summary": "Whether the process answers",
    "description": "Does not depend on the database.",
}
READINESS: JSONSchema = {
    "summary": "Whether the database answers",
    "description": "503 while it does not, and once the server is stopping.",
}
_HEALTHY: JSONSchema = {
    "title": "Health",
    "type": "object",
    "required": ["status"],
    "properties": {
        "status": {"type": "string", "enum": ["ok"]},
        "replicas": {
            "type": "array",
            "description": "The replicas that serve reads, where there are any.",
            "items": {
                "type": "object",
                "required": ["server", "role", "status", "lag_bytes"],
                "properties": {
                    "server": {"type": "string"},
                    "role": {"type": "string", "enum": ["primary", "replica"]},
                    "status": {"type": "string", "enum": ["ok", "unavailable"]},
                    "lag_bytes": {"type": ["integer", "null"]},
                },
            },
        },
    },
}


def describe_health(operation: JSONSchema, shared: Callable[[], Components]) -> JSONSchema:
    """Describe the operation of a health check.

    Args:
        operation: Its summary and description.
        shared: Returns the components that operations share.
    """
    schema = shared().refer("schemas", "Health", lambda: _HEALTHY)
    answer = {"description": "OK", "content": {"application/json": {"schema": schema}}}
    return {**operation, "responses": {"200": answer, **describe_problems(shared(), (422,))}}


def _answer_servers(replicas: Sequence[ReplicaState]) -> Answer:
    """Answer that the database is available, with the state of its replicas, which may not be."""
    told = [
        {
            "server": state.name,
            "role": "replica" if state.is_copy else "primary",
            "status": "ok" if state.is_up else "unavailable",
            "lag_bytes": state.lag_bytes,
        }
        for state in replicas
    ]
    body = msgspec.json.encode({"status": "ok", "replicas": told})
    return Answer(200, body, (CONTENT,))


class Health:
    """Endpoints of the health checks.

    Args:
        database: The database that readiness checks.
        problems: Has the mounts, whose tables have to exist.
    """

    def __init__(self, database: Database, problems: Problems) -> None:
        self._database = database
        self._problems = problems

    async def live(self, request: Request, _session: AsyncSession | None = None) -> Answer:
        """Answer `GET /health` and `/health/live`, without the database."""
        refuse_parameters(parse_query(request.query_string))
        return _OK

    async def ready(self, request: Request, _session: AsyncSession | None = None) -> Answer:
        """Answer `GET /health/ready`: whether the process can serve requests.

        It is 503 while the database is unavailable, before start-up, and once the server is
        stopping.
        """
        refuse_parameters(parse_query(request.query_string))
        if is_leaving():
            raise Unavailable("The server is about to stop")
        mounted = self._problems.mounted
        tables = [table.sql for m in mounted for table in m.catalog.tables.values()]
        await self._database.check_tables(tables)
        await self._database.ping()
        replicas = self._database.replicas
        return _OK if replicas is None else _answer_servers(replicas.states)
