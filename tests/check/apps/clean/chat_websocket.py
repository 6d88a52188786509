"""A chat: websockets and streams have sessions of their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Query, WebSocket
from fastapi.responses import StreamingResponse
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlmodel import Field, SQLModel, select

engine = create_async_engine("sqlite+aiosqlite:///chat.db")
open_session = async_sessionmaker(engine, expire_on_commit=False)


class Message(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    room: str = Field(index=True)
    text: str


async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    await engine.dispose()


async def get_session():
    async with open_session() as session:
        yield session


app = FastAPI(lifespan=asynccontextmanager(lifespan))


@app.websocket("/rooms/{room}")
async def talk(socket: WebSocket, room: str) -> None:
    await socket.accept()
    async for text in socket.iter_text():
        async with open_session() as session:
            session.add(Message(room=room, text=text))
            await session.commit()


@app.get("/rooms/{room}")
async def read_room(
    room: str,
    session: Annotated[AsyncSession, Depends(get_session)],
    limit: Annotated[int, Query(gt=0, le=200)] = 50,
) -> list[Message]:
    query = select(Message).where(Message.room == room).order_by(Message.id.desc()).limit(limit)
    return list(await session.scalars(query))


async def write_out(room: str) -> AsyncIterator[str]:
    async with open_session() as session:
        async for message in await session.stream_scalars(
            select(Message).where(Message.room == room).execution_options(yield_per=100)
        ):
            yield f"{message.text}\n"


@app.get("/rooms/{room}/export")
async def export(room: str) -> StreamingResponse:
    return StreamingResponse(write_out(room), media_type="text/plain")
