"""The declaration of a resource: a table that is served, and how."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from reprlib import Repr
from typing import TYPE_CHECKING, Any, Literal, get_args

from pydantic import BaseModel
from sqlmodel import SQLModel

from .access.caller import CallerValue
from .access.policy import Policy
from .changes import Changes
from .errors import ConfigurationError
from .hooks import Hooks
from .suggestions import naming_arguments

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
"""An operation of a resource."""

OPERATIONS: tuple[Operation, ...] = get_args(Operation)


@naming_arguments
@dataclass(frozen=True, slots=True)
class Resource:
    """SQLModel table that is served under a path.

    Args:
        model: The SQLModel class, declared with `table=True`.
        path: The path of its routes; `/` + the table's name by default.
        operations: The operations to serve; all by default. `bulk_update` and `bulk_delete` include
            writes of all rows that match a filter. `aggregate` and `changes` also need `list`, and
            `changes` also needs a change log that clients may follow.
        filters: Operators for `?field=value`, by field; `eq` for fields without one.
        includes: Relationships that `?include=` may name. Their targets must be resources too.
        include_by_default: Relationships that are included in single rows without being asked for.
        includes_back: Those of `includes` that may also lead straight back to the row that included
            this one, as `team` does in `/teams/?include=players.team`.
        hidden: Fields that are never shown, filtered, sorted or searched, in addition to those
            whose names say password, secret, token, API key or hash.
        shown: Fields that are shown in spite of such a name.
        queryable: Fields that may be filtered, sorted and searched although a serializer or
            validator changes their values in answers. By enough queries, clients can find out the
            stored values.
        read_only: Fields that clients may see but not set.
        writable: Fields that clients may set although the server would set them: keys, times with a
            server default, columns with a `server_onupdate`.
        computed: Fields computed by an SQL expression, by name: an expression of the model's
            columns, or a `select(…)` of one value that refers to the row by these columns. They can
            be read, filtered, sorted and summed like any field, but not written; the same holds for
            the model's own `column_property` and hybrid attributes.
        version: An integer field that every change of a row increments; clients can't set it.
        require_if_match: Whether changes of a row require an `If-Match` header.
        nested_writes: Relationships whose rows may be created together with a row of this table.
            Their targets must be resources too.
        create_schema: Pydantic model that validates new rows; derived from the model by default.
        update_schema: Pydantic model that validates changes; derived from the model by default.
            Only the fields that a request sends are written.
        read_schema: Pydantic model of rows in answers; derived from the model by default.
        dependencies: `Depends(...)` that run before every operation of this resource.
        operation_dependencies: `Depends(...)` that run before single operations, by operation.
            Those of `create`, `update` and `delete` also run before their bulk operations, and
            those of `list` before `stream`, `aggregate` and `changes`.
        default_limit: Rows on a page if the request gives no limit.
        max_limit: Rows on a page at most.
        max_bulk_rows: Rows in one bulk request at most.
        tags: Tags of its routes in the OpenAPI document; the table's name by default.
        policy: The rows and fields that each caller may see and change. Required if the application
            has callers.
        assign_on_create: Values that the server sets in new rows, by field: an attribute of the
            caller, or a function without arguments that returns the value. Clients can't set these
            fields.
        assign_on_update: The same for rows that are updated.
        escape_formulas: Whether CSV puts an apostrophe before texts that a spreadsheet would take
            for a formula, such as `=1+1`.
        hooks: Functions that run with each write of the table, in its transaction and after it.
        changes: The change log of its rows; None for no log.
        soft_delete: A field for the time of deletion, of type `datetime | None`: a delete sets it
            and keeps the row, which no read finds from then on. Clients can't set it. None to
            remove rows.

    Raises:
        ConfigurationError: An argument is of the wrong kind, or `default_limit` is more than
            `max_limit`. Faults that depend on the model are found by `mount`.
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
                given = f"{argument}={_VALUES.repr(value)}"
                raise ConfigurationError(
                    f"Resource({self.model.__name__}, {given}): should be {expected}."
                )
        if self.default_limit > self.max_limit:
            raise ConfigurationError(
                f"Resource({self.model.__name__}): a page has {self.default_limit} rows by default "
                f"and {self.max_limit} at most; give default_limit={self.max_limit} or less."
            )


class _ValueRepr(Repr):
    """Writer of values for error messages, with names in place of addresses in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = 100

    def repr_instance(self, x: object, level: int) -> str:  # noqa: ARG002 - the name is inherited
        """Write a value that is no text and no collection."""
        text = repr(x)
        return str(getattr(x, "__name__", type(x).__name__)) if "<" in text else text


_VALUES = _ValueRepr()


def are_depends(value: object) -> bool:
    """Whether a value is a collection of FastAPI's `Depends`, which this module may not import."""
    return isinstance(value, Collection) and all(
        callable(getattr(v, "dependency", None)) for v in value
    )


def is_fixed_path(value: object) -> bool:
    """Whether a value is a literal path: without parameters, query and fragment."""
    return isinstance(value, str) and bool(value) and not set("{}?# ") & set(value)


def is_count(value: object) -> bool:
    """Whether a value is a positive integer."""
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
_SCHEMA = (_is_schema, "a Pydantic model that is not a table, or None")
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
        "a Policy, as in Policy(read=everyone, write=nobody), or None",
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
"""A check of each argument, and the expected value for its error message."""
