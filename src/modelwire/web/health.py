"""Health: whether the process lives, and whether the database answers."""

from __future__ import annotations

from sqlmodel.ext.asyncio.session import AsyncSession

from ..execute import Database
from ..plan import refuse_parameters
from ..request import Request, parse_query
from ..respond import CONTENT, Answer

_OK = Answer(200, b'{"status":"ok"}', (CONTENT,))


class Health:
    """Answers the health routes.

    Args:
        database: The database that readiness asks.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def live(self, request: Request, _session: AsyncSession | None = None) -> Answer:
        """`GET /health` and `/health/live`: never asks the database."""
        refuse_parameters(parse_query(request.query_string))
        return _OK

    async def ready(self, request: Request, _session: AsyncSession | None = None) -> Answer:
        """`GET /health/ready`: 503 while the database does not answer."""
        refuse_parameters(parse_query(request.query_string))
        await self._database.ping()
        return _OK
