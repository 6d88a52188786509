"""The raw request. Syntax only, pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from ..access.principal import ANYONE, Principal


class Request(Struct, frozen=True):
    """Request to a resource, undecoded.

    Args:
        method: The HTTP method.
        query_string: The text after the `?`, undecoded.
        headers: The headers as `read_headers` returns them.
        keys: The keys in the path, their components still percent-encoded.
        base: The path of the resource as the client sees it, percent-encoded, for `Location`.
        segments: The segments of the request's path, still percent-encoded.
        body: The body; empty if it has none.
        caller: The caller; `ANYONE` if the application has no callers.
    """

    method: str
    query_string: bytes
    headers: Mapping[bytes, bytes] = {}
    keys: Sequence[str] = ()
    base: str = ""
    segments: Sequence[str] = ()
    body: bytes = b""
    caller: Principal = ANYONE

    @property
    def key(self) -> str:
        """The first key in the path."""
        return self.keys[0]

    def header(self, name: bytes) -> str | None:
        """Return the value of a header, or None."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")
