"""SQLModel beside a declarative base, one for old tables and one for new."""

from datetime import datetime

from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy import Column, ForeignKey, Integer, String, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import declarative_base, relationship
from sqlmodel import Field, SQLModel, select

Legacy = declarative_base()


class Region(Legacy):
    __tablename__ = "regions"
    id = Column(Integer, primary_key=True)
    code = Column(String(2), unique=True)
    stations = relationship("Station", back_populates="region")


class Station(Legacy):
    __tablename__ = "stations"
    id = Column(Integer, primary_key=True)
    name = Column(String, default="unnamed", server_default=text("'nameless'"))  # fault: MW503
    region_id = Column(Integer, ForeignKey("regions.id"))  # fault: MW501
    region = relationship("Region", back_populates="stations")


class Reading(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    station: str
    value: float
    taken_at: datetime = Field(default=datetime.now())  # fault: MW505


engine = create_async_engine("sqlite+aiosqlite:///weather.db")
Session = async_sessionmaker(engine)


async def db():
    async with Session() as session:
        yield session


async def lifespan(app):
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.post("/readings", status_code=201)
async def note(reading: Reading, session: AsyncSession = Depends(db)):  # fault: MW206
    session.add(reading)
    await session.commit()
    return reading  # fault: MW106


@app.get("/stations/{station_id}/region")
async def read_region(station_id: int, session: AsyncSession = Depends(db)):
    station = (await session.execute(select(Station).where(Station.id == station_id))).scalar_one_or_none()
    if not station:
        raise HTTPException(404)
    return {"region": station.region.code}  # fault: MW302


@app.get("/readings")
async def list_readings(station: str, page: int = 1, session: AsyncSession = Depends(db)):
    query = select(Reading).filter(Reading.station == station)  # fault: MW305 MW502
    query = query.offset((page - 1) * 20).limit(20)
    return (await session.scalars(query)).all()
