"""Policies in statements that an application writes itself, of any form.

SQLAlchemy writes every table that a statement reads by one method of its compiler. Here, that
method looks up the rows that the caller may see, and writes a subquery of them instead. So joins,
subqueries, unions, EXISTS and relationship loading need no special treatment. SQL in text is not
inspected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from functools import partial
from typing import Any, NamedTuple, NoReturn

from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    Select,
    SelectBase,
    TableClause,
    select,
)
from sqlalchemy import Table as SQLTable
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import coercions, roles, visitors

from ..access.caller import PREFIX
from ..access.policy import Action
from ..access.principal import Principal
from ..catalog.relation import Relation
from ..catalog.tables import Catalog, Table
from ..compat.sqlalchemy_compiler import (
    Clause,
    ask_instead,
    dialect_through,
    give_values,
)
from ..errors import ConfigurationError
from ..resource import Resource
from ..shape.parts import Lock
from .dialect import SQLDialect
from .door import (
    column_in,
    every_row_of,
    exists_in,
    links_of,
    render_allowed,
    rows_of,
    select_seen,
)
from .for_update import for_update
from .lists import expand_rows, in_rows

Pairs = tuple[tuple[Column[Any], Column[Any]], ...]
"""Columns of a row, each with the column of a link that refers to it."""


class Asking(NamedTuple):
    """Caller that runs a statement, and whether the statement may change rows.

    Args:
        principals: The caller, as the policies of each catalog know it.
        changes: Whether the statement is a change whose rows have been checked.
    """

    principals: Mapping[Catalog, Principal]
    changes: bool = False


ASKING: ContextVar[Asking] = ContextVar("modelwire_asking")
"""The caller of the current statement; a statement with policies fails without one."""


class Served(NamedTuple):
    """Resource with the catalog whose policies apply to it."""

    catalog: Catalog
    table: Table


class CallerDoor:
    """Rows that callers may see of an application's tables, for statements of any form.

    Args:
        catalogs: Its resources, one catalog for each `mount`.
        dialect: The dialect of the database.
    """

    def __init__(self, catalogs: Sequence[Catalog], dialect: SQLDialect) -> None:
        self._catalogs = tuple(catalogs)
        self._dialect = dialect
        self._rows: dict[str, Select[Any] | None] = {}
        self._dialects: dict[Dialect, Dialect] = {}

    def find(self, sql: TableClause) -> Served:
        """Find the resource of a table.

        Raises:
            ConfigurationError: No policy applies to its rows, or two mounts have different
                policies.
        """
        found = self.serves(sql)
        if found is None:
            raise ConfigurationError(
                f"{sql.fullname}: the session of a caller reads and writes resources, but this "
                "table is not one, so no policy says who may see its rows. Give it a Resource with "
                "a policy=, or use SessionDep or UnitOfWorkDep, to which no policies apply."
            )
        return found

    def serves(self, sql: TableClause) -> Served | None:
        """Find the resource of a table, if it is one."""
        name = sql.fullname
        found = [Served(c, c.tables[name]) for c in self._catalogs if name in c.tables]
        for other in found:
            if not _are_alike(found[0].table.resource, other.table.resource):
                raise ConfigurationError(
                    f"{name}: it is mounted more than once, with different policies, and the "
                    "session of a caller can't tell which one is meant. Give all the same policy "
                    "and the same assigned values, or use SessionDep or UnitOfWorkDep."
                )
        return found[0] if found else None

    def rows_of(self, sql: TableClause) -> Select[Any] | None:
        """Return the rows of a table that the caller may see; None if every caller may see all.

        Raises:
            ConfigurationError: No policy applies to them.
        """
        name = sql.fullname
        if name not in self._rows:
            link = self._find_link(name) if self.serves(sql) is None else None
            if link is not None:
                self._rows[name] = self._links_seen(link)
            else:
                self._rows[name] = self._rows_seen(self.find(sql))
        return self._rows[name]

    def _rows_seen(self, found: Served) -> Select[Any] | None:
        seen = select_seen(found.table, self._dialect)
        return None if seen is None else self.ask(seen, found.catalog)

    def _find_link(self, name: str) -> SQLTable | None:
        """Return the link table of a given name, if it links resources."""
        return next((links for links, *_ in self._relations_by(name)), None)

    def _relations_by(self, name: str) -> Iterator[tuple[SQLTable, Catalog, Table, Relation]]:
        """Yield the relations whose link table has a given name and is not a resource."""
        for catalog in self._catalogs:
            for table in catalog.tables.values():
                for relation in table.relations.values():
                    links = links_of(relation, self._dialect)
                    if isinstance(links, SQLTable) and links.fullname == name:
                        yield links, catalog, table, relation

    def _links_seen(self, sql: SQLTable) -> Select[Any] | None:
        """Return the links both of whose ends the caller may see."""
        links, seen = sql.alias(), {}
        for _, catalog, table, relation in self._relations_by(sql.fullname):
            own = tuple(zip(relation.local, relation.remote, strict=True))
            target = catalog.target_of(relation)
            for end, pairs in ((table, own), (target, tuple(relation.link_target))):
                if not end.policy.read.constant:
                    written = self._is_seen(end, pairs, links)
                    seen[end.name, pairs] = self.ask(written, catalog)
        return select(links).where(*seen.values()) if seen else None

    def _is_seen(self, end: Table, pairs: Pairs, links: FromClause) -> ColumnElement[bool]:
        rows = rows_of(end, self._dialect)
        same = (column_in(rows, own) == column_in(links, linked) for own, linked in pairs)
        return exists_in(rows, *same)

    def select_to_change(
        self,
        found: Served,
        columns: Sequence[Column[Any]],
        where: ColumnElement[bool] | None,
        lock: Lock,
        action: Action,
    ) -> Select[Any]:
        """Select the rows of a resource that a change is about and that may be changed, and lock
        them.

        Args:
            found: The resource.
            columns: The columns to read.
            where: The condition of the change; None for all rows.
            lock: The lock to take on the rows until the transaction ends.
            action: The kind of change.
        """
        allowed = render_allowed(found.table, action, self._dialect)
        sql = select(*columns).where(self.ask(allowed, found.catalog))
        sql = sql.order_by(*found.table.key_columns)
        sql = for_update(sql, lock, every_row_of(found.table))
        return sql if where is None else sql.where(where)

    def write_among(self, found: Served, keys: Sequence[Sequence[Any]]) -> ColumnElement[bool]:
        """Write that the key of a resource's row is one of some keys."""
        columns = found.table.key_columns
        given = expand_rows(len(columns), self._dialect)(keys)
        return give_values(in_rows(columns, self._dialect), given)

    def ask(self, condition: Clause, catalog: Catalog) -> Clause:
        """Bind the parameters of a condition to attributes of the caller who runs the statement."""

        def find(name: str) -> Callable[[], Any] | None:
            return partial(_take, catalog, name) if name.startswith(PREFIX) else None

        return ask_instead(condition, find)

    def dialect_of(self, dialect: Dialect) -> Dialect:
        """Return a variant of an engine's dialect that writes statements under policies."""
        known = self._dialects.get(dialect)
        if known is None:
            known = dialect_through(dialect, self)
            self._dialects[dialect] = self._dialects[known] = known
        return known

    def begin_change(self, *, is_part: bool) -> None:
        """Allow a statement to change rows that have been checked.

        Raises:
            ConfigurationError: They have not been, since the change is part of another statement.
        """
        if is_part or not ASKING.get().changes:
            raise ConfigurationError(
                "The session of a caller changes rows by update(…) and delete(…) as statements of "
                "their own, not as parts of other statements."
            )

    def refuse_insert(self) -> NoReturn:
        """Refuse an INSERT that would bypass the session's own checks.

        Raises:
            ConfigurationError: Always.
        """
        raise ConfigurationError(
            "The session of a caller writes new rows as objects, which it checks: session.add(…)."
        )


def reads_rows(value: Any, sql: TableClause) -> bool:
    """Whether an expression for a value of a table's row reads other rows than this one."""
    expression = coercions.expect(roles.ExpressionElementRole, value)
    return any(
        isinstance(part, SelectBase)
        or (isinstance(part, Column) and not sql.columns.contains_column(part))
        for part in visitors.iterate(expression)
    )


def _take(catalog: Catalog, name: str) -> Any:
    return ASKING.get().principals[catalog].values[name]


def _are_alike(some: Resource, other: Resource) -> bool:
    pairs = (
        (some.assign_on_create, other.assign_on_create),
        (some.assign_on_update, other.assign_on_update),
    )
    same = all(a.keys() == b.keys() and all(a[n] is b[n] for n in a) for a, b in pairs)
    alike = some.policy is other.policy and some.soft_delete == other.soft_delete
    return alike and same
