"""A shop on modelwire with endpoints of its own."""

from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import selectinload
from sqlmodel import Field, Relationship, SQLModel, func, select

from modelwire import (
    Caller,
    CallerSessionDep,
    Database,
    Policy,
    Resource,
    SessionDep,
    UnitOfWorkDep,
    everyone,
    mount,
)


class Person(SQLModel, table=True):
    __tablename__ = "people"
    id: int | None = Field(default=None, primary_key=True)
    email: str = Field(unique=True)
    password_hash: str
    baskets: list["Basket"] = Relationship(back_populates="person")


class Basket(SQLModel, table=True):
    __tablename__ = "baskets"
    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="people.id", index=True)
    total: int = 0
    person: Person = Relationship(back_populates="baskets")


class Me(SQLModel):
    id: int


async def read_me(
    token: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())], session: SessionDep
) -> Me:
    found = await session.exec(select(Person).where(Person.email == token.credentials))
    person = found.first()
    if person is None:
        raise HTTPException(401, "Nobody has this token")
    return Me(id=person.id)


me = Caller(read_me)
database = Database()
app = FastAPI(lifespan=database.lifespan)


@app.get("/baskets/sum")
async def add_up(session: CallerSessionDep) -> int:
    return (await session.exec(select(func.coalesce(func.sum(Basket.total), 0)))).one()


@app.post("/people/{person_id}/baskets", status_code=201)
async def open_basket(person_id: int, session: UnitOfWorkDep) -> Basket:
    person = await session.get(Person, person_id)
    if person is None:
        raise HTTPException(404, "There is no such person")
    basket = Basket(person_id=person_id)
    session.add(basket)
    await session.flush()
    return basket


@app.get("/people/{person_id}/totals")
async def list_totals(person_id: int, session: SessionDep) -> list[int]:
    query = select(Person).where(Person.id == person_id).options(selectinload(Person.baskets))
    person = (await session.exec(query)).first()
    if person is None:
        raise HTTPException(404, "There is no such person")
    return [basket.total for basket in person.baskets]


mount(
    app,
    database,
    Resource(Person, policy=Policy(read=Person.id == me.id, create=everyone)),
    Resource(
        Basket,
        policy=Policy(read=Basket.person_id == me.id, write=Basket.person_id == me.id),
        assign_on_create={"person_id": me.id},
    ),
    caller=me,
)
