"""One statement in place of many of the same shape: parameters become columns of a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Select,
    cast,
    literal_column,
    select,
    true,
)
from sqlalchemy.sql.visitors import iterate, replacement_traverse
from sqlalchemy.types import TypeEngine, UserDefinedType

from ..catalog.kinds import is_decorated
from .dialect import SQLDialect
from .dialects.postgresql_types import PostgreSQLList

_ASKED = "modelwire_asked"
"""The name of the list, which no table has."""


def parameters_of(sql: Select[Any]) -> Sequence[BindParameter[Any]]:
    """Return the parameters of a statement that are bound for each execution, each once."""
    found = [e for e in iterate(sql) if isinstance(e, BindParameter) and e.required]
    return list({parameter.key: parameter for parameter in found}.values())


def can_gather(parameters: Sequence[BindParameter[Any]], dialect: SQLDialect) -> bool:
    """Whether a list can hold values of some parameters without changing them."""
    return dialect.gathers_reads and all(_can_list(p.type) for p in parameters)


def _can_list(sql_type: TypeEngine[Any]) -> bool:
    if type(sql_type) is ARRAY:
        return PostgreSQLList.can_hold(sql_type.item_type)
    return not (is_decorated(sql_type) or isinstance(sql_type, (ARRAY, UserDefinedType)))


def build_gathered(
    sql: Select[Any], parameters: Sequence[BindParameter[Any]], dialect: SQLDialect
) -> Select[Any]:
    """Write one statement for many executions of a statement.

    The values of its parameters are in the parameter `ROWS`, in their order: one row for each
    execution. Each row of the result is followed by the position of its execution there, from 0.

    Args:
        sql: The statement, including the conditions of policies.
        parameters: Its parameters.
        dialect: The database's dialect.
    """
    given, items, position = dialect.given_values([_listed(p.type) for p in parameters])
    names = [f"c{i}" for i in range(len(items))]
    labelled = [item.label(name) for item, name in zip(items, names, strict=True)]
    asked = select(*labelled, position.label("place")).select_from(given).cte(_ASKED)
    # By name: columns of the list would add it to the FROM of every subquery that compares them.
    columns = {
        p.key: _read(literal_column(f"{_ASKED}.{name}", p.type), p.type)
        for p, name in zip(parameters, names, strict=True)
    }

    def replace(element: Any, **_options: Any) -> ColumnElement[Any] | None:
        is_given = isinstance(element, BindParameter) and element.required
        return columns[element.key] if is_given else None

    # With an OFFSET, each execution has the same plan as it would have alone: PostgreSQL does not
    # look for a plan that is better for all of them, such as a scan of the whole table.
    one: Any = replacement_traverse(sql, {}, replace)
    found = one.offset(literal_column("0")).lateral("modelwire_found")
    place = asked.c.place - dialect.first_place if dialect.first_place else asked.c.place
    return select(*found.c, place).select_from(asked.join(found, true()))


def _listed(sql_type: TypeEngine[Any]) -> TypeEngine[Any]:
    """Return the type of a column of the list; an array is passed as a text."""
    return PostgreSQLList(sql_type.item_type) if isinstance(sql_type, ARRAY) else sql_type


def _read(column: ColumnElement[Any], sql_type: TypeEngine[Any]) -> ColumnElement[Any]:
    return cast(column, sql_type) if isinstance(sql_type, ARRAY) else column
