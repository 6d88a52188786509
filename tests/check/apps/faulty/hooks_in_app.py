"""A modelwire application whose own code goes round it."""

import asyncio
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI
from fastapi.security import HTTPBearer
from sqlmodel import Field, SQLModel, select

from modelwire import Database, Resource, SessionDep, mount


class Ticket(SQLModel, table=True):
    __tablename__ = "tickets"
    id: int | None = Field(default=None, primary_key=True)
    subject: str
    asker: str


database = Database()
app = FastAPI(lifespan=database.lifespan)
Token = Annotated[object, Depends(HTTPBearer())]


async def tell(session: SessionDep, key: int) -> None:
    await session.get(Ticket, key)


@app.post("/tickets/{key}/tell", status_code=202)
async def start_telling(key: int, tasks: BackgroundTasks, session: SessionDep, _: Token) -> None:
    tasks.add_task(tell, session, key)  # fault: MW104


@app.get("/askers/{asker}")
async def list_of(asker: str, session: SessionDep) -> list[str]:
    query = select(Ticket.subject).where(Ticket.asker == asker)  # fault: MW303 MW502
    return list((await session.exec(query)).all())


@app.get("/two")
async def read_two(session: SessionDep) -> list[bool]:
    first, second = await asyncio.gather(session.get(Ticket, 1), session.get(Ticket, 2))  # fault: MW103
    return [first is None, second is None]


mount(app, database, Resource(Ticket))  # fault: MW701
