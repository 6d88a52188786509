"""Notifications: tasks that outlive their request."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI
from sqlalchemy import event, insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Notice(Base):
    __tablename__ = "notices"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    seen: Mapped[bool] = mapped_column(default=False, server_default="true")  # fault: MW503


@event.listens_for(Notice, "before_insert")
def shorten(mapper, connection, notice):
    notice.text = notice.text[:100]


engine = create_async_engine("sqlite+aiosqlite:///notices.db")
Sessions = async_sessionmaker(engine, expire_on_commit=False)


async def provide():
    session = Sessions()
    try:
        yield session
        await session.commit()  # fault: MW105
    except Exception:
        await session.rollback()
        raise
    finally:
        await session.close()


Db = Annotated[AsyncSession, Depends(provide)]
router = APIRouter()


class Notices:
    def __init__(self, session: Db):
        self.session = session

    async def mark(self, key: int) -> None:
        notice = await self.session.get(Notice, key)
        if notice:
            notice.seen = True


@router.post("/notices/import", status_code=202)
async def import_notices(texts: list[str], db: Db) -> int:
    await db.execute(insert(Notice).values([{"text": t} for t in texts]))  # fault: MW504
    return len(texts)


@router.post("/notices/{key}/seen", status_code=202)
async def see(key: int, tasks: BackgroundTasks, notices: Annotated[Notices, Depends()]) -> None:
    tasks.add_task(notices.mark, key)  # fault: MW104


@router.post("/notices/seen", status_code=202)
async def see_all(keys: list[int], notices: Annotated[Notices, Depends()]) -> None:
    await asyncio.gather(*[notices.mark(key) for key in keys])  # fault: MW103


@router.post("/notices/later", status_code=202)
async def later(tasks: BackgroundTasks, db: Db) -> None:
    async def count() -> None:
        await db.commit()

    tasks.add_task(count)  # fault: MW104


async def lifespan(app):
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)
app.include_router(router)
