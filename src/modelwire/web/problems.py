"""Every error of an application as a problem document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.exception_handlers import (
    http_exception_handler,
    request_validation_exception_handler,
)
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from ..catalog import Catalog
from ..catalog.names import escape_pointer
from ..errors import (
    ConstraintViolation,
    InvalidRequest,
    MethodNotAllowed,
    NoSuchPath,
    RequestError,
    TooLarge,
    TooSlow,
    UnexpectedError,
    Violation,
)
from ..execute import explain_elsewhere, translate, translate_commit
from ..respond import Headers, answer_other_problem, answer_problem
from .failures import log_failure
from .observing import EXCHANGE
from .responses import to_whole_response
from .route_names import RouteNames

_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")


class Problems:
    """Answers errors with problem documents, and logs those that are not the client's.

    Args:
        catalog: Names the fields of database errors.
        conflict_status: The status where a unique value is taken or a parent is missing.
        names: Finds the names of routes, for the log.
    """

    def __init__(self, catalog: Catalog, conflict_status: int, names: RouteNames) -> None:
        self._catalog = catalog
        self._names = names
        self._conflict_status = conflict_status

    def answer(self, scope: Scope, error: RequestError) -> Response:
        """Answer a request with an error of modelwire's."""
        answer = answer_problem(error, conflict_status=self._conflict_status)
        if answer.status >= 500 or error.__cause__ is not None:
            log_failure(error, answer.status, scope[EXCHANGE], self._names.find(scope))
        response = to_whole_response(answer, scope["method"])
        if isinstance(error, TooSlow) or (isinstance(error, TooLarge) and error.unread):
            response.headers["connection"] = "close"  # what is left of the body is not read
        return response

    def is_handled_otherwise(self, scope: Scope, error: RequestError) -> bool:
        """Whether the application has a handler of its own for an error of modelwire's."""
        handlers = scope["app"].exception_handlers
        found = next((handlers[cls] for cls in type(error).__mro__ if cls in handlers), None)
        return found not in (None, self._on_request_error, self._on_exception)

    def answer_unexpected(self, scope: Scope, error: BaseException) -> Response:
        """Answer a request with an error that nobody expected."""
        unexpected = UnexpectedError()
        unexpected.__cause__ = error
        return self.answer(scope, unexpected)

    def install(self, app: FastAPI) -> None:
        """Handle the errors of the application's own code too, except where it does so itself."""
        handlers = app.exception_handlers
        own: dict[Any, Any] = {
            HTTPException: (http_exception_handler, self._on_http_exception),
            RequestValidationError: (request_validation_exception_handler, self._on_validation),
            RequestError: (None, self._on_request_error),
            SQLAlchemyError: (None, self._on_database_error),
            Exception: (None, self._on_exception),
        }
        for cls, (default, handler) in own.items():
            if handlers.get(cls) is default:
                handlers[cls] = handler

    async def _on_request_error(self, request: Request, error: RequestError) -> Response:
        return self.answer(request.scope, error)

    async def _on_exception(self, request: Request, error: Exception) -> Response:
        return self.answer_unexpected(request.scope, error)

    async def _on_database_error(self, request: Request, error: SQLAlchemyError) -> Response:
        if not isinstance(error, (DBAPIError, PoolTimeoutError)):
            return self.answer_unexpected(request.scope, error)
        sql = error.statement if isinstance(error, DBAPIError) else None
        # Where SQLAlchemy has lost a connection and names no statement, that was COMMIT.
        commits = isinstance(error, DBAPIError) and error.connection_invalidated and sql is None
        translated = translate_commit(error) if commits else translate(error)
        if isinstance(translated, ConstraintViolation):
            translated = explain_elsewhere(translated, sql or "", self._catalog)
        if not isinstance(translated, RequestError):
            return self.answer_unexpected(request.scope, error)
        translated.__cause__ = error
        return self.answer(request.scope, translated)

    async def _on_validation(self, request: Request, error: RequestValidationError) -> Response:
        return self.answer(request.scope, InvalidRequest(*map(_to_violation, error.errors())))

    async def _on_http_exception(self, request: Request, error: HTTPException) -> Response:
        is_routing = "endpoint" not in request.scope
        if error.status_code == 404 and is_routing:
            return self.answer(request.scope, NoSuchPath(f"Nothing is at {request.scope['path']}"))
        if error.status_code == 405 and "allow" in {n.lower() for n in error.headers or {}}:
            return self.answer(request.scope, MethodNotAllowed(_allowed_methods(request)))
        if error.status_code in (204, 304):
            return Response(status_code=error.status_code, headers=error.headers)
        answer = answer_other_problem(
            error.status_code,
            error.detail,
            _encode_headers(error.headers or {}),
        )
        return to_whole_response(answer, request.method)


def _encode_headers(headers: Mapping[str, str]) -> Headers:
    return tuple((n.lower().encode(), v.encode("latin-1")) for n, v in headers.items())


def _allowed_methods(request: Request) -> list[str]:
    scope = dict(request.scope)
    return [
        method
        for method in _METHODS
        if any(
            route.matches({**scope, "method": method})[0] is Match.FULL
            for route in request.app.routes
        )
    ]


def _to_violation(fault: dict[str, Any]) -> Violation:
    where, *steps = fault["loc"]
    if where == "body":
        pointer = "".join(f"/{escape_pointer(str(step))}" for step in steps)
        return Violation(fault["msg"], fault["type"], pointer=pointer)
    return Violation(fault["msg"], fault["type"], parameter=".".join(map(str, steps)))
