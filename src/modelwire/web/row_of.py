"""The row that a path names, as a dependency of endpoints of an application's own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from inspect import Parameter, Signature
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import quote

from fastapi import Path
from pydantic import TypeAdapter, WithJsonSchema
from sqlalchemy import inspect
from sqlalchemy.sql.base import ExecutableOption
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request

from ..catalog.tables import Table
from ..errors import ConfigurationError
from ..execute.own.ward import Ward
from ..pipeline.writes import check_of
from ..plan.keys import Key, key_values
from .caller_session import TAKEN, CallerSessionDep, service_of
from .wards import WARD

Model = TypeVar("Model", bound=SQLModel)

_ACTIONS = ("read", "update", "delete")


def row_of(
    model: type[Model],
    action: Literal["read", "update", "delete"] = "read",
    *,
    options: Sequence[ExecutableOption] = (),
) -> Callable[..., Awaitable[Model]]:
    """Make a dependency that is the row which the path's key names.

    The path has a parameter for each field of the key, of the same name. The row is in the
    session of `CallerSessionDep`: what is changed in it is stored before the answer is sent, or
    refused. The answer has its entity tag.

    Args:
        model: The model, which is a resource of the application.
        action: What is to be done to the row. The caller must be allowed to; where it is a change,
            the row is locked, and `If-Match` is compared as the generated routes do.
        options: How it is loaded, such as `selectinload(Invoice.lines)`.

    Returns:
        The dependency. Where the row is not there, or not for the caller, the answer is 404; where
        the caller may only see it, 403.

    Raises:
        ConfigurationError: The model has no table, or the action is none of these.
    """
    mapper = inspect(model, raiseerr=False)
    if mapper is None or action not in _ACTIONS:
        raise ConfigurationError(
            f"row_of({getattr(model, '__name__', model)}, {action!r}): give it a model with a "
            f"table, and one of {', '.join(_ACTIONS)}."
        )

    async def find(request: Request, session: AsyncSession, **given: Any) -> Model:
        service_of(request.app, f"row_of({model.__name__})")
        return await _take(request, session, model, action, options, list(given.values()))

    names = [mapper.get_property_by_column(column).key for column in mapper.primary_key]
    find.__signature__ = _sign(model, names)  # type: ignore[attr-defined]
    return find


def _sign(model: type[SQLModel], names: Sequence[str]) -> Signature:
    """The signature of the dependency: a parameter of the path for each field of the key."""
    kind = Parameter.KEYWORD_ONLY
    fixed = [
        Parameter("request", kind, annotation=Request),
        Parameter("session", kind, annotation=CallerSessionDep),
    ]
    # FastAPI has values as the path's own converters leave them.
    keys = [
        Parameter(f"key{place}", kind, annotation=Annotated[Any, _describe(model, name), path])
        for place, name in enumerate(names)
        for path in [Path(alias=model.model_fields[name].alias or name)]
    ]
    return Signature([*fixed, *keys])


def _describe(model: type[SQLModel], name: str) -> WithJsonSchema:
    schema = TypeAdapter(model.model_fields[name].annotation).json_schema()
    kinds = [k for k in schema.get("anyOf", ()) if k.get("type") != "null"]
    return WithJsonSchema(kinds[0] if len(kinds) == 1 else schema)


async def _take(
    request: Request,
    session: AsyncSession,
    model: type[Model],
    action: Literal["read", "update", "delete"],
    options: Sequence[ExecutableOption],
    given: Sequence[Any],
) -> Model:
    ward: Ward = request.scope[WARD]
    found = ward.find(model.__table__)  # type: ignore[attr-defined]
    table = found.table
    key, change = _read_key(table, given), None if action == "read" else action
    stored = await session.run_sync(lambda sync: ward.take(sync, found, key, change))
    headers = request.headers
    if change is not None:
        check = check_of(table, headers.get("if-match"), headers.get("if-none-match"))
        if check is not None:
            check(stored)
    identity = table.values_of(stored, table.key_columns)
    row = await session.get_one(model, identity, options=options, populate_existing=True)
    request.scope.setdefault(TAKEN, []).append((found, row))
    return row


def _read_key(table: Table, given: Sequence[Any]) -> Key:
    """Read the values of a key as they stand in a path."""
    return tuple(key_values(table, ",".join(quote(str(value), safe="") for value in given)))
