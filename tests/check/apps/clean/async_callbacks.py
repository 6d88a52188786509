"""Async endpoints that hand over to threads what blocks, and tasks that have sessions of their own."""

import asyncio
import time
from functools import partial

from anyio import to_thread
from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlmodel import Field, SQLModel, select

engine = create_async_engine("sqlite+aiosqlite:///jobs.db")
maker = async_sessionmaker(engine, expire_on_commit=False)


class Job(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(index=True)
    done: bool = False


def compute(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


async def get_session():
    async with maker() as session:
        yield session


async def finish(key: int) -> None:
    async with maker() as session:
        job = await session.get(Job, key)
        if job:
            job.done = True
            await session.commit()


async def read_one(key: int) -> bool:
    async with maker() as session:
        job = await session.get(Job, key)
        return job is not None


async def lifespan(app):
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.post("/jobs/{key}/run", status_code=202)
async def run(key: int, session: AsyncSession = Depends(get_session)):
    job = await session.get(Job, key)
    if job is None:
        raise HTTPException(404, "There is no such job")
    await asyncio.to_thread(compute, 0.1)
    await to_thread.run_sync(partial(compute, 0.1))
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, lambda: time.sleep(0.1))
    return {"running": job.name}


@app.get("/known")
async def list_known() -> list[bool]:
    return await asyncio.gather(read_one(1), read_one(2))


@app.post("/jobs/finish", status_code=202)
async def finish_all(keys: list[int]) -> None:
    async with asyncio.TaskGroup() as group:
        for key in keys:
            group.create_task(finish(key))


@app.get("/jobs/named/{name}")
async def read_named(name: str, session: AsyncSession = Depends(get_session)) -> Job:
    match await session.scalar(select(Job).where(Job.name == name, Job.done == False)):  # noqa: E712
        case None:
            raise HTTPException(404)
        case job:
            return job
