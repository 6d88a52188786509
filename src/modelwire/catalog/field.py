"""Fields: columns of a resource and their representation on the wire."""

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
    """Expression that computes a field of each row.

    Args:
        condition: The expression, over the columns of one row.
        policies: The policies of all resources except open ones, by their tables.
        scale: Decimal places to round to; None to keep all, and for values that are not decimals.
        has_scale: Whether values have this scale by themselves if decimals are computed exactly.
    """

    condition: Condition
    policies: Mapping[SQLTable, TablePolicy]
    scale: int | None
    has_scale: bool


@dataclass(frozen=True, eq=False)
class Field:
    """Field: a column and its representation on the wire.

    Args:
        name: Its name on the wire: the alias if the model has one.
        key: The attribute's name in Python.
        column: The column.
        sql_type: Its type on the catalog's database.
        info: Pydantic's description of it.
        declared: Its Python type, with `None` if it allows that.
        annotation: The same without `None`.
        kind: The kind of its values.
        to_column: Converts a value of the annotation to one of the column; None for no conversion.
        from_column: Converts a value of the column to one of the annotation; None for no
            conversion.
        text_form: The text form of its values if they are bytes.
        nullable: Whether the column takes NULL.
        primary_key: Whether it is part of the key.
        readable: Whether clients may see it.
        hidden_by_name: Whether it is hidden only because of its name.
        writable: Whether clients may set it.
        filled: Whether its column or the database fills it in new rows without a value.
        default: Makes the value for new rows without one; None if the database does, or if it
            depends on the rest of the row.
        computed: The expression that computes it, if it is not a column of the table.
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
        """Its name as words, capitalised."""
        return to_title(self.name)

    @cached_property
    def step(self) -> str:
        """Its place in an object, as the end of a JSON Pointer."""
        return f"/{escape_pointer(self.name)}"

    @cached_property
    def value_name(self) -> str:
        """The name of the parameter with its new value; SQLAlchemy reserves the column's name."""
        return f"v_{self.key}"

    @cached_property
    def is_array(self) -> bool:
        """Whether its column holds arrays or vectors."""
        return isinstance(storage_type(self.sql_type), ARRAY) or is_vector(self.sql_type)

    @cached_property
    def stored_kind(self) -> Kind | None:
        """The kind that its column stores; None if the user's own type converts the values."""
        return None if is_decorated(self.sql_type) else stored_kind(self.sql_type)

    @cached_property
    def is_text_of_a_class(self) -> bool:
        """Whether its column stores texts for values of a class other than `str`, such as
        addresses."""
        return self.kind is Kind.TEXT and bare_class(self.annotation) is not str

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        """The adapter that validates values of its annotation."""
        return TypeAdapter(self.annotation)
