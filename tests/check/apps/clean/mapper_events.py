"""Events of mappers, and statements that leave them alone."""

from datetime import datetime

from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy import event, func, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Document(Base):
    __tablename__ = "documents"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    revision: Mapped[int] = mapped_column(default=1, server_default="1")
    seen: Mapped[bool] = mapped_column(default=False, server_default="false")
    made: Mapped[datetime] = mapped_column(default=datetime.now, server_default=func.now())


class Counter(Base):
    __tablename__ = "counters"
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int] = mapped_column(default=0)


@event.listens_for(Document, "before_update")
def count(mapper, connection, target):
    target.revision += 1


engine = create_async_engine("sqlite+aiosqlite:///documents.db")
maker = async_sessionmaker(engine, expire_on_commit=False)


async def get_session():
    async with maker() as session:
        yield session


async def lifespan(app):
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.patch("/documents/{key}")
async def retitle(key: int, title: str, session: AsyncSession = Depends(get_session)):
    document = await session.get(Document, key)
    if document is None:
        raise HTTPException(404, "There is no such document")
    document.title = title
    await session.execute(
        update(Counter).where(Counter.name == "changes").values(value=Counter.value + 1)
    )
    await session.commit()
    return {"title": document.title, "revision": document.revision}
