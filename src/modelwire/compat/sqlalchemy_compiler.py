"""Hooks into SQLAlchemy's compilation of statements, for compilers of other classes.

Tried with 2.0.58 and with 2.1.9. Documented nowhere are

- of compilers: `visit_table`, `visit_column`, `visit_insert`, `visit_update` and `visit_delete`,
  and what they are given; `construct_params`, `bind_names`, `stack` and its entries, `preparer`,
  `_truncated_identifier` and `get_render_as_alias_suffix`, and `_compiler_dispatch` of clauses;
- `effective_value` of a parameter, and that `dialect` of a connection may be replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from typing import Any, ClassVar, NoReturn, Protocol, TypeVar, cast

from sqlalchemy import BindParameter, ClauseElement, Connection, Select, TableClause
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import visitors
from sqlalchemy.sql.compiler import SQLCompiler

Clause = TypeVar("Clause", bound=ClauseElement)


class Door(Protocol):
    """Rules on what statements may read and write."""

    def rows_of(self, sql: TableClause) -> Select[Any] | None:
        """Return the rows that a statement reads in place of a table; None for the table itself."""

    def begin_change(self, *, is_part: bool) -> None:
        """Allow a statement to change rows of a table, or raise.

        Args:
            is_part: Whether it is a part of another statement.
        """

    def refuse_insert(self) -> NoReturn:
        """Raise, since a statement would add rows."""


class AskedParameter(BindParameter[Any]):
    """Parameter whose value is asked for when a statement is run, and not given to it."""

    inherit_cache = True


def ask_instead(clause: Clause, find: Callable[[str], Callable[[], Any] | None]) -> Clause:
    """Have parameters in an expression ask for their values.

    Values that a statement is given for them have no effect.

    Args:
        clause: The expression, which stays as it is.
        find: Returns the callable that gives the value of the parameter with a name; None to leave
            it as it is.

    Returns:
        A copy.
    """

    def replace(element: Any, **_: Any) -> Any:
        take = find(element.key) if isinstance(element, BindParameter) else None
        if take is None:
            return None
        return AskedParameter(None, callable_=take, type_=element.type, unique=True)

    return cast("Clause", visitors.replacement_traverse(clause, {}, replace))


def give_values(clause: Clause, values: Mapping[str, Any]) -> Clause:
    """Return a copy of an expression with the values of its parameters in it."""

    def replace(element: Any, **_: Any) -> Any:
        if not isinstance(element, BindParameter) or element.key not in values:
            return None
        return BindParameter(None, values[element.key], type_=element.type, unique=True)

    return cast("Clause", visitors.replacement_traverse(clause, {}, replace))


def dialect_through(dialect: Dialect, door: Door) -> Dialect:
    """Return a dialect that compiles statements as another one does, through a door."""
    made = copy(dialect)
    base = dialect.statement_compiler
    made.statement_compiler = type(f"Served{base.__name__}", (DoorCompiler, base), {"door": door})
    return made


@contextmanager
def compiling_by(connection: Connection, dialect: Dialect) -> Iterator[None]:
    """Have a connection compile the statements that run in the block by a dialect."""
    plain = connection.dialect
    connection.dialect = dialect
    try:
        yield
    finally:
        connection.dialect = plain


class DoorCompiler(SQLCompiler):
    """Compiler that writes what a door gives for a table, wherever a statement reads one.

    Attributes:
        door: The door.
    """

    door: ClassVar[Door]
    _within = 0

    def visit_table(  # type: ignore[no-untyped-def, override]
        self, table, asfrom=False, iscrud=False, ashint=False, enclosing_alias=None, **kw
    ) -> str:
        """Write a table."""
        is_read = (asfrom or ashint) and not (iscrud or self._within)
        rows = self.door.rows_of(table) if is_read else None
        if rows is None:
            kw.update(iscrud=iscrud, ashint=ashint, enclosing_alias=enclosing_alias)
            text: str = super().visit_table(table, asfrom=asfrom, **kw)  # type: ignore[no-untyped-call]
            return text
        name = self._name_of(table, kw.get("ambiguous_table_name_map"))
        if ashint:
            return self.preparer.quote(name)
        if linter := kw.get("from_linter"):
            linter.froms[table] = table.fullname
        text = self._write_rows(rows, kw)
        if enclosing_alias is not None and enclosing_alias.element is table:
            return text
        return f"{text}{self.get_render_as_alias_suffix(self.preparer.quote(name))}"  # type: ignore[no-untyped-call]

    def _write_rows(self, rows: Select[Any], options: Mapping[str, Any]) -> str:
        passed = {name: options[name] for name in _PASSED if name in options}
        self._within += 1
        try:
            return f"({rows._compiler_dispatch(self, asfrom=True, **passed)})"
        finally:
            self._within -= 1

    def visit_column(self, column, include_table=True, **kw):  # type: ignore[no-untyped-def, override]
        """Write a column; the subquery that replaces its table has no schema."""
        table = column.table
        is_stood_for = (
            include_table
            and isinstance(table, TableClause)
            and not self._within
            and not self._is_changed(table)
            and self.preparer.schema_for_object(table)
            and self.door.rows_of(table) is not None
        )
        if not is_stood_for:
            return super().visit_column(column, include_table=include_table, **kw)
        name = super().visit_column(column, include_table=False, **kw)
        return f"{self.preparer.quote(self._name_of(table, None))}.{name}"

    def _is_changed(self, table: Any) -> bool:
        """Whether a table is the one that is changed by the statement that names it."""
        for entry in reversed(self.stack):
            # The table that a mapped class knows is equal to it, but not identical.
            if table in entry["asfrom_froms"]:
                statement: Any = entry["selectable"]
                return bool(statement.is_dml) and statement.table == table
        return False

    def _name_of(self, table: Any, ambiguous: Mapping[str, str] | None) -> str:
        """Return the name of the subquery that replaces a table, without a schema."""
        schema = self.preparer.schema_for_object(table)
        if schema:
            return f"{schema}.{table.name}"
        if ambiguous and table.name in ambiguous:
            return self._truncated_identifier("alias", ambiguous[table.name])  # type: ignore[arg-type]
        return str(table.name)

    def construct_params(self, *args: Any, **options: Any) -> Any:
        """Return the values of the parameters for one run, asking for those that are not given."""
        values: Any = super().construct_params(*args, **options)
        for parameter, name in self.bind_names.items():
            if isinstance(parameter, AskedParameter):
                values[name] = parameter.effective_value
        return values

    def visit_insert(self, *_args, **_kw):  # type: ignore[no-untyped-def]
        """Refuse to write new rows."""
        self.door.refuse_insert()

    def visit_update(self, update_stmt, visiting_cte=None, **kw):  # type: ignore[no-untyped-def]
        """Write an UPDATE."""
        self._begin_change(visiting_cte)
        return super().visit_update(update_stmt, visiting_cte=visiting_cte, **kw)

    def visit_delete(self, delete_stmt, visiting_cte=None, **kw):  # type: ignore[no-untyped-def]
        """Write a DELETE."""
        self._begin_change(visiting_cte)
        return super().visit_delete(delete_stmt, visiting_cte=visiting_cte, **kw)  # type: ignore[no-untyped-call]

    def _begin_change(self, visiting_cte: object) -> None:
        self.door.begin_change(is_part=bool(self.stack) or visiting_cte is not None)


_PASSED = ("literal_binds", "render_postcompile")
"""Options of a statement's parts that also hold for the subquery that replaces a table."""
