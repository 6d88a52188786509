"""Rows that an endpoint of the application's own locks before it changes them."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from examples.league import Team
from modelwire import Database

Lock = Callable[[AsyncSession], Awaitable[Team]]


async def select_locked(session: AsyncSession) -> Team:
    return (await session.exec(select(Team).where(Team.id == 1).with_for_update())).one()


async def get_locked(session: AsyncSession) -> Team:
    return await session.get_one(Team, 1, with_for_update=True)


async def refresh_locked(session: AsyncSession) -> Team:
    team = await session.get_one(Team, 1)
    await session.refresh(team, with_for_update=True)
    return team


@pytest.mark.parametrize("lock", [select_locked, get_locked, refresh_locked])
async def test_no_change_is_lost(database: Database, lock: Lock) -> None:
    """Of many sessions that lock a row, read it and change it at once, each counts."""
    async with database.session() as session:
        session.add(Team(id=1, name="Red", city="0"))
        await session.commit()

    async def count() -> None:
        async with database.session() as session:
            team = await lock(session)
            await asyncio.sleep(0.01)
            team.city = str(int(team.city or 0) + 1)
            await session.commit()

    await asyncio.gather(*(count() for _ in range(8)))
    async with database.session() as session:
        assert (await session.get_one(Team, 1)).city == "8"


async def test_reading_takes_no_lock(database: Database) -> None:
    """A read does not wait for a session that has locked a row."""
    async with database.session() as session:
        session.add(Team(id=1, name="Red", city="0"))
        await session.commit()
    async with database.session() as locking, database.session() as reading:
        await select_locked(locking)
        async with asyncio.timeout(2):
            assert (await reading.get_one(Team, 1)).name == "Red"
