"""Endpoints of resources, which answer requests by the pipeline, and every error in them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast
from urllib.parse import quote

from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HTTPRequest
from starlette.responses import Response
from starlette.types import Message, Receive, Scope

from ..access.principal import ANYONE, Principal
from ..errors import RequestError, TooLarge
from ..pipeline.work import OpenTransaction
from ..request.headers import read_headers
from ..request.request import Request
from ..respond.answer import Answer, StreamAnswer
from .callers import Callers
from .deadline import Deadline
from .forgery import check_origin
from .limits import RequestLimits
from .paths import PATH_MATCH, PathMatch
from .problems import Problems
from .responses import StreamedResponse, to_whole_response

Handle = Callable[..., Awaitable[Answer | StreamAnswer]]
"""Function that answers a request, given its session or transaction, and its scope if requested."""


@dataclass(frozen=True, eq=False)
class Endpoint:
    """Endpoint of a route, which answers a request and every error in it.

    Args:
        handle: The pipeline's method.
        problems: Answers errors.
        conflict_status: The status where a unique value is taken or a parent is missing.
        limits: The limits of a request.
        key_names: The names of the fields of each key in the path, for the user's own dependencies.
        base: The path of the resource in the response, percent-encoded, for `Location`.
        takes_body: Whether the body is read.
        takes_scope: Whether the pipeline's method receives the scope of the request.
        callers: The resolver of callers, where the application has any.
        trusts: Whether pages of another origin may send its requests with cookies; None where
            browsers ask before they send one.
    """

    handle: Handle
    problems: Problems
    conflict_status: int
    limits: RequestLimits
    key_names: Sequence[Sequence[str]] = ()
    base: str = ""
    takes_body: bool = False
    takes_scope: bool = False
    callers: Callers | None = None
    trusts: Callable[[str], bool] | None = None

    async def __call__(
        self, request: HTTPRequest, session: AsyncSession | None = None, who: object = None
    ) -> Response:
        receive = _receive_anew(request) if self.takes_body else request.receive
        return await self.respond(request.scope, receive, session, who)

    async def respond(
        self,
        scope: Scope,
        receive: Receive,
        session: AsyncSession | None = None,
        who: object = None,
    ) -> Response:
        """Respond to a request.

        Args:
            scope: The request.
            receive: Receives its body, and the disconnect of its client.
            session: The overridden session, if any.
            who: The result of the caller's dependency, if the application has callers.

        Returns:
            The response.

        Raises:
            Exception: The application has a handler of its own for it.
        """
        try:
            with Deadline(self.limits.timeout_s) as deadline:
                headers, caller = read_headers(scope["headers"]), self.read_caller(who)
                if self.trusts is not None:
                    check_origin(headers, self.trusts)
                body = await self._read_body(receive, headers) if self.takes_body else b""
                parsed = self._parse(scope, headers, body, caller)
                deadline.receive = receive
                more = (scope,) if self.takes_scope else ()
                answer = await self.handle(parsed, session, *more)
            if isinstance(answer, StreamAnswer) and parsed.method != "HEAD":
                return StreamedResponse(answer, self.limits)
            return to_whole_response(answer, parsed.method, self.limits.send_timeout_s)
        except ClientDisconnect:
            return Response(status_code=400)  # the client has disconnected
        except Exception as error:
            if self.problems.is_handled_otherwise(scope, error):
                raise
            if isinstance(error, RequestError):
                return self.problems.answer(scope, error, self.conflict_status)
            if isinstance(error, HTTPException):  # of a hook
                return self.problems.answer_http(scope, error)
            return self.problems.answer_unexpected(scope, error)

    def read_caller(self, who: object) -> Principal:
        """Return the caller, given the result of its dependency."""
        return ANYONE if self.callers is None else self.callers.read(who)

    async def join(
        self, scope: Scope, body: bytes, caller: Principal, transaction: OpenTransaction
    ) -> Answer:
        """Answer a request that is a part of a transaction.

        Args:
            scope: The request.
            body: Its body.
            caller: The caller.
            transaction: The transaction.

        Returns:
            The answer; a refusal is raised.
        """
        headers = read_headers(scope["headers"])
        parsed = self._parse(scope, headers, body if self.takes_body else b"", caller)
        return cast(Answer, await self.handle(parsed, transaction))

    def _parse(
        self, scope: Scope, headers: Mapping[bytes, bytes], body: bytes, caller: Principal
    ) -> Request:
        match: PathMatch = scope[PATH_MATCH]
        root = scope.get("root_path")
        return Request(
            scope["method"],
            scope["query_string"],
            headers,
            match.keys,
            f"{quote(root)}{self.base}" if root else self.base,
            match.segments,
            body,
            caller,
        )

    async def _read_body(self, receive: Receive, headers: Mapping[bytes, bytes]) -> bytes:
        limit = self.limits.max_body_bytes
        announced = headers.get(b"content-length", b"")
        size = int(announced[:20]) if announced.isdigit() else 0
        parts, is_whole = [], False
        if size <= limit:
            size = 0
        while size <= limit and not is_whole:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            part = message.get("body", b"")
            size += len(part)
            parts.append(part)
            is_whole = not message.get("more_body", False)
        if size > limit:
            raise TooLarge(f"The body should have at most {limit} bytes", unread=True)
        return parts[0] if len(parts) == 1 else b"".join(parts)


def _receive_anew(request: HTTPRequest) -> Receive:
    """Return a `receive` for the body of a request, whether or not a dependency has read it."""
    parts: AsyncGenerator[bytes, None] | None = request.stream()

    async def receive() -> Message:
        nonlocal parts
        if parts is None:
            return await request.receive()
        part = await anext(parts, b"")
        if not part:
            parts = None
        return {"type": "http.request", "body": part, "more_body": bool(part)}

    return receive
