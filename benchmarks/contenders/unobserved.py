"""modelwire with nothing around its application but what gives each answer its id."""

import random
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from modelwire.web.observing import ObservabilityMiddleware

from .modelwire import app


class Identifying:
    """Middleware that gives each response an id, at the least cost."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((b"x-request-id", b"%032x" % random.getrandbits(128)))
            await send(message)

        await self.app(scope, receive, send_with_id)


left_out: Any = ObservabilityMiddleware
app.user_middleware = [added for added in app.user_middleware if added.cls is not left_out]
app.add_middleware(Identifying)

__all__ = ["app"]
