"""Bookings with asyncio tasks and nested helpers."""

import asyncio
from datetime import date

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlmodel import Field, SQLModel, UniqueConstraint, select


class Booking(SQLModel, table=True):
    __table_args__ = (UniqueConstraint("room", "day"),)
    id: int | None = Field(default=None, primary_key=True)
    room: int
    day: date
    guest: str


engine = create_async_engine("sqlite+aiosqlite:///bookings.db")
new_session = async_sessionmaker(engine)


async def get_session():
    async with new_session() as session, session.begin():  # fault: MW105
        yield session


async def is_free(session: AsyncSession, room: int, day: date) -> bool:
    query = select(Booking).where(Booking.room == room, Booking.day == day)
    return (await session.scalars(query)).first() is None


async def audit(session: AsyncSession, text: str) -> None:
    print(text)
    await session.rollback()


app = FastAPI()


@app.post("/bookings", status_code=201)
async def book(room: int, day: date, guest: str, session: AsyncSession = Depends(get_session)):
    if not await is_free(session, room, day):
        raise HTTPException(409, "Taken")
    booking = Booking(room=room, day=day, guest=guest)
    session.add(booking)
    await session.flush()  # fault: MW102
    return {"id": booking.id}


@app.get("/free")
async def list_free(day: date, session: AsyncSession = Depends(get_session)) -> list[bool]:
    return await asyncio.gather(*(is_free(session, room, day) for room in range(5)))  # fault: MW103


@app.post("/bookings/{key}/audit", status_code=202)
async def start_audit(key: int, background_tasks: BackgroundTasks, session=Depends(get_session)):
    background_tasks.add_task(audit, session=session, text=str(key))  # fault: MW104
    return {"started": key}


@app.get("/bookings/{key}")
async def read_booking(key: int, session: AsyncSession = Depends(get_session)):
    booking = await session.get(Booking, key)
    if not booking:
        return {"detail": "Booking not found"}  # fault: MW204
    return booking


@app.on_event("shutdown")  # fault: MW603
async def close() -> None:
    await engine.dispose()
