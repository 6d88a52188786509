"""Undocumented parts of Starlette: the place of middleware, and the `receive` of a request.

Tried with 0.49.1 to 1.10.0: `middleware_stack` and `user_middleware` of an application,
`middleware_stack` and `lifespan_context` of a router, `_receive` of a request, `compile_path`, and
the key of a scope under which routes find the exception handlers of the application.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import Router, compile_path
from starlette.types import ASGIApp, Receive

EXCEPTION_HANDLERS = "starlette.exception_handlers"
"""Key in a scope of the exception handlers, without which a route raises what it meets."""


def has_started(app: Starlette) -> bool:
    """Whether an application has built its middleware stack, after which none can be added."""
    return app.middleware_stack is not None


def middleware_of(app: Starlette) -> list[Middleware]:
    """Return the middleware added to an application, outermost first; it may be changed."""
    return app.user_middleware


def check_at_start(app: Starlette, check: Callable[[], None]) -> None:
    """Call a function before the lifespan of an application, which its errors keep from starting.

    Args:
        app: The application.
        check: The function.
    """
    following = app.router.lifespan_context

    @asynccontextmanager
    async def checked(started: Any) -> AsyncIterator[Any]:
        check()
        async with following(started) as state:
            yield state

    app.router.lifespan_context = checked


def put_before(router: Router, app: Any) -> ASGIApp:
    """Put an application in front of a router, as its outermost middleware.

    Returns:
        The application that was there before, to be called next.
    """
    following, router.middleware_stack = router.middleware_stack, app
    return following


def replace_receive(request: Request, receive: Receive) -> None:
    """Have a request read its body from elsewhere."""
    request._receive = receive


def pattern_of(path: str) -> re.Pattern[str]:
    """Return the pattern that a path with parameters matches."""
    return compile_path(path)[0]
