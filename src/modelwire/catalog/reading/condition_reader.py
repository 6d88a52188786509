"""Reads the conditions of policies, and rejects those that can't be evaluated for each row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from sqlalchemy import (
    BinaryExpression,
    BindParameter,
    Boolean,
    ClauseElement,
    ColumnElement,
    False_,
    FromClause,
    Select,
    TextClause,
    True_,
    UpdateBase,
    false,
    literal,
    null,
    select,
)
from sqlalchemy import Table as SQLTable
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects import registry
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.expression import ClauseList, ColumnClause, Grouping, UnaryExpression
from sqlalchemy.sql.selectable import AliasedReturnsRows, Join, SelectBase
from sqlalchemy.types import NullType, TupleType

from ...access.caller import Caller, CallerValue
from ...access.principal import Parameter
from ...compat.sqlalchemy import is_correlated, without_annotations
from ...dialect import Dialect
from ...errors import ConfigurationError
from ..conditions import IN_OPERATORS, Condition, Slot, outside_subqueries
from ..kinds import storage_type
from .parameters import Parameters

_ROW = "policy_row"


class ConditionReader:
    """Reader of the conditions of one table's policies.

    Args:
        table: The table.
        caller: The caller of the application, if it has one.
        parameters: The parameters of all its policies; parameters in use are added.
        dialect: The dialect of the database; None for no particular one.
    """

    def __init__(
        self,
        table: SQLTable,
        caller: Caller | None,
        parameters: Parameters,
        dialect: Dialect | None,
    ) -> None:
        self._table = table
        self._caller = caller
        self._parameters = parameters
        self._dialect = None if dialect is None else registry.load(dialect.name)()
        self._row = table.alias(_ROW)

    @property
    def has_caller(self) -> bool:
        """Whether the application has a caller."""
        return self._caller is not None

    def read(self, given: object, place: str) -> Condition:
        """Read a condition.

        Args:
            given: The condition, as the user wrote it.
            place: Its place, for messages, as in `Invoice, policy.read`.

        Raises:
            ConfigurationError: It is not a condition that can be evaluated for each row of the
                table.
        """
        return self._read_in(place, lambda: self._read(_to_element(given)))

    def _read_in(self, place: str, read: Callable[[], Condition]) -> Condition:
        try:
            return read()
        except _Unfit as exc:
            raise ConfigurationError(f"Resource({place}): {exc}") from None
        except (SQLAlchemyError, AttributeError) as exc:
            fault = str(exc).splitlines()[0]
            raise ConfigurationError(
                f"Resource({place}): it can't be written as SQL: {fault}. In a subquery, join by a "
                "condition, as in .join(Team, Team.id == Hero.team_id), and not by a relationship."
            ) from exc

    def read_value(self, given: object, place: str) -> Condition:
        """Read an expression of any type, in the form of a condition.

        Args:
            given: The expression, as the user wrote it.
            place: Its place, for messages.

        Raises:
            ConfigurationError: It is not an expression that can be evaluated for each row of the
                table.
        """
        is_value = isinstance(given, Select) and len(given.selected_columns) == 1
        element = given.scalar_subquery() if isinstance(given, Select) and is_value else given
        if not (isinstance(element, ColumnElement) or hasattr(element, "__clause_element__")):
            raise ConfigurationError(
                f"Resource({place}): {type(element).__name__} is not a value in SQLAlchemy's "
                "expression language, such as Invoice.net + Invoice.tax, or select(…) of one value."
            )
        return self._read_in(place, lambda: self._write(_to_element(element)))

    def check_value(self, value: CallerValue) -> None:
        """Check that an attribute belongs to the application's own caller.

        Raises:
            ConfigurationError: The application has no caller, or another one.
        """
        if self._caller is None:
            raise _Unfit(
                f"it uses me.{value.attribute.name}, and the application has no caller. Give "
                "mount(caller=me)."
            )
        if value.caller is not self._caller:
            raise _Unfit(
                f"it uses the attribute {value.attribute.name} of {value.caller!r}, which is not "
                f"the caller that mount(caller=…) has, {self._caller!r}."
            )

    def _read(self, element: ColumnElement[Any]) -> Condition:
        if isinstance(element, (True_, False_)):
            return Condition(
                element, self._table, self._row, (), isinstance(element, True_), of_row=False
            )
        if not _is_condition(element):
            raise _Unfit(
                f"{_shorten(element)} is not a condition; compare it with something. A function "
                "that returns a condition needs type_=Boolean."
            )
        return self._write(element)

    def _write(self, element: ColumnElement[Any]) -> Condition:
        self._check_kinds(element)
        plain = without_annotations(element)
        used: list[Parameter] = []
        written = self._replace(plain, self._types_in(plain), used)
        self._check_scope(written)
        return Condition(
            written,
            self._table,
            self._row,
            tuple(dict.fromkeys(used)),
            None,
            self._is_of_row(written),
        )

    def _check_kinds(self, element: ColumnElement[Any]) -> None:
        for part in outside_subqueries(element):
            table = getattr(part, "table", None) if isinstance(part, ColumnClause) else None
            if isinstance(part, TextClause) or (isinstance(part, ColumnClause) and table is None):
                raise _Unfit(
                    f"{_shorten(part)} is text, which can't be written for an alias of the table. "
                    "Write it in SQLAlchemy's expression language."
                )
            if isinstance(part, ColumnClause) and table != self._table:
                raise _Unfit(
                    f"{_shorten(part)} is a column of another table. Ask for a row of that by "
                    "Model.relation.has(…) or .any(…), or by a subquery."
                )
        for part in visitors.iterate(element):
            if isinstance(part, UpdateBase):
                raise _Unfit("it changes rows.")

    def _types_in(self, element: ColumnElement[Any]) -> dict[int, ColumnElement[Any]]:
        """Return the operand that each attribute of the caller is compared with, by the attribute's
        id."""
        found: dict[int, ColumnElement[Any]] = {}
        for part in visitors.iterate(element):
            if not isinstance(part, BinaryExpression) or not operators.is_comparison(part.operator):
                continue
            for value, other in ((part.left, part.right), (part.right, part.left)):
                if not isinstance(value, CallerValue):
                    continue
                is_in = part.operator in IN_OPERATORS and value is part.right
                if isinstance(other, BindParameter) or value.attribute.is_many is not is_in:
                    continue
                if found.setdefault(id(value), other).type is not other.type:
                    raise _Unfit(
                        f"me.{value.attribute.name} is one object that is compared with columns of "
                        "several types. Write it out in each place."
                    )
        return found

    def _replace(
        self,
        element: ColumnElement[Any],
        compared: dict[int, ColumnElement[Any]],
        used: list[Parameter],
    ) -> ColumnElement[bool]:
        aliases: dict[SQLTable, FromClause] = {}

        def alias(table: SQLTable, row: FromClause | None) -> FromClause:
            if row is not None and table is self._table:
                return row
            return aliases.setdefault(table, table.alias(f"policy_{table.name}"))

        def traverse(root: Any, row: FromClause | None) -> Any:
            def replace(element: Any, **_: Any) -> Any:
                if isinstance(element, Select) and element is not root and row is not None:
                    is_own = _reads(element, self._table)
                    return traverse(element, None) if is_own else None
                if isinstance(element, AliasedReturnsRows) and isinstance(
                    element.element, SQLTable
                ):
                    return element  # other rows, even if they are of the row's own table
                if isinstance(element, SQLTable):
                    return alias(element, row)
                if isinstance(element, ColumnClause) and isinstance(element.table, SQLTable):
                    return alias(element.table, row).c[element.key]
                if isinstance(element, BindParameter):
                    return self._replace_value(element, compared.get(id(element)), used)
                return None

            return visitors.replacement_traverse(root, {}, replace)

        return cast("ColumnElement[bool]", traverse(element, self._row))

    def _replace_value(
        self,
        part: BindParameter[Any],
        compared: ColumnElement[Any] | None,
        used: list[Parameter],
    ) -> Any:
        if isinstance(part, CallerValue):
            self.check_value(part)
            name = part.attribute.name
            if part.attribute.is_many and compared is None:
                raise _Unfit(f"me.{name} is a collection: write Model.column.in_(me.{name}).")
            if part.expanding and not part.attribute.is_many:
                raise _Unfit(f"me.{name} is not a collection: write Model.column == me.{name}.")
            fault, parameter = self._parameters.add(part, compared)
            if parameter is None:
                raise _Unfit(fault)
            used.append(parameter)
            return Slot(parameter)
        if part.required:
            raise _Unfit(f"nothing gives its parameter {part.key} a value.")
        return _spell_out(part) if part.expanding else None

    def _check_scope(self, written: ColumnElement[bool]) -> None:
        """Check that a condition is about one row, and that every subquery is correlated with
        it."""
        probe = self._table.alias("policy_probe")
        about = Condition(written, self._table, self._row, (), None, of_row=True)
        statement = select(literal(1)).select_from(probe).where(about.on(probe))
        text = str(statement.compile(dialect=self._dialect))
        stray = any(
            isinstance(part, ColumnClause) and isinstance(part.table, SQLTable)
            for part in visitors.iterate(written)
        )
        name = self._table.name
        if stray or text.count(" AS policy_probe") != 1:
            raise _Unfit(
                f"a subquery in it reads {name} together with other tables, and so is not "
                f"correlated with the row. Read {name} there as aliased(…), or add .correlate(…)."
            )

    def _is_of_row(self, written: ColumnElement[bool]) -> bool:
        # A condition that reads tables depends on rows, if not on this one: they may change.
        return any(
            isinstance(part, (ColumnClause, SelectBase)) for part in visitors.iterate(written)
        )


class _Unfit(ConfigurationError):
    """A condition can't be used; the message says why, without its place."""


