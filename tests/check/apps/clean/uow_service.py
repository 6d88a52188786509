"""A unit of work and services, as books have them, with what they forget."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Product(Base):
    __tablename__ = "products"
    id: Mapped[int] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(unique=True)
    stock: Mapped[int] = mapped_column(default=0)


engine = create_async_engine("sqlite+aiosqlite:///products.db")
factory = async_sessionmaker(bind=engine, expire_on_commit=False)


class Conflict(Exception):
    pass


class NotThere(Exception):
    pass


class ProductRepository:
    def __init__(self, session: AsyncSession):
        self.session = session

    async def by_sku(self, sku: str) -> Product:
        product = await self.session.scalar(select(Product).where(Product.sku == sku))
        if product is None:
            raise NotThere(sku)
        return product

    def add(self, product: Product) -> None:
        self.session.add(product)


class UnitOfWork:
    def __init__(self) -> None:
        self.factory = factory

    async def __aenter__(self) -> "UnitOfWork":
        self.session = self.factory()
        self.products = ProductRepository(self.session)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.session.close()

    async def commit(self) -> None:
        try:
            await self.session.commit()
        except IntegrityError as error:
            raise Conflict from error


async def get_uow() -> AsyncIterator[UnitOfWork]:
    async with UnitOfWork() as uow:
        yield uow


class ProductIn(BaseModel):
    sku: str


Uow = Annotated[UnitOfWork, Depends(get_uow)]


async def lifespan(app):
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.post("/products", status_code=201)
async def add(data: ProductIn, uow: Uow) -> dict[str, str]:
    uow.products.add(Product(sku=data.sku))
    try:
        await uow.commit()
    except Conflict:
        raise HTTPException(409, "There is such a product") from None
    return {"sku": data.sku}


@app.get("/products/{sku}/stock")
async def read_stock(sku: str, uow: Uow) -> int:
    try:
        return (await uow.products.by_sku(sku)).stock
    except NotThere:
        raise HTTPException(404, "There is no such product") from None
