"""Serves a few requests with OpenTelemetry's SDK, and prints the spans: a process of its own,
because a process has one provider of traces."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator

from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlmodel.ext.asyncio.session import AsyncSession

from modelwire import Database, get_session, mount
from tests.conftest import LEAGUE, open_client

SECRET = "zq-hidden-value"
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def main(url: str, lane: str) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    database = Database(url)
    await database.init_db()
    app = FastAPI()
    mount(app, database, *LEAGUE)

    async def override() -> AsyncIterator[AsyncSession]:
        async with database.session() as session:
            yield session

    if lane == "session":
        app.dependency_overrides[get_session] = override
    async with open_client(app) as client:
        user = {"username": SECRET, "email": SECRET}
        for _ in range(2):
            await client.post("/users/", json=user, headers={"traceparent": PARENT})
        await client.get(f"/users/?email={SECRET}&{SECRET}=1")
        await client.get(f"/teams/{SECRET}", headers={"x-request-id": "mine"})
        await client.get(f"/{SECRET}")
    await database.close_db()
    spans = [json.loads(span.to_json()) for span in exporter.get_finished_spans()]
    sys.stdout.write(json.dumps(spans))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
