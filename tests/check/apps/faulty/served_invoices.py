"""Resources of modelwire beside an application's own endpoints."""

import subprocess
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import APIKeyHeader
from sqlalchemy import event, update
from sqlmodel import Field, SQLModel, select

from modelwire import Database, Resource, SessionDep, UnitOfWorkDep, mount


class Client(SQLModel, table=True):
    __tablename__ = "clients"
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    password_hash: str
    reference: str


class Bill(SQLModel, table=True):
    __tablename__ = "bills"
    id: int | None = Field(default=None, primary_key=True)
    client_id: int = Field(foreign_key="clients.id")  # fault: MW501
    amount: int
    revision: int = 0


@event.listens_for(Bill, "before_update")
def revise(mapper, connection, bill):
    bill.revision += 1


database = Database()  # fault: MW602
key = APIKeyHeader(name="X-Key")
app = FastAPI()


def check_key(given: Annotated[str, Depends(key)]) -> str:
    if given != "letmein":
        raise HTTPException(401)
    return given


KeyDep = Annotated[str, Depends(check_key)]


@app.post("/bills/discount")
async def discount(_: KeyDep, session: UnitOfWorkDep) -> int:
    done = await session.exec(update(Bill).values(amount=Bill.amount - 1))  # fault: MW504
    return done.rowcount


@app.get("/clients/by-reference/{reference}")
async def read_by_reference(reference: str, _: KeyDep, session: SessionDep) -> Client:  # fault: MW702
    query = select(Client).where(Client.reference == reference)  # fault: MW502
    client = (await session.exec(query)).first()
    if client is None:
        raise HTTPException(404, "There is no such client")
    return client


@app.post("/bills/{bill_id}/print", status_code=202)
async def print_bill(bill_id: int, _: KeyDep) -> None:
    async with database.session() as session:  # fault: MW101
        bill = await session.get(Bill, bill_id)
        if bill is None:
            raise HTTPException(404)
    subprocess.run(["lp", f"{bill.id}.pdf"], check=True)  # fault: MW401


mount(  # fault: MW701
    app,
    database,
    Resource(Client, shown=["password_hash"]),  # fault: MW702
    Resource(Bill),  # fault: MW504
)
