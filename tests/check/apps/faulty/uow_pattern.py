"""A unit of work and abstract repositories, as books on architecture have them."""

import abc
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel
from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Batch(Base):
    __tablename__ = "batches"
    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True)
    sku: Mapped[str]
    lines: Mapped[list["Allocation"]] = relationship(back_populates="batch")


class Allocation(Base):
    __tablename__ = "allocations"
    id: Mapped[int] = mapped_column(primary_key=True)
    order: Mapped[str]
    batch_id: Mapped[int] = mapped_column(ForeignKey("batches.id"), index=True)
    batch: Mapped[Batch] = relationship(back_populates="lines")


engine = create_async_engine("sqlite+aiosqlite:///allocation.db")  # fault: MW602
DEFAULT_SESSION_FACTORY = async_sessionmaker(bind=engine, expire_on_commit=False)


class AbstractRepository(abc.ABC):
    @abc.abstractmethod
    async def get(self, reference: str) -> Batch | None: ...


class SqlAlchemyRepository(AbstractRepository):
    def __init__(self, session: AsyncSession):
        self.session = session

    async def get(self, reference: str) -> Batch | None:
        found = await self.session.execute(select(Batch).where(Batch.reference == reference))
        return found.scalars().first()

    async def by_sku(self, sku: str):
        found = await self.session.execute(
            select(Batch)  # fault: MW303
            .where(Batch.sku == sku)  # fault: MW502
        )
        return found.scalars().all()

    def add(self, batch: Batch) -> None:
        self.session.add(batch)


class UnitOfWork:
    def __init__(self, session: AsyncSession):
        self.session = session
        self.batches = SqlAlchemyRepository(session)

    async def commit(self) -> None:
        await self.session.commit()  # fault: MW102


async def get_uow():
    async with DEFAULT_SESSION_FACTORY() as session:
        yield UnitOfWork(session)


UowDep = Annotated[UnitOfWork, Depends(get_uow)]


class BatchIn(BaseModel):
    reference: str
    sku: str


app = FastAPI()


@app.post("/batches", status_code=201)
async def add_batch(data: BatchIn, uow: UowDep) -> dict[str, str]:
    uow.batches.add(Batch(reference=data.reference, sku=data.sku))
    await uow.commit()
    return {"reference": data.reference}


@app.get("/batches/{reference}/orders")
async def list_orders(reference: str, uow: UowDep) -> list[str]:
    batch = await uow.batches.get(reference)
    if batch is None:
        raise HTTPException(404)
    return [line.order for line in batch.lines]  # fault: MW302


@app.get("/skus/{sku}")
async def list_batches(sku: str, uow: UowDep) -> list[str]:
    return [batch.reference for batch in await uow.batches.by_sku(sku)]


@app.get("/batches/{reference}/sku")
async def read_sku(reference: str, uow: UowDep) -> str:
    batch = await uow.batches.get(reference)  # fault: MW203
    return batch.sku
