"""modelwire with nothing around its application but what gives each answer its id."""

import random

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .modelwire import app

build_observed = app.build_middleware_stack


class Identifying:
    """Gives each answer an id, with the least that this takes."""

    def __init__(self, inner: ASGIApp) -> None:
        self.app = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((b"x-request-id", b"%032x" % random.getrandbits(128)))
            await send(message)

        await self.app(scope, receive, send_with_id)


def build_identifying() -> ASGIApp:
    """What the application does with a request, without what observes it."""
    return Identifying(build_observed().app)


app.build_middleware_stack = build_identifying

__all__ = ["app"]
