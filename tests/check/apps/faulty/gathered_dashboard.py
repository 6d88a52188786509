"""A dashboard that asks many things at once."""

import asyncio

from fastapi import APIRouter, Depends, FastAPI
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Visit(Base):
    __tablename__ = "visits"
    id: Mapped[int] = mapped_column(primary_key=True)
    page: Mapped[str] = mapped_column(index=True)
    country: Mapped[str]


engine = create_async_engine("sqlite+aiosqlite:///visits.db")
Maker = async_sessionmaker(engine, expire_on_commit=False)


async def get_session():
    async with Maker.begin() as session:  # fault: MW105
        yield session


async def count_pages(session: AsyncSession) -> int:
    return await session.scalar(select(func.count(func.distinct(Visit.page)))) or 0


async def count_visits(session: AsyncSession, country: str) -> int:
    query = select(func.count()).select_from(Visit).where(Visit.country == country)  # fault: MW502
    return await session.scalar(query) or 0


router = APIRouter()


@router.get("/dashboard")
async def read_dashboard(session: AsyncSession = Depends(get_session)) -> dict[str, int]:
    pages, visits = await asyncio.gather(count_pages(session), count_visits(session, "no"))  # fault: MW103
    return {"pages": pages, "visits": visits}


@router.get("/grouped")
async def read_grouped(session: AsyncSession = Depends(get_session)) -> dict[str, int]:
    async with asyncio.TaskGroup() as group:
        first = group.create_task(count_visits(session, "no"))
        second = group.create_task(count_visits(session, "se"))  # fault: MW103
    return {"no": first.result(), "se": second.result()}


async def lifespan(app: FastAPI):
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)
app.include_router(router)
