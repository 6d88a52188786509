"""Sums and groups, which are short however long the table is."""

from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Sale(Base):
    __tablename__ = "sales"
    id: Mapped[int] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(index=True)
    amount: Mapped[int]


engine = create_async_engine("sqlite+aiosqlite:///sales.db")
Local = async_sessionmaker(engine, expire_on_commit=False)


async def get_db():
    async with Local() as db:
        try:
            yield db
        except Exception:
            await db.rollback()
            raise


Db = Annotated[AsyncSession, Depends(get_db)]


async def lifespan(_: FastAPI):
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.get("/sum")
async def add_up(db: Db) -> int:
    return await db.scalar(select(func.coalesce(func.sum(Sale.amount), 0))) or 0


@app.get("/regions")
async def list_regions(db: Db) -> dict[str, int]:
    rows = await db.execute(select(Sale.region, func.sum(Sale.amount)).group_by(Sale.region))
    return {region: amount for region, amount in rows.all()}


@app.get("/top")
async def list_top(db: Db) -> list[int]:
    return list(await db.scalars(select(Sale.amount).order_by(Sale.amount.desc()).limit(10)))


@app.get("/regions/{region}/largest")
async def read_largest(region: str, db: Db) -> int:
    query = select(Sale).where(Sale.region == region).order_by(Sale.amount.desc()).limit(1)
    if (sale := await db.scalar(query)) is None:
        raise HTTPException(404, "Nothing is sold there")
    return sale.amount


@app.post("/sales/search")
async def search(ids: list[int], db: Db) -> list[int]:
    return list(await db.scalars(select(Sale.amount).where(Sale.id.in_(ids))))
