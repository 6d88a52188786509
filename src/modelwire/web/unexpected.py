"""Middleware that answers unexpected errors inside of all other middleware."""

from __future__ import annotations

from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .problems import ANSWERED, Problems


class UnexpectedErrors:
    """Middleware that answers unexpected errors, so that the response passes all other middleware.

    Starlette answers them outside of its middleware, and so without the headers that this adds,
    those of CORS among them. As in Starlette, the error is raised again once it is answered:
    servers log it, and test clients raise it. The application's own handler for such errors, and
    the traceback of debug mode, are left to Starlette.

    Args:
        app: The error handlers and endpoints.
        problems: Answers errors.
    """

    def __init__(self, app: ASGIApp, problems: Problems) -> None:
        self.app = app
        self._problems = problems

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        has_begun = False

        def send_noting(message: Message) -> Awaitable[None]:
            nonlocal has_begun
            has_begun = True
            return send(message)

        try:
            await self.app(scope, receive, send_noting)
        except Exception as error:
            others = scope["app"].debug or self._problems.is_handled_otherwise(scope, error)
            if not has_begun and not others:
                response = self._problems.answer_unexpected(scope, error)
                scope[ANSWERED] = True
                await response(scope, receive, send)
            raise
