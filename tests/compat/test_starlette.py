"""Undocumented parts of Starlette that modelwire uses."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from modelwire.compat import starlette as compat

from .canary import ask, unwritten_in


def test_applications_and_responses_have_their_parts() -> None:
    assert unwritten_in(Starlette, ("middleware_stack", "user_middleware")) == []
    assert unwritten_in(Router, ("middleware_stack", "lifespan_context")) == []
    assert unwritten_in(Request, ("_receive",)) == []
    written = ("status_code", "raw_headers", "body", "background")
    assert unwritten_in(Response, written) == [], "what a response needs that skips __init__"


async def test_a_route_without_handlers_of_errors_raises_what_it_meets() -> None:
    def fail(_request: Request) -> Response:
        raise LookupError

    handled: list[Scope] = []

    class Seen(Route):
        async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
            handled.append(scope)
            await super().handle(scope, receive, send)

    app = Starlette(
        routes=[Seen("/", fail)],
        exception_handlers={LookupError: lambda _request, _error: PlainTextResponse("handled")},
    )
    assert await ask(app, "/") == (200, b"handled")
    (scope,) = handled
    assert compat.EXCEPTION_HANDLERS in scope
    del scope[compat.EXCEPTION_HANDLERS]
    with pytest.raises(LookupError):
        await app.router.routes[0].app(scope, read, read)  # type: ignore[attr-defined]


async def read(_request: Request) -> Response:
    return PlainTextResponse("read")


async def test_what_is_put_before_a_router_answers_within_all_middleware() -> None:
    order: list[str] = []

    class Noting:
        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            order.append("middleware")
            await self.app(scope, receive, send)

    async def before(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            order.append("before the router")
        await following(scope, receive, send)

    app = Starlette(routes=[Route("/", read)])
    following = compat.put_before(app.router, before)
    compat.middleware_of(app).append(Middleware(Noting))
    assert not compat.has_started(app), "Starlette.middleware_stack"
    assert await ask(app, "/") == (200, b"read")
    assert compat.has_started(app), "Starlette.middleware_stack"
    assert order == ["middleware", "before the router"], "Router.middleware_stack"


async def test_request_reads_its_body_from_what_was_put_in_place() -> None:
    async def nothing() -> Message:
        raise AssertionError

    async def other() -> Message:
        return {"type": "http.request", "body": b"other", "more_body": False}

    request = Request({"type": "http", "headers": []}, nothing)
    compat.replace_receive(request, other)
    assert await request.body() == b"other", "Request._receive"


def test_patterns_begin_and_end_with_what_is_cut_off() -> None:
    pattern = compat.pattern_of("/users/{id}").pattern
    assert pattern.startswith("^"), "compile_path"
    assert pattern.endswith("$"), "compile_path"
