"""Problem documents for every error of an application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
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

from ..catalog.names import escape_pointer
from ..catalog.tables import Catalog
from ..errors import (
    Answered,
    Constraint,
    ConstraintViolation,
    Faults,
    InvalidRequest,
    MethodNotAllowed,
    MissingTable,
    NoSuchPath,
    NotStarted,
    RequestError,
    TooLarge,
    TooSlow,
    UnexpectedError,
    Violation,
)
from ..execute.database import Database
from ..execute.explain.constraints import explain_elsewhere, names_table
from ..execute.explain.partitions import may_be_part, name_whole
from ..execute.faults.translate import refuse_value, translate, translate_commit
from ..execute.finder import Finder
from ..observe.exchange import Exchange
from ..respond.links import Headers
from ..respond.problem import answer_other_problem, answer_problem
from ..statement.statements import Statements
from .client import SCOPE_CLIENT
from .failures import level_of, log_failure, logger
from .index import Index
from .observing import exchange_of
from .responses import BrokenStream, to_whole_response
from .route_names import RouteNames

Handler = Callable[[Request, Any], Awaitable[Response]]

ANSWERED = "modelwire.answered"
"""Key of the scope of a request whose unexpected error is answered and raised again."""

_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")


@dataclass(frozen=True, slots=True)
class Mounted:
    """Resources of one `mount`, by which errors of the application's own code are explained.

    Args:
        catalog: The resources.
        told: The part of them that an error may name, whichever caller has caused it.
        conflict_status: The status where a unique value is taken or a parent is missing.
    """

    catalog: Catalog
    told: Catalog
    conflict_status: int


_DEFAULTS: Mapping[type[Exception], Any] = {
    HTTPException: http_exception_handler,
    RequestValidationError: request_validation_exception_handler,
}
"""Handlers that FastAPI uses where an application does not override them."""


class Problems:
    """Handler of errors, which answers with problem documents and logs server errors.

    Args:
        names: Returns the names of routes, for the log.
        database: The database.

    Attributes:
        mounted: The resources whose fields explain database errors.
        index: The page at the root, where the application has none.
    """

    def __init__(self, names: RouteNames, database: Database) -> None:
        self._names = names
        self._database = database
        self.mounted: list[Mounted] = []
        self.index = Index()
        self._own: Mapping[type[Exception], Handler] = {
            HTTPException: self._on_http_exception,
            RequestValidationError: self._on_validation,
            RequestError: self._on_request_error,
            SQLAlchemyError: self._on_database_error,
            Exception: self._on_exception,
        }

    def answer(
        self, scope: Scope, error: RequestError, conflict_status: int | None = None
    ) -> Response:
        """Answer a request with an error of modelwire's.

        Args:
            scope: The request.
            error: The error.
            conflict_status: The status where a unique value is taken or a parent is missing; that
                of the first mount by default.
        """
        if isinstance(error, NoSuchPath) and not error.detail:
            error = NoSuchPath(f"Nothing is at {scope['path']}")
        if isinstance(error, MissingTable) and self._database.awaits(error):
            cause, error = error.__cause__, NotStarted()
            error.__cause__ = cause
        if conflict_status is None:
            conflict_status = self.mounted[0].conflict_status
        answer = answer_problem(error, conflict_status=conflict_status)
        status = answer.status
        is_told = status >= 500 or error.__cause__ is not None
        if is_told and logger.isEnabledFor(level_of(status)):
            log_failure(error, status, self._exchange_of(scope), self._names.find(scope))
        response = to_whole_response(
            answer, scope["method"], self._database.settings.send_timeout_s
        )
        if isinstance(error, TooSlow) or (isinstance(error, TooLarge) and error.unread):
            response.headers["connection"] = "close"  # what is left of the body is not read
        return response

    def is_handled_otherwise(self, scope: Scope, error: Exception) -> bool:
        """Whether the application has a handler of its own for an error."""
        handlers = scope["app"].exception_handlers
        found = None
        for cls in type(error).__mro__:
            if cls in handlers:
                found = handlers[cls]
                break
        if found == self._on_exception:
            found = handlers.get(500)  # which Starlette treats as the same
        return found is not None and found not in self._own.values()

    def answer_unexpected(self, scope: Scope, error: BaseException) -> Response:
        """Answer a request with an unexpected error.

        A value that the database refuses in a read is part of the request, and so an error of the
        client.
        """
        if isinstance(error, ConstraintViolation) and error.kind is Constraint.FORM:
            refused = refuse_value()
            refused.__cause__ = error.__cause__
            return self.answer(scope, refused)
        unexpected = UnexpectedError()
        unexpected.__cause__ = error
        return self.answer(scope, unexpected)

    def answer_http(self, scope: Scope, error: HTTPException) -> Response:
        """Answer a request with an `HTTPException` of the application's own code."""
        if error.status_code in (204, 304):
            return Response(status_code=error.status_code, headers=error.headers)
        answer = answer_other_problem(
            error.status_code,
            error.detail,
            _encode_headers(error.headers or {}),
        )
        timeout_s = self._database.settings.send_timeout_s
        return to_whole_response(answer, scope["method"], timeout_s)

    def _exchange_of(self, scope: Scope) -> Exchange:
        return exchange_of(scope, self._database.observer)

    def install(self, app: FastAPI) -> None:
        """Register the handlers for the application's own code too, except where it has its own."""
        handlers = app.exception_handlers
        for cls, handler in self._own.items():
            if handlers.get(cls) in (None, _DEFAULTS.get(cls)):
                handlers[cls] = handler
        if 500 in handlers:  # which Starlette treats as any exception
            handlers[Exception] = handlers[500]

    async def _on_request_error(self, request: Request, error: RequestError) -> Response:
        return self.answer(request.scope, error)

    async def _on_exception(self, request: Request, error: Exception) -> Response:
        if ANSWERED in request.scope:
            return Response()  # Starlette requires a response, but won't send it
        if isinstance(error, BrokenStream) and isinstance(error.__cause__, RequestError):
            return self.answer(request.scope, error.__cause__)  # only for the log
        response = self.answer_unexpected(request.scope, error)
        # An error of middleware is answered outside of the middleware that adds the id.
        response.headers["x-request-id"] = self._exchange_of(request.scope).request_id
        return response

    async def _on_database_error(self, request: Request, error: SQLAlchemyError) -> Response:
        client = request.scope.get(SCOPE_CLIENT)
        if client is not None and client.is_gone:
            return Response(status_code=400)  # the client has disconnected
        if not isinstance(error, (DBAPIError, PoolTimeoutError)):
            return self.answer_unexpected(request.scope, error)
        sql = error.statement if isinstance(error, DBAPIError) else None
        # SQLAlchemy names no statement where the connection was lost during COMMIT.
        commits = isinstance(error, DBAPIError) and error.connection_invalidated and sql is None
        translated = translate_commit(error) if commits else translate(error)
        mounted = self.mounted[0]
        if isinstance(translated, ConstraintViolation):
            translated = await self._name_whole(translated)
            mounted = self._find_mounted(translated, sql or "")
            translated = explain_elsewhere(translated, sql or "", mounted.told)
        if not isinstance(translated, RequestError):
            return self.answer_unexpected(request.scope, error)
        translated.__cause__ = error
        return self.answer(request.scope, translated, mounted.conflict_status)

    async def _name_whole(self, violation: ConstraintViolation) -> ConstraintViolation:
        """Replace a partition that an error names by its whole table."""
        catalog, database = self.mounted[0].catalog, self._database
        if may_be_part(violation, catalog):
            with suppress(RequestError):
                async with database.reading() as lane:
                    finder = Finder(lane, Statements(database.engine.dialect))
                    return await name_whole(violation, catalog, finder)
        return violation

    def _find_mounted(self, violation: ConstraintViolation, sql: str) -> Mounted:
        """Find the mount with the table that an error is about."""
        known = (m for m in self.mounted if names_table(violation, sql, m.catalog))
        return next(known, self.mounted[0])

    async def _on_validation(self, request: Request, error: RequestValidationError) -> Response:
        return self.answer(request.scope, explain_validation(error))

    async def _on_http_exception(self, request: Request, error: HTTPException) -> Response:
        # An application mounted on another one is the endpoint of that one.
        is_routing = request.scope.get("endpoint") in (None, request.app)
        if error.status_code == 404 and is_routing:
            if self.index.answers(request):
                return self.index.answer(request)
            return self.answer(request.scope, NoSuchPath())
        if error.status_code == 405 and "allow" in {n.lower() for n in error.headers or {}}:
            return self.answer(request.scope, MethodNotAllowed(allowed_methods(request.scope)))
        return self.answer_http(request.scope, error)


def explain_validation(error: RequestValidationError) -> InvalidRequest:
    """Return the error that stands for FastAPI's validation error."""
    faults = Faults()
    faults.add_each(error.errors(), _to_violation)
    return InvalidRequest(*faults.first, more=faults.more)


def explain_http(error: HTTPException) -> Answered:
    """Return the error that stands for an `HTTPException` of the application's own code."""
    return Answered(error.status_code, error.detail, _encode_headers(error.headers or {}))


def _encode_headers(headers: Mapping[str, str]) -> Headers:
    return tuple((n.lower().encode(), v.encode("latin-1")) for n, v in headers.items())


def allowed_methods(scope: Scope) -> list[str]:
    """Return the methods that the routes at the path of a request accept."""
    return [
        method
        for method in _METHODS
        if any(
            route.matches({**scope, "method": method})[0] is Match.FULL
            for route in scope["app"].routes
        )
    ]


def _to_violation(fault: dict[str, Any]) -> Violation:
    where, *steps = fault["loc"]
    if where == "body":
        pointer = "".join(f"/{escape_pointer(str(step))}" for step in steps)
        return Violation(fault["msg"], fault["type"], pointer=pointer)
    return Violation(fault["msg"], fault["type"], parameter=".".join(map(str, steps)))
