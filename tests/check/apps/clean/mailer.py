"""Work after the response, files and processes that block no request."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import anyio
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlmodel import Field, SQLModel, col, func, select

engine = create_async_engine("sqlite+aiosqlite:///mails.db")
open_session = async_sessionmaker(engine, expire_on_commit=False)


class Mail(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    to: str
    sent: bool = False


class MailIn(SQLModel):
    to: str


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    await engine.dispose()


async def get_session() -> AsyncIterator[AsyncSession]:
    async with open_session() as session:
        yield session
        await session.commit()


Db = Annotated[AsyncSession, Depends(get_session, scope="function")]
app = FastAPI(lifespan=lifespan)


async def send(mail_id: int) -> None:
    await asyncio.sleep(1)
    async with open_session() as session:
        mail = await session.get(Mail, mail_id)
        if mail is not None:
            mail.sent = True
            await session.commit()


async def count(sent: bool) -> int:
    async with open_session() as session:
        query = select(func.count()).select_from(Mail).where(col(Mail.sent) == sent)
        return await session.scalar(query) or 0


@app.post("/mails", status_code=201)
async def queue_mail(data: MailIn, background: BackgroundTasks, db: Db) -> Mail:
    mail = Mail(to=data.to)
    db.add(mail)
    await db.flush()
    background.add_task(send, mail.id)
    return mail


@app.get("/template")
async def read_template() -> str:
    return await anyio.Path("mail.txt").read_text()


def shrink(path: str) -> int:
    return len(Path(path).read_bytes()) // 2


@app.get("/size")
async def read_size() -> int:
    return await run_in_threadpool(shrink, "mail.txt")


@app.get("/signature")
def read_signature() -> str:
    with open("signature.txt") as file:
        return file.read()


@app.get("/mails/{mail_id}")
async def read_mail(mail_id: int, db: Db) -> Mail:
    mail = await db.get(Mail, mail_id)
    if mail is None:
        raise HTTPException(404)
    return mail
