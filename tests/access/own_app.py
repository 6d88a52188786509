"""An application with an endpoint that runs what a test gives it, in the session of a caller."""

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import httpx2
from fastapi import FastAPI
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from modelwire import CallerSessionDep, Database, Resource, mount
from tests.access import own_models as m
from tests.conftest import use_sessions

Work = Callable[[AsyncSession], Awaitable[Any]]


class Own:
    """An application, what its endpoint does, and its client.

    Args:
        database: The database.
        lane: Whether `get_session` is overridden.
        resources: What is mounted.
    """

    def __init__(
        self, database: Database, lane: str, resources: Sequence[Resource] = m.RESOURCES
    ) -> None:
        self.database = database
        self.app = FastAPI()
        mount(self.app, database, *resources, caller=m.me)
        if lane == "session":
            use_sessions(self.app, database)
        self._work: Work | None = None
        self.result: Any = None

        @self.app.post("/own")
        async def own(session: CallerSessionDep) -> None:
            assert self._work is not None
            self.result = await self._work(session)

    async def fill(self) -> None:
        """Store the rows of both organisations."""
        async with self.database.session() as session:
            for row in m.rows():
                session.add(row)
                await session.flush()
            await session.commit()
            if self.database.dialect == "postgresql":
                for name in ("orgs", "invoices", "lines", "notes", "tags"):
                    move = text(f"SELECT setval('own_{name}_id_seq', 100)")
                    await session.execute(move)
                await session.commit()

    async def send(
        self, method: str, path: str, who: m.OwnMember | None = m.ANN, **options: Any
    ) -> httpx2.Response:
        """Send a request of a member."""
        headers = options.pop("headers", {})
        if who is not None:
            headers["x-member"] = json.dumps(who.model_dump())
        transport = httpx2.ASGITransport(app=self.app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path, headers=headers, **options)

    async def run(self, work: Work, who: m.OwnMember | None = m.ANN) -> httpx2.Response:
        """Run some work in the session of a member."""
        self._work, self.result = work, None
        return await self.send("POST", "/own", who)

    async def read(self, work: Work, who: m.OwnMember = m.ANN) -> Any:
        """Run some work that succeeds, and give what it returned."""
        answer = await self.run(work, who)
        assert answer.status_code == 200, answer.text
        return self.result

    async def snapshot(self) -> dict[str, Any]:
        """Every row of every table."""
        async with self.database.session() as session:
            return {
                table: sorted(map(repr, await session.execute(text(f"SELECT * FROM own_{table}"))))
                for table in (
                    "orgs", "invoices", "lines", "notes", "tags", "tag_links", "countries", "audit",
                )
            }  # fmt: skip
