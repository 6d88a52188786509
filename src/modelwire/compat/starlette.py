"""What Starlette documents nowhere: where middleware stands, and what a request receives from.

Tried with 0.49.1 to 1.10.0: `middleware_stack` and `user_middleware` of an application,
`middleware_stack` of a router, `_receive` of a request, `compile_path`, and the key of a scope
under which an application's handlers of errors are found by its routes.
"""

from __future__ import annotations

import re
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import Router, compile_path
from starlette.types import ASGIApp, Receive

EXCEPTION_HANDLERS = "starlette.exception_handlers"
"""Where a scope has what handles errors; a route without them raises what it meets."""


def has_started(app: Starlette) -> bool:
    """Whether an application has put its middleware together, after which none can be added."""
    return app.middleware_stack is not None


def middleware_of(app: Starlette) -> list[Middleware]:
    """The middleware that was added to an application, the outermost first; it may be changed."""
    return app.user_middleware


def put_before(router: Router, app: Any) -> ASGIApp:
    """Put an application before a router, as the router's own middleware stands.

    Returns:
        What stood there before, and comes next.
    """
    following, router.middleware_stack = router.middleware_stack, app
    return following


def replace_receive(request: Request, receive: Receive) -> None:
    """Have a request read its body from elsewhere."""
    request._receive = receive


def pattern_of(path: str) -> re.Pattern[str]:
    """What a path with parameters matches."""
    return compile_path(path)[0]
