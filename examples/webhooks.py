"""Orders whose changes are sent as signed webhooks. Needs standardwebhooks and httpx2 as well."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

import httpx2
from fastapi import FastAPI
from pydantic_core import to_json
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel, col, select
from standardwebhooks import Webhook

from modelwire import Changes, Database, LoggedChange, Resource, mount

ATTEMPTS = 6
PAUSE_S = 1.0  # before the second attempt, doubled before each further one

logger = logging.getLogger("webhooks")


class Table(SQLModel, registry=registry()):
    pass


class Order(Table, table=True):
    __tablename__ = "orders"

    id: int | None = Field(default=None, primary_key=True)
    article: str = Field(min_length=1, max_length=200)
    status: str = "open"


class Receiver(Table, table=True):
    __tablename__ = "receivers"

    id: int | None = Field(default=None, primary_key=True)
    url: str = Field(max_length=2000)
    secret: str = Field(max_length=200)
    is_active: bool = True


async def send_webhooks(database: Database, client: httpx2.AsyncClient) -> None:
    """Send each change of an order to all receivers, one change after another."""
    async for change in database.changes("webhooks", Order):
        async with database.session() as session:
            receivers = (await session.exec(select(Receiver).where(col(Receiver.is_active)))).all()
        await asyncio.gather(*(deliver(client, receiver, change) for receiver in receivers))


async def deliver(client: httpx2.AsyncClient, receiver: Receiver, change: LoggedChange) -> None:
    """Send a change to a receiver, with retries for a while.

    A change that is sent twice has the same id, by which the receiver recognises it.
    """
    message = f"order-{change.number}"
    body = to_json(
        {"type": f"order.{change.operation}", "timestamp": change.at, "data": change.row}
    )
    for attempt in range(ATTEMPTS):
        if attempt:
            await asyncio.sleep(PAUSE_S * 2 ** (attempt - 1))
        now = datetime.now(UTC)
        headers = {
            "Content-Type": "application/json",
            "Webhook-Id": message,
            "Webhook-Timestamp": str(int(now.timestamp())),
            "Webhook-Signature": Webhook(receiver.secret).sign(message, now, body.decode()),
        }
        with suppress(httpx2.HTTPError):
            answer = await client.post(receiver.url, content=body, headers=headers)
            if answer.is_success:
                return
    logger.error("Receiver %s was not told of %s", receiver.id, message)


def create_app(database: Database) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with database.lifespan(app), httpx2.AsyncClient(timeout=10) as client:
            sending = asyncio.create_task(send_webhooks(database, client))
            yield
            sending.cancel()
            await asyncio.wait([sending])

    app = FastAPI(title="Orders", lifespan=lifespan)
    mount(app, database, Resource(Order, changes=Changes(history=False, live=False)))
    return app


app = create_app(Database(os.environ.get("ORDERS_DATABASE_URL"), metadata=Table.metadata))
