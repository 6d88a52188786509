"""Async endpoints that wait for files and for other services."""

import json
import urllib.request
from pathlib import Path
from typing import Annotated

import requests
from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import Field, SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession

engine = create_async_engine("sqlite+aiosqlite:///rates.db")  # fault: MW602


class Rate(SQLModel, table=True):
    currency: str = Field(primary_key=True)
    value: float


async def session_of_request():
    async with AsyncSession(engine, expire_on_commit=False) as session:
        yield session


Db = Annotated[AsyncSession, Depends(session_of_request)]
app = FastAPI()


@app.get("/rates/{currency}")
async def read_rate(currency: str, db: Db) -> Rate:
    rate = await db.get(Rate, currency)
    if rate is None:
        raise HTTPException(404, "Unknown currency")
    return rate


@app.put("/rates/{currency}")
async def refresh_rate(currency: str, db: Db) -> Rate:
    answer = requests.get(f"https://rates.example.com/{currency}", timeout=5)  # fault: MW401
    rate = await db.merge(Rate(currency=currency, value=answer.json()["value"]))
    await db.commit()
    return rate


def load_backup() -> dict[str, float]:
    with open("rates.json") as file:  # fault: MW401
        return json.load(file)


@app.get("/backup")
async def read_backup() -> dict[str, float]:
    return load_backup()


@app.get("/notes")
async def read_notes() -> str:
    return Path("notes.txt").read_text()  # fault: MW401


@app.get("/banner")
async def read_banner() -> bytes:
    with urllib.request.urlopen("https://example.com/banner") as answer:  # fault: MW401
        return answer.read()


@app.get("/rates")
async def list_rates(db: Db, limit: int = 50) -> list[Rate]:  # fault: MW304
    found = await db.exec(select(Rate).order_by(Rate.currency).limit(limit))
    return list(found.all())
