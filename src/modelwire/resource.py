"""What a user declares about one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel
from sqlmodel import SQLModel

if TYPE_CHECKING:
    from fastapi.params import Depends

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
]

OPERATIONS: tuple[Operation, ...] = (
    "create",
    "read",
    "list",
    "update",
    "delete",
    "bulk_create",
    "bulk_update",
    "bulk_delete",
    "stream",
)


@dataclass(frozen=True, slots=True)
class Resource:
    """One SQLModel table, served under one path.

    Args:
        model: The SQLModel class, declared with `table=True`.
        path: Where it is served; `/` + the table's name by default.
        operations: What can be done with it; everything by default. Changes of all rows that match
            some filters belong to `bulk_update` and `bulk_delete`.
        filters: The operator that `?field=value` stands for, by field; `eq` where none is given.
        includes: Relationships that `?include=` may name. Their targets must be resources too.
        include_by_default: Relationships that reading one row shows unasked.
        hidden: Fields that are never shown, filtered, sorted or searched on, besides those whose
            name says password, secret, token, API key or hash.
        shown: Fields that are shown although their name says so.
        read_only: Fields that clients may see but not set.
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
            `list` before `stream`.
        default_limit: Rows on a page when the request does not say.
        max_limit: Rows on a page at most.
        max_bulk_rows: Rows in one bulk request at most.
        tags: Tags of its routes in the OpenAPI document; the table's name by default.
        escape_formulas: Whether CSV puts an apostrophe before a text that a spreadsheet would take
            for a formula, such as `=1+1`.
    """

    model: type[SQLModel]
    path: str | None = None
    operations: Sequence[Operation] = OPERATIONS
    filters: Mapping[str, str] = field(default_factory=dict)
    includes: Sequence[str] = ()
    include_by_default: Sequence[str] = ()
    hidden: Sequence[str] = ()
    shown: Sequence[str] = ()
    read_only: Sequence[str] = ()
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
