"""One column of a table, as the wire sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter
from pydantic.fields import FieldInfo
from sqlalchemy import Column
from sqlalchemy import Table as SQLTable
from sqlalchemy.types import ARRAY, TypeEngine

from .binary import TextForm
from .codecs import Convert
from .conditions import Condition
from .kinds import Kind, bare_class, is_decorated, storage_type, stored_kind
from .names import escape_pointer, to_title
from .policies import TablePolicy
from .vectors import is_vector


@dataclass(frozen=True, slots=True, eq=False)
class Computed:
    """An expression that is computed of each row.

    Args:
        condition: The expression, over the columns of one row.
        policies: The policies of all resources, by their tables; those that are open are left out.
        scale: Digits after the point that decimals are to have; None where all are kept, and where
            it computes something else.
        has_scale: Whether they have these by themselves where decimals are computed exactly.
    """

    condition: Condition
    policies: Mapping[SQLTable, TablePolicy]
    scale: int | None
    has_scale: bool


@dataclass(frozen=True, eq=False)
class Field:
    """One column, as the wire sees it.

    Args:
        name: Its name on the wire: the alias where the model gives one.
        key: The attribute's name in Python.
        column: The column.
        sql_type: Its type on the database that the catalog is for.
        info: What Pydantic knows of it.
        declared: Its Python type, with `None` where it takes that.
        annotation: The same without `None`.
        kind: The kind of its values.
        to_column: Makes a value of its annotation one of its column; None where it is one.
        from_column: Makes a value of its column one of its annotation; None where it is one.
        text_form: How its values are written as texts, where they are bytes.
        nullable: Whether the column takes NULL.
        primary_key: Whether it is part of the key.
        readable: Whether clients may see it.
        hidden_by_name: Whether they may not for no reason but its name.
        writable: Whether clients may set it.
        filled: Whether a new row that is given no value gets one from its column or the database.
        default: Makes the value of a new row that is given none; None where the database does, or
            it depends on the rest of the row.
        computed: What computes its values, where its column is none of the table.
    """

    name: str
    key: str
    column: Column[Any]
    sql_type: TypeEngine[Any]
    info: FieldInfo
    declared: Any
    annotation: Any
    kind: Kind
    to_column: Convert | None
    from_column: Convert | None
    text_form: TextForm | None
    nullable: bool
    primary_key: bool
    readable: bool
    hidden_by_name: bool
    writable: bool
    filled: bool
    default: Callable[[], Any] | None
    computed: Computed | None

    @cached_property
    def title(self) -> str:
        """Its name as words with a capital."""
        return to_title(self.name)

    @cached_property
    def step(self) -> str:
        """Where it stands in an object, as the end of a JSON Pointer."""
        return f"/{escape_pointer(self.name)}"

    @cached_property
    def value_name(self) -> str:
        """Name of the parameter that holds its new value; SQLAlchemy reserves the column's."""
        return f"v_{self.key}"

    @cached_property
    def is_array(self) -> bool:
        """Whether its column holds arrays, or vectors."""
        return isinstance(storage_type(self.sql_type), ARRAY) or is_vector(self.sql_type)

    @cached_property
    def stored_kind(self) -> Kind | None:
        """The kind of what its column stores; None where a type of the user's own makes it."""
        return None if is_decorated(self.sql_type) else stored_kind(self.sql_type)

    @cached_property
    def is_text_of_a_class(self) -> bool:
        """Whether its column of texts stands for values of some class, such as addresses."""
        return self.kind is Kind.TEXT and bare_class(self.annotation) is not str

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        """What makes values of its annotation."""
        return TypeAdapter(self.annotation)
