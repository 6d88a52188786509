"""What a user declares about one table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from pydantic import BaseModel
from sqlmodel import SQLModel

from .access.caller import CallerValue
from .access.policy import Policy
from .changes import Changes
from .errors import ConfigurationError
from .hooks import Hooks

if TYPE_CHECKING:
    from fastapi import params

    Depends = params.Depends

Operation = Literal[
    "create",
    "read",
    "list",
    "update",
    "delete",
    "bulk_create",
    "bulk_update",
    "bulk_delete",
    "stream",
    "aggregate",
    "changes",
]
"""What can be done with a resource."""

OPERATIONS: tuple[Operation, ...] = get_args(Operation)


@dataclass(frozen=True, slots=True)
class Resource:
    """One SQLModel table, served under one path.

    Args:
        model: The SQLModel class, declared with `table=True`.
        path: Where it is served; `/` + the table's name by default.
        operations: What can be done with it; everything by default. Changes of all rows that match
            some filters belong to `bulk_update` and `bulk_delete`; `aggregate` and `changes` take
            `list` too, and `changes` is served where they are kept to be followed.
        filters: The operator that `?field=value` stands for, by field; `eq` where none is given.
        includes: Relationships that `?include=` may name. Their targets must be resources too.
        include_by_default: Relationships that reading one row shows unasked.
        includes_back: Those of `includes` that may also lead straight back to the row that has
            included this one, as `team` does in `/teams/?include=players.team`.
        hidden: Fields that are never shown, filtered, sorted or searched on, besides those whose
            name says password, secret, token, API key or hash.
        shown: Fields that are shown although their name says so.
        queryable: Fields that may be filtered, sorted and searched by although what is shown of
            them is made by a serializer or a validator. Who asks often enough knows what is stored.
        read_only: Fields that clients may see but not set.
        writable: Fields that clients may set although they make their values themselves: keys,
            times with a server default, columns with a `server_onupdate`.
        computed: Fields that an expression computes of each row, by name: one of the model's
            columns, or a `select(…)` of one value that names the row by these. They are read,
            filtered, sorted and summed as any other, and never written; so are those that the model
            itself has as `column_property` or as hybrid attributes.
        version: An integer field that every change of a row counts up; clients can't set it.
        require_if_match: Whether a change of a row must say by `If-Match` what it is a change of.
        nested_writes: Relationships whose rows may be created together with a row of this table.
            Their targets must be resources too.
        create_schema: Pydantic model that a row to create must fit; derived by default.
        update_schema: Pydantic model that a change must fit; derived by default. Only the fields
            that a request sends are written.
        read_schema: Pydantic model that shows a row; derived by default.
        dependencies: `Depends(...)` that every operation of this resource runs first.
        operation_dependencies: `Depends(...)` that single operations run first, by operation. Those
            of `create`, `update` and `delete` also run before their bulk operations, and those of
            `list` before `stream`, `aggregate` and `changes`.
        default_limit: Rows on a page when the request does not say.
        max_limit: Rows on a page at most.
        max_bulk_rows: Rows in one bulk request at most.
        tags: Tags of its routes in the OpenAPI document; the table's name by default.
        policy: Which rows and fields each caller may see and change. Where the application has
            callers, every resource has one.
        assign_on_create: What the server sets in new rows, by field: an attribute of the caller, or
            what a function without arguments makes. Clients can't set these fields.
        assign_on_update: What it sets in rows that are changed.
        escape_formulas: Whether CSV puts an apostrophe before a text that a spreadsheet would take
            for a formula, such as `=1+1`.
        hooks: Functions that run with each write of the table, in its transaction and after it.
        changes: What is kept of changes of its rows; nothing, if None.
        soft_delete: A field for the moment at which a row was deleted, which a delete then sets in
            place of removing the row: a `datetime | None` that clients can't set. The row is gone
            for all that reads. None where rows are removed.

    Raises:
        ConfigurationError: An argument is of the wrong kind, or `default_limit` is more than
            `max_limit`. What only the model can tell is found by `mount`.
    """

    model: type[SQLModel]
    path: str | None = None
    operations: Sequence[Operation] = OPERATIONS
    filters: Mapping[str, str] = field(default_factory=dict)
    includes: Sequence[str] = ()
    include_by_default: Sequence[str] = ()
    includes_back: Sequence[str] = ()
    hidden: Sequence[str] = ()
    shown: Sequence[str] = ()
    queryable: Sequence[str] = ()
    read_only: Sequence[str] = ()
    writable: Sequence[str] = ()
    computed: Mapping[str, Any] = field(default_factory=dict)
    version: str | None = None
    require_if_match: bool = False
    nested_writes: Sequence[str] = ()
    create_schema: type[BaseModel] | None = None
    update_schema: type[BaseModel] | None = None
    read_schema: type[BaseModel] | None = None
    dependencies: Sequence[Depends] = ()
    operation_dependencies: Mapping[Operation, Sequence[Depends]] = field(default_factory=dict)
    default_limit: int = 10
    max_limit: int = 100
    max_bulk_rows: int = 1000
    tags: Sequence[str] | None = None
    escape_formulas: bool = False
    policy: Policy | None = None
    assign_on_create: Mapping[str, CallerValue | Callable[[], Any]] = field(default_factory=dict)
    assign_on_update: Mapping[str, CallerValue | Callable[[], Any]] = field(default_factory=dict)
    hooks: Hooks | None = None
    changes: Changes | None = None
    soft_delete: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.model, type):
            raise ConfigurationError(
                f"Resource(model=…): {type(self.model).__name__} should be a class, declared as "
                "class Name(SQLModel, table=True)."
            )
        for argument, (is_right, expected) in _EXPECTED.items():
            value = getattr(self, argument)
            if not is_right(value):
                raise ConfigurationError(
                    f"Resource({self.model.__name__}, {argument}={value!r}): should be {expected}."
                )
        if self.default_limit > self.max_limit:
            raise ConfigurationError(
                f"Resource({self.model.__name__}): a page has {self.default_limit} rows by default "
                f"and {self.max_limit} at most; give default_limit={self.max_limit} or less."
            )


def are_depends(value: object) -> bool:
    """Whether a value is a collection of FastAPI's `Depends`, which nothing here may import."""
    return isinstance(value, Collection) and all(
        callable(getattr(v, "dependency", None)) for v in value
    )


