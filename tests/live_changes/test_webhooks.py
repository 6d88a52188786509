"""The example that sends webhooks: what is received is signed, in order, and tried again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, Request, Response
from standardwebhooks import Webhook

from examples import webhooks as example
from modelwire import Database
from tests.conftest import PATIENT, open_client
from tests.live.conftest import serve_app

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MINUTE_S = 60.0


class Inbox:
    """A receiver, which fails some times before it takes what it is sent."""

    def __init__(self, failures: int) -> None:
        self.taken: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.app = FastAPI()
        self._failures = failures
        self.app.add_api_route("/hook", self.take, methods=["POST"])

    async def take(self, request: Request) -> Response:
        body = await request.body()
        verified = Webhook(SECRET).verify(body, dict(request.headers))
        self.ids.append(request.headers["webhook-id"])
        self._failures -= 1
        if self._failures >= 0:
            return Response(status_code=500)
        self.taken.append(verified)
        return Response(status_code=204)


@asynccontextmanager
async def sending(path: Path, url: str) -> AsyncIterator[httpx2.AsyncClient]:
    database = Database(f"sqlite:///{path}/orders.db", metadata=example.Table.metadata, **PATIENT)
    app = example.create_app(database)
    async with app.router.lifespan_context(app):
        async with database.session() as session:
            session.add(example.Receiver(url=url, secret=SECRET))
            await session.commit()
        async with open_client(app) as client:
            yield client


async def test_webhooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(example, "PAUSE_S", 0.01)
    inbox = Inbox(failures=2)
    async with (
        serve_app(inbox.app) as port,
        sending(tmp_path, f"http://127.0.0.1:{port}/hook") as client,
    ):
        await client.post("/orders/", json={"article": "Tea"})
        await client.patch("/orders/1", json={"status": "paid"})
        async with asyncio.timeout(MINUTE_S):
            while len(inbox.taken) < 2:
                await asyncio.sleep(0.01)
    assert [(sent["type"], sent["data"]["status"]) for sent in inbox.taken] == [
        ("order.create", "open"),
        ("order.update", "paid"),
    ]
    assert len(inbox.ids) == 4
    assert len(set(inbox.ids)) == 2
