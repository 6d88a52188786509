"""Row named by a path, as a dependency of the application's own endpoints."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from inspect import Parameter, Signature
from typing import Annotated, Any, Generic, Literal, TypeVar
from urllib.parse import quote

from fastapi import Path
from pydantic import TypeAdapter, WithJsonSchema
from sqlalchemy import inspect
from sqlalchemy.sql.base import ExecutableOption
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request

from ..compat.starlette import pattern_of
from ..errors import ConfigurationError, NotFound
from ..pipeline.writes import check_of
from ..plan.keys import key_values
from ..statement.caller_door import CallerDoor
from ..suggestions import naming_arguments
from .caller_session import TAKEN, AccessDep, CallerSessionDep, Taken
from .own_access import CallerAccess, OwnDependency

Model = TypeVar("Model", bound=SQLModel)

RowAction = Literal["read", "update", "delete"]

_ACTIONS = ("read", "update", "delete")


@naming_arguments
def row_of(
    model: type[Model], action: RowAction = "read", *, options: Sequence[ExecutableOption] = ()
) -> Callable[..., Awaitable[Model]]:
    """Make a dependency that provides the row named by the path's key.

    The path has a parameter for each field of the key, of the same name. The row is in the session
    of `CallerSessionDep`: changes to it are stored before the response is sent, or refused. The
    response has its entity tag.

    Args:
        model: The model, which is a resource of the application.
        action: The intended action on the row, which the caller must be allowed to do. For an
            update or delete, the row is locked, and `If-Match` is compared as by the generated
            routes.
        options: Loader options, such as `selectinload(Invoice.lines)`.

    Returns:
        The dependency. The response is 404 where the row does not exist for the caller, and 403
        where the caller may only see it.

    Raises:
        ConfigurationError: The model has no table, or the action is not one of these.
    """
    if inspect(model, raiseerr=False) is None or action not in _ACTIONS:
        raise ConfigurationError(
            f"row_of({getattr(model, '__name__', model)}, {action!r}): give it a model with a "
            f"table, and one of {', '.join(_ACTIONS)}."
        )
    return RowDependency(model, action, options)


class RowDependency(OwnDependency, Generic[Model]):
    """Dependency that provides a row; its arguments are those of `row_of`.

    Attributes:
        action: The intended action on the row.
    """

    def __init__(
        self, model: type[Model], action: RowAction, options: Sequence[ExecutableOption]
    ) -> None:
        self._model = model
        self.action = action
        self._options: Any = options
        mapper: Any = inspect(model)
        keys = [mapper.get_property_by_column(column).key for column in mapper.primary_key]
        self._names = {key: model.model_fields[key].alias or key for key in keys}
        self.__signature__ = _sign(model, self._names)

    def check(self, door: CallerDoor, path: str) -> None:
        """Check that the model is a resource, and that a path names its key.

        Raises:
            ConfigurationError: The model is no resource, or the path lacks a part of the key.
        """
        door.find(self._model.__table__)  # type: ignore[attr-defined]
        found = pattern_of(path).groupindex
        missing = [name for name in self._names.values() if name not in found]
        if missing:
            lacking = " and ".join(f"{{{name}}}" for name in missing)
            raise ConfigurationError(
                f"row_of({self._model.__name__}): the path {path} has no {lacking}. It needs a "
                "parameter for each field of the key, with the same name, as in "
                f"{_rename(path, found, missing, self._names.values())}."
            )

    async def __call__(
        self, request: Request, access: CallerAccess, session: AsyncSession, **given: Any
    ) -> Model:
        """Find the row by the values of its key in the path."""
        found = access.rows.find(self._model.__table__)  # type: ignore[attr-defined]
        table = access.rows.shown_of(found)
        key = ",".join(quote(str(value), safe="") for value in given.values())
        values = tuple(key_values(table, key))
        change = None if self.action == "read" else self.action
        stored = await session.run_sync(lambda sync: access.rows.take(sync, found, values, change))
        if change is not None:
            headers = request.headers
            check = check_of(table, headers.get("if-match"), headers.get("if-none-match"))
            if check is not None:
                check(stored)
        identity = table.values_of(stored, table.key_columns)
        row = await session.get(
            self._model, identity, options=self._options, populate_existing=True
        )
        if row is None:  # it was deleted meanwhile
            raise NotFound(f"{table.title} not found")
        request.scope.setdefault(TAKEN, []).append(Taken(found.catalog, table, row))
        return row


def _rename(
    path: str, found: Collection[str], missing: Sequence[str], names: Collection[str]
) -> str:
    """Return a path with the missing parameters, in place of others if these are as many."""
    others = [name for name in found if name not in names]
    if len(others) != len(missing):
        return path.rstrip("/") + "".join(f"/{{{name}}}" for name in missing)
    for other, name in zip(others, missing, strict=True):
        path = path.replace(f"{{{other}}}", f"{{{name}}}")
    return path


def _sign(model: type[SQLModel], names: Mapping[str, str]) -> Signature:
    """Return the signature of the dependency: a path parameter for each field of the key."""
    kind = Parameter.KEYWORD_ONLY
    fixed = [
        Parameter("request", kind, annotation=Request),
        Parameter("access", kind, annotation=AccessDep),
        Parameter("session", kind, annotation=CallerSessionDep),
    ]
    # FastAPI passes values on as converted by the path's own converters.
    keys = [
        Parameter(f"key{place}", kind, annotation=Annotated[Any, _describe(model, name), path])
        for place, (name, alias) in enumerate(names.items())
        for path in [Path(alias=alias)]
    ]
    return Signature([*fixed, *keys])


def _describe(model: type[SQLModel], name: str) -> WithJsonSchema:
    annotation: Any = model.model_fields[name].annotation
    schema = TypeAdapter(annotation).json_schema()
    kinds = [k for k in schema.get("anyOf", ()) if k.get("type") != "null"]
    return WithJsonSchema(kinds[0] if len(kinds) == 1 else schema)