def is_fixed_path(value: object) -> bool:
    """Whether a value is a path as it stands: without parameters, query and fragment."""
    return isinstance(value, str) and bool(value) and not set("{}?# ") & set(value)


def is_count(value: object) -> bool:
    """Whether a value is a number from 1 on."""
    return isinstance(value, int) and value > 0


def _is_path(value: Any) -> bool:
    return value is None or (is_fixed_path(value) and bool(value.strip("/")))


def _are_names(value: object) -> bool:
    if isinstance(value, str) or not isinstance(value, Collection):
        return False
    return all(isinstance(name, str) for name in value)


def _is_schema(value: object) -> bool:
    if value is None:
        return True
    is_model = isinstance(value, type) and issubclass(value, BaseModel)
    return is_model and not getattr(value, "model_config", {}).get("table")


def _is_operators(value: object) -> bool:
    return isinstance(value, Mapping) and _are_names([*value, *value.values()])


def _are_depends_by_name(value: object) -> bool:
    return isinstance(value, Mapping) and all(are_depends(given) for given in value.values())


def _are_expressions(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(name, str) and name.isidentifier() and not name.startswith("_") for name in value
    )


def _are_assigned(value: object) -> bool:
    return isinstance(value, Mapping) and _are_names(list(value))


_NAMES = (_are_names, "a list of names")
_SCHEMA = (_is_schema, "a Pydantic model that is no table, or None")
_ASSIGNED = (_are_assigned, "values by field, as in {'created_by_id': me.id}")
_COUNT = (is_count, "a number from 1 on")

_EXPECTED: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "path": (_is_path, "a path such as '/things', without parameters"),
    "operations": _NAMES,
    "filters": (_is_operators, "operators by field, as in {'name': 'icontains'}"),
    "includes": _NAMES,
    "include_by_default": _NAMES,
    "includes_back": _NAMES,
    "hidden": _NAMES,
    "shown": _NAMES,
    "queryable": _NAMES,
    "read_only": _NAMES,
    "writable": _NAMES,
    "computed": (
        _are_expressions,
        "expressions by field, as in {'total': Invoice.net + Invoice.tax}",
    ),
    "version": (lambda value: value is None or isinstance(value, str), "the name of a field"),
    "soft_delete": (lambda value: value is None or isinstance(value, str), "the name of a field"),
    "nested_writes": _NAMES,
    "create_schema": _SCHEMA,
    "update_schema": _SCHEMA,
    "read_schema": _SCHEMA,
    "dependencies": (are_depends, "a list of Depends(…)"),
    "operation_dependencies": (
        _are_depends_by_name,
        "lists of Depends(…) by operation, as in {'create': [Depends(…)]}",
    ),
    "policy": (
        lambda value: value is None or isinstance(value, Policy),
        "a Policy, as in Policy(read=everyone), or None",
    ),
    "assign_on_create": _ASSIGNED,
    "assign_on_update": _ASSIGNED,
    "default_limit": _COUNT,
    "max_limit": _COUNT,
    "max_bulk_rows": _COUNT,
    "tags": (lambda value: value is None or _are_names(value), "a list of names, or None"),
    "hooks": (
        lambda value: value is None or isinstance(value, Hooks),
        "Hooks(…), as in Hooks(before_create=[check])",
    ),
    "changes": (
        lambda value: value is None or isinstance(value, Changes),
        "Changes(…), as in Changes(keep_days=90), or None",
    ),
}
"""What each argument should be, where types can tell."""
