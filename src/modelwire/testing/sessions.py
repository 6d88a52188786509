"""Session whose work is rolled back, and a client on top of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient
from sqlmodel.ext.asyncio.session import AsyncSession

from ..execute.connect.begin import begin_writing
from ..execute.connect.session import EagerSession
from ..execute.database import Database
from ..web.session import get_session, lend_session


@asynccontextmanager
async def rolled_back_session(database: Database) -> AsyncIterator[AsyncSession]:
    """Open a session whose work never reaches the database.

    Commits inside it, the application's own included, end at a savepoint; when the block ends,
    everything is rolled back. The tables are created where they are missing.

    Args:
        database: The database.

    Yields:
        The session.
    """
    await database.init_db()
    async with database.engine.connect() as connection:
        transaction = await connection.begin()
        await begin_writing(connection)
        async with AsyncSession(
            bind=connection,
            expire_on_commit=False,
            join_transaction_mode="create_savepoint",
            sync_session_class=EagerSession,
        ) as session:
            yield session
        await transaction.rollback()


@asynccontextmanager
async def open_client(
    app: FastAPI, session: AsyncSession | None = None
) -> AsyncIterator[AsyncClient]:
    """Open an HTTP client that calls an application directly, without a server.

    Args:
        app: The application.
        session: The session that its endpoints use, generated ones included; as they would
            outside of tests, if None. What an endpoint does not commit is undone at its end.

    Yields:
        The client; its base URL is `http://test`.
    """
    if session is not None:
        app.dependency_overrides[get_session] = lend_session(session)
    try:
        transport = ASGITransport(app=app)
        async with AsyncClient(transport=transport, base_url="http://test") as client:
            yield client
    finally:
        if session is not None:
            del app.dependency_overrides[get_session]
