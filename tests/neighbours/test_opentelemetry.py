"""OpenTelemetry's instrumentor of FastAPI names spans by the templates of their routes."""

import pytest
from fastapi import FastAPI
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from tests.conftest import open_client

from .conftest import Share

instrumentation = pytest.importorskip("opentelemetry.instrumentation.fastapi")


async def test_spans(share: Share) -> None:
    """Requests for resources have spans like own ones, and statements spans below them."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))

    def add(app: FastAPI) -> None:
        app.add_api_route("/own/{name}", lambda name: name)
        instrumentation.FastAPIInstrumentor.instrument_app(app, tracer_provider=provider)

    app = share(add)
    async with open_client(app) as client:
        for path in ("/users/", "/users", "/users/7", "/users/stream/", "/teams/7/players/"):
            await client.get(path)
        await client.get("/own/ann")
    instrumentation.FastAPIInstrumentor.uninstrument_app(app)
    spans = [s for s in exporter.get_finished_spans() if s.kind is SpanKind.SERVER]
    assert [(span.name, (span.attributes or {}).get("http.route")) for span in spans] == [
        ("GET /users/", "/users/"),
        ("GET /users/", "/users/"),
        ("GET /users/{id}", "/users/{id}"),
        ("GET /users/stream/", "/users/stream/"),
        ("GET /teams/{id}/players/", "/teams/{id}/players/"),
        ("GET /own/{name}", "/own/{name}"),
    ]
