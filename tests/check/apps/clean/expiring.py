"""Sessions that expire rows at the commit, and rows that are refreshed after it."""

from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import Field, Relationship, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession


class Owner(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str
    dogs: list["Dog"] = Relationship(back_populates="owner")


class Dog(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str
    owner_id: int = Field(foreign_key="owner.id", index=True)
    owner: Owner = Relationship(back_populates="dogs")


class DogIn(SQLModel):
    name: str
    owner_id: int


class DogOut(SQLModel):
    id: int
    name: str


class OwnerOut(SQLModel):
    id: int
    dogs: list[DogOut]


engine = create_async_engine("sqlite+aiosqlite:///dogs.db")


async def get_session():
    async with AsyncSession(engine) as session:
        yield session


SessionDep = Annotated[AsyncSession, Depends(get_session)]


async def lifespan(app):
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


async def store(session: AsyncSession, row: SQLModel) -> None:
    session.add(row)
    try:
        await session.commit()
    except SQLAlchemyError as error:
        raise HTTPException(409, "It conflicts") from error
    await session.refresh(row)


@app.post("/dogs", response_model=DogOut, status_code=201)
async def create(data: DogIn, session: SessionDep):
    dog = Dog.model_validate(data)
    await store(session, dog)
    return dog


@app.get("/owners/{owner_id}", response_model=OwnerOut)
async def read(owner_id: int, session: SessionDep):
    owner = await session.get(Owner, owner_id)
    if owner is None:
        raise HTTPException(404)
    await session.refresh(owner, attribute_names=["dogs"])
    return owner


@app.get("/owners/{owner_id}/dogs")
async def list_dogs(owner_id: int, session: SessionDep) -> list[str]:
    owner = await session.get(Owner, owner_id)
    if owner is None:
        raise HTTPException(404)
    return [dog.name for dog in await owner.awaitable_attrs.dogs]