def _to_element(given: object) -> ColumnElement[Any]:
    element: object = given
    while not isinstance(element, ColumnElement) and hasattr(element, "__clause_element__"):
        element = element.__clause_element__()
    if isinstance(element, ColumnElement):
        return element
    if isinstance(element, bool):
        raise _Unfit(
            f"{element} is a plain value; write {'everyone' if element else 'nobody'} if that is "
            "meant. Conditions are joined by & and |, and negated by ~, not by `and`, `or`, `not`."
        )
    raise _Unfit(
        f"{type(element).__name__} is not a condition in SQLAlchemy's expression language, such as "
        "Invoice.organisation_id == me.organisation_id, everyone or nobody."
    )


def _is_condition(element: Any) -> bool:
    if isinstance(element, (Grouping, UnaryExpression)) and isinstance(element.type, NullType):
        # SQLAlchemy gives the negation of several conditions no type.
        return _is_condition(cast("ColumnElement[Any]", element.element))
    return isinstance(storage_type(element.type), Boolean)


def _reads(query: Select[Any], table: SQLTable) -> bool:
    """Whether a subquery reads a table anew, and is not correlated with the row."""
    sources = query.get_final_froms()
    if any(isinstance(source, Join) and table in _tables_of(source) for source in sources):
        return True
    return table in sources and not is_correlated(query, table, sources)


def _tables_of(join: Join) -> set[FromClause]:
    found: set[FromClause] = set()
    for side in (join.left, join.right):
        found |= _tables_of(side) if isinstance(side, Join) else {side}
    return found


def _spell_out(part: BindParameter[Any]) -> ClauseElement:
    """Write out a list in a condition value by value: its length is known and fixed."""
    if isinstance(part.type, TupleType):
        raise _Unfit("it compares several columns with a list at once; write it with | and &.")
    values = list(part.value or ())
    if not values:
        return select(sql_cast(null(), part.type)).where(false()).scalar_subquery()
    items = (BindParameter(None, value, type_=part.type, unique=True) for value in values)
    return ClauseList(*items).self_group(against=operators.in_op)


def _shorten(element: object) -> str:
    text = " ".join(str(element).split())
    return text if len(text) <= 60 else f"{text[:57]}…"
