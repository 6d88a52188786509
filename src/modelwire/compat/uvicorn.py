"""What uvicorn documents nowhere: its protocol for HTTP, in pieces.

Tried with 0.47.0 to 0.54.0. Callbacks of httptools and of asyncio are methods of
`HttpToolsProtocol`, as are `send_400_response`, `shutdown` and `_start_asgi_task`, by which a
request begins; `url`, `headers`, `cycle`, `loop`, `transport` and `server_state` are its
attributes. Of a cycle, which is one request, `keep_alive`, `transport`, `disconnected`,
`response_started` and `response_complete` are read or set.
"""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

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

    def is_told(self, mark: str) -> bool:
        """Whether `tell_all` was called with a mark on any connection of the server."""
        return mark in vars(self.server_state)

    def tell_all(self, mark: str) -> None:
        """Leave a mark for all connections of the server, those that are made later included."""
        vars(self.server_state)[mark] = True

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        super()._start_asgi_task(cycle, self.wrap(cycle, app))
