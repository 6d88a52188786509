"""Answers the errors that nothing else has answered, inside of an application's middleware."""

from __future__ import annotations

from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .problems import ANSWERED, Problems


class UnexpectedErrors:
    """Answers unexpected errors where the answer still passes all other middleware.

    Starlette answers them outside of that, and so without the headers that it adds, those of CORS
    among them. As there, the error goes on once it is answered: servers log it, and test clients
    raise it. Starlette keeps what it does otherwise: the application's own handler for such errors,
    and the traceback that it shows in debug mode.

    Args:
        app: What calls endpoints and their error handlers.
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
