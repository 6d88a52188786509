"""An inventory made by a function, with routes that are added by calls."""

import os
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import sessionmaker
from sqlmodel import Field, SQLModel, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession


class Part(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    number: str = Field(unique=True)
    bin: str
    stock: int = Field(default=0, sa_column_kwargs={"server_default": "1"})  # fault: MW503


class PartIn(SQLModel):
    number: str
    bin: str


engine = create_async_engine("sqlite+aiosqlite:///inventory.db")
maker = sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)


async def get_session():
    async with maker() as session:
        yield session


async def add_part(data: PartIn, session: AsyncSession = Depends(get_session)):  # fault: MW201
    part = Part(**data.model_dump())
    session.add(part)
    await session.commit()  # fault: MW102
    await session.refresh(part)
    return part


async def in_bin(bin: str, session: AsyncSession = Depends(get_session)):
    found = await session.exec(select(Part).where(Part.bin == bin))  # fault: MW502 MW303
    return found.all()


async def empty_bin(bin: str, session: AsyncSession = Depends(get_session)):  # fault: MW202
    await session.exec(delete(Part).where(Part.bin == bin))  # fault: MW502
    await session.commit()


async def read_part(number: str, session: AsyncSession = Depends(get_session)):
    part = (await session.exec(select(Part).where(Part.number == number))).first()  # fault: MW203
    return part


@asynccontextmanager
async def lifespan(app: FastAPI):
    yield
    await engine.dispose()


def create_app() -> FastAPI:
    app = FastAPI(lifespan=lifespan)
    app.add_api_route("/parts", add_part, methods=["POST"])
    app.add_api_route("/bins/{bin}", in_bin)
    app.add_api_route("/bins/{bin}", empty_bin, methods=["DELETE"])
    app.add_api_route("/parts/{number}", read_part)

    @app.get("/motd")
    async def read_motd() -> str:
        os.system("fortune > motd.txt")  # fault: MW401
        return "Have a nice day"

    return app


app = create_app()
