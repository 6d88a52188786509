"""Resources behind a dependency, and an endpoint that asks for the same."""

from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import APIKeyHeader
from sqlmodel import Field, SQLModel, func, select

from modelwire import Database, Resource, SessionDep, mount


class Device(SQLModel, table=True):
    __tablename__ = "devices"
    id: int | None = Field(default=None, primary_key=True)
    serial: str = Field(unique=True)
    token: str


def check_key(key: Annotated[str, Depends(APIKeyHeader(name="X-Key"))]) -> str:
    if key != "letmein":
        raise HTTPException(401)
    return key


database = Database()
app = FastAPI(lifespan=database.lifespan)


@app.get("/count", dependencies=[Depends(check_key)])
async def count(session: SessionDep) -> int:
    return (await session.exec(select(func.count()).select_from(Device))).one()


mount(app, database, Resource(Device), dependencies=[Depends(check_key)])
