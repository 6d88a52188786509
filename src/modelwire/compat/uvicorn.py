"""What uvicorn documents nowhere: its protocol for HTTP, in pieces.

Tried with 0.47.0 to 0.54.0. Callbacks of httptools and of asyncio are methods of
`HttpToolsProtocol`, as are `send_400_response`, `shutdown` and `_start_asgi_task`, by which a
request begins; `url`, `headers`, `cycle`, `loop`, `transport` and `server_state` are its
attributes. Of a cycle, which is one request, `keep_alive`, `transport`, `disconnected`,
`response_started` and `response_complete` are read or set.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

T = TypeVar("T")

__all__ = ["CycleProtocol", "RequestResponseCycle"]


class CycleProtocol(HttpToolsProtocol):
    """One connection, whose requests may be given to another application than the server's."""

    def wrap(self, cycle: RequestResponseCycle, app: Any) -> Any:
        """The application that a request is given to.

        Args:
            cycle: The request.
            app: The server's application.
        """
        raise NotImplementedError

    def find_mark(self, name: str, make: Callable[[], T]) -> T:
        """What all connections of the server share under a name; made by the first one."""
        shared: dict[str, Any] = vars(self.server_state)
        if name not in shared:
            shared[name] = make()
        found: T = shared[name]
        return found

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        super()._start_asgi_task(cycle, self.wrap(cycle, app))
