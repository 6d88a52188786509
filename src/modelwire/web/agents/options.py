"""Options for serving an application to agents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from ...errors import ConfigurationError
from ...resource import is_count, is_fixed_path
from ...suggestions import naming_arguments

MAX_ANSWER_BYTES = 24_576
"""Default of the maximum size of a tool's answer, in bytes of JSON."""

_LEAST_BYTES = 4_096


@naming_arguments
@dataclass(frozen=True, slots=True)
class Mcp:
    """Options for serving the resources of a `mount` to agents, by the Model Context Protocol.

    Args:
        path: The path, below the prefix of `mount`.
        authorization_servers: The URLs of the servers that issue tokens for the application, for
            the metadata of the protected resource (RFC 9728).
        url: The URL of `path` as clients see it, for that metadata; the URL of the request by
            default.
        max_answer_bytes: The maximum size of a tool's answer, in bytes of JSON; what is left out
            can be requested.

    Raises:
        ConfigurationError: An argument can't be used.
    """

    path: str = "/mcp"
    authorization_servers: Sequence[str] = ()
    url: str | None = None
    max_answer_bytes: int = MAX_ANSWER_BYTES

    def __post_init__(self) -> None:
        if not is_fixed_path(self.path) or not self.path.strip("/") or self.path[0] != "/":
            _refuse("path", self.path, "a path that starts with a slash, such as '/mcp'")
        if isinstance(self.authorization_servers, str) or not all(
            map(_is_url, self.authorization_servers)
        ):
            expected = "a list of URLs, as in ['https://login.example.com']"
            _refuse("authorization_servers", self.authorization_servers, expected)
        if self.url is not None and not _is_url(self.url):
            _refuse("url", self.url, "a URL, as in 'https://api.example.com/mcp', or None")
        if not is_count(self.max_answer_bytes) or self.max_answer_bytes < _LEAST_BYTES:
            expected = f"a number of bytes from {_LEAST_BYTES} on"
            _refuse("max_answer_bytes", self.max_answer_bytes, expected)


def _is_url(value: object) -> bool:
    if not isinstance(value, str):
        return False
    parts = urlsplit(value)
    return parts.scheme in ("http", "https") and bool(parts.netloc) and not parts.fragment


def _refuse(name: str, value: object, expected: str) -> None:
    raise ConfigurationError(f"Mcp({name}={value!r}): should be {expected}.")
