"""The session dependency as FastAPI's and SQLModel's tutorials write it, for async engines."""

import os
from collections.abc import AsyncIterator

from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession


def async_url() -> str:
    """Return the database's URL under the name of SQLAlchemy's async driver."""
    scheme, separator, rest = os.environ["DATABASE_URL"].partition("://")
    driver = {"postgresql": "asyncpg", "sqlite": "aiosqlite"}[scheme]
    return f"{scheme}+{driver}{separator}{rest}"


# As many connections as everybody here has: SQLAlchemy's own 5, and 10 that it does not keep,
# would have it connect again and again under this load.
engine = create_async_engine(async_url(), pool_size=10, max_overflow=0)
make_session = async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)


async def get_session() -> AsyncIterator[AsyncSession]:
    """Give a request its session."""
    async with make_session() as session:
        yield session
