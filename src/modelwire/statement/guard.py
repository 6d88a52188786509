"""The same door for statements that an application writes itself, whatever they are made of.

SQLAlchemy writes every table that a statement reads by one method of its compiler. Here that method
asks what the caller may see of the table, and writes that in its place. So joins, subqueries,
unions, EXISTS and what relationships load need nothing of their own. Text is not looked into.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from copy import copy
from functools import partial
from typing import Any, ClassVar, NamedTuple

from sqlalchemy import BindParameter, ColumnElement, FromClause, Select, TableClause, exists, select
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import visitors
from sqlalchemy.sql.compiler import SQLCompiler

from ..access.caller import PREFIX
from ..access.policy import Action
from ..access.principal import Principal
from ..catalog.tables import Catalog, Relation, Table
from ..errors import ConfigurationError
from ..resource import Resource
from .dialect import SQLDialect
from .source import rows_of, write_condition


class Asking(NamedTuple):
    """Who runs a statement, and whether it may change rows.

    Args:
        principals: The caller, as the policies of each catalog know it.
        changes: Whether the statement begins as a change whose rows were looked at.
    """

    principals: Mapping[Catalog, Principal]
    changes: bool = False


ASKING: ContextVar[Asking] = ContextVar("modelwire_asking")
"""Who runs the statement at hand; what asks for it while nobody does, does not run."""


class Guarded(NamedTuple):
    """A resource, and the catalog whose policies hold for it."""

    catalog: Catalog
    table: Table


class Guard:
    """What callers may see of the tables of an application, for statements of any kind.

    Args:
        catalogs: Its resources, those of each `mount`.
        dialect: The dialect of the database.
    """

    def __init__(self, catalogs: Sequence[Catalog], dialect: SQLDialect) -> None:
        self._catalogs = tuple(catalogs)
        self._dialect = dialect
        self._rows: dict[str, Select[Any] | None] = {}
        self._dialects: dict[Dialect, Dialect] = {}

    def find(self, sql: TableClause) -> Guarded:
        """Find the resource of a table.

        Raises:
            ConfigurationError: Nothing says who may see its rows, or two mounts say it differently.
        """
        found = self.serves(sql)
        if found is None:
            raise ConfigurationError(
                f"{sql.fullname}: the session of a caller reads and writes resources, and this "
                "table is none, so no policy says who may see its rows. Give it a Resource with a "
                "policy=, or use SessionDep or UnitOfWorkDep for it, which no policy holds for."
            )
        return found

    def serves(self, sql: TableClause) -> Guarded | None:
        """Find the resource of a table, if it is one."""
        name = sql.fullname
        found = [Guarded(c, c.tables[name]) for c in self._catalogs if name in c.tables]
        for other in found[1:]:
            if not _are_alike(found[0].table.resource, other.table.resource):
                raise ConfigurationError(
                    f"{name}: it is mounted more than once, with different policies, and the "
                    "session of a caller can't tell which one is meant. Give all the same policy "
                    "and the same assigned values, or use SessionDep or UnitOfWorkDep."
                )
        return found[0] if found else None

    def rows_of(self, sql: TableClause) -> Select[Any] | None:
        """The rows of a table that the caller may see; None where everyone sees all.

        Raises:
            ConfigurationError: Nothing says which.
        """
        name = sql.fullname
        if name not in self._rows:
            links = self._find_links(name) if self.serves(sql) is None else None
            if links is not None:
                self._rows[name] = self._links_seen(*links)
            else:
                self._rows[name] = self._rows_seen(self.find(sql))
        return self._rows[name]

    def _rows_seen(self, found: Guarded) -> Select[Any] | None:
        condition = found.table.policy.read
        if condition.constant:
            return None
        rows = found.table.sql.alias()
        return select(rows).where(
            self.ask(write_condition(condition, rows, self._dialect), found.catalog)
        )

    def _find_links(self, name: str) -> tuple[Catalog, Table, Relation] | None:
        for catalog in self._catalogs:
            for table in catalog.tables.values():
                for relation in table.relations.values():
                    if relation.link is not None and relation.link.fullname == name:
                        return catalog, table, relation
        return None

    def _links_seen(self, catalog: Catalog, table: Table, relation: Relation) -> Select[Any] | None:
        """The links whose both ends the caller may see."""
        target = catalog.target_of(relation)
        ends = (
            (table, list(zip(relation.local, relation.remote, strict=True))),
            (target, list(relation.link_target)),
        )
        assert relation.link is not None
        links = relation.link.alias()
        seen = [self._is_seen(end, pairs, links) for end, pairs in ends if hides(end)]
        return select(links).where(*(self.ask(c, catalog) for c in seen)) if seen else None

    def _is_seen(
        self, end: Table, pairs: Sequence[tuple[Any, Any]], links: FromClause
    ) -> ColumnElement[bool]:
        rows = rows_of(end, self._dialect)
        same = (rows.c[own.key] == links.c[linked.key] for own, linked in pairs)
        return exists().select_from(rows).where(*same).correlate(links)

    def allows(self, found: Guarded, action: Action) -> ColumnElement[bool]:
        """Write of the rows of a resource that the caller may do something to them."""
        condition = found.table.policy.condition(action)
        written = write_condition(condition, found.table.sql, self._dialect)
        return self.ask(written, found.catalog)

    def ask(self, condition: Any, catalog: Catalog) -> Any:
        """Have the parameters of a condition ask who runs the statement.

        Whatever a statement is given, these have no values but the caller's.
        """

        def replace(element: Any, **_: Any) -> Any:
            if not isinstance(element, BindParameter) or not element.key.startswith(PREFIX):
                return None
            take = partial(_take, catalog, element.key)
            return Asked(None, callable_=take, type_=element.type, unique=True)

        return visitors.replacement_traverse(condition, {}, replace)

    def dialect_of(self, dialect: Dialect) -> Dialect:
        """The dialect of an engine, as it writes statements under policies."""
        known = self._dialects.get(dialect)
        if known is None:
            known = copy(dialect)
            base = dialect.statement_compiler
            compiler = type(f"Guarded{base.__name__}", (GuardedCompiler, base), {"guard": self})
            known.statement_compiler = compiler
            self._dialects[dialect] = self._dialects[known] = known
        return known


class Asked(BindParameter[Any]):
    """A parameter that asks for its value who runs the statement."""

    inherit_cache = True


def hides(table: Table) -> bool:
    """Whether there may be rows of a resource that a caller may not see."""
    return not table.policy.read.constant


def _take(catalog: Catalog, name: str) -> Any:
    return ASKING.get().principals[catalog].values[name]


def _are_alike(some: Resource, other: Resource) -> bool:
    pairs = (
        (some.assign_on_create, other.assign_on_create),
        (some.assign_on_update, other.assign_on_update),
    )
    same = all(a.keys() == b.keys() and all(a[n] is b[n] for n in a) for a, b in pairs)
    return some.policy is other.policy and same


class GuardedCompiler(SQLCompiler):
    """Writes what callers may see of a table wherever a statement reads one.

    Attributes:
        guard: What they may see.
    """

    guard: ClassVar[Guard]
    _within = 0
    _changed: object = None

    def visit_table(  # type: ignore[no-untyped-def]
        self,
        table,
        asfrom=False,
        iscrud=False,
        ashint=False,
        enclosing_alias=None,
        **kw,
    ) -> str:
        """Write a table."""
        is_read = (asfrom or ashint) and not (iscrud or self._within)
        rows = self.guard.rows_of(table) if is_read else None
        if rows is None:
            return self._write_table(
                table,
                asfrom=asfrom,
                iscrud=iscrud,
                ashint=ashint,
                enclosing_alias=enclosing_alias,
                **kw,
            )
        name = self._name_of(table, kw.get("ambiguous_table_name_map"))
        if ashint:
            return self.preparer.quote(name)
        linter = kw.get("from_linter")
        if linter:
            linter.froms[table] = table.fullname
        passed = {name: kw[name] for name in _PASSED if name in kw}
        self._within += 1
        try:
            text = f"({rows._compiler_dispatch(self, asfrom=True, **passed)})"
        finally:
            self._within -= 1
        if enclosing_alias is not None and enclosing_alias.element is table:
            return text
        return text + self.get_render_as_alias_suffix(self.preparer.quote(name))

    def visit_column(self, column, include_table=True, **kw):  # type: ignore[no-untyped-def]
        """Write a column; what stands for its table has no schema."""
        table = column.table
        is_stood_for = (
            include_table
            and isinstance(table, TableClause)
            and table is not self._changed
            and not self._within
            and self.preparer.schema_for_object(table)
            and self.guard.rows_of(table) is not None
        )
        if not is_stood_for:
            return super().visit_column(column, include_table=include_table, **kw)
        name = super().visit_column(column, include_table=False, **kw)
        return f"{self.preparer.quote(self._name_of(table, None))}.{name}"

    def _write_table(self, table, **kw) -> str:  # type: ignore[no-untyped-def]
        return super().visit_table(table, **kw)  # type: ignore[no-any-return, no-untyped-call]

    def _name_of(self, table: Any, ambiguous: Mapping[str, str] | None) -> str:
        """What stands for a table in a statement: a name without a schema."""
        schema = self.preparer.schema_for_object(table)
        if schema:
            return f"{schema}.{table.name}"
        if ambiguous and table.name in ambiguous:
            return self._truncated_identifier("alias", ambiguous[table.name])  # type: ignore[arg-type]
        return str(table.name)

    def construct_params(self, *args: Any, **options: Any) -> Any:
        """The values of the parameters for one run, of which no one else gives the caller's."""
        values: Any = super().construct_params(*args, **options)
        for parameter, name in self.bind_names.items():
            if isinstance(parameter, Asked):
                values[name] = parameter.effective_value
        return values

    def visit_insert(self, insert_stmt, **kw):  # type: ignore[no-untyped-def]
        """Refuse to write new rows past the session's own checks."""
        raise ConfigurationError(
            "The session of a caller writes new rows as objects, which it checks: session.add(…)."
        )

    def visit_update(self, update_stmt, visiting_cte=None, **kw):  # type: ignore[no-untyped-def]
        """Write a change of rows that were looked at."""
        self._begin_change(update_stmt, visiting_cte)
        return super().visit_update(update_stmt, visiting_cte=visiting_cte, **kw)

    def visit_delete(self, delete_stmt, visiting_cte=None, **kw):  # type: ignore[no-untyped-def]
        """Write a removal of rows that were looked at."""
        self._begin_change(delete_stmt, visiting_cte)
        return super().visit_delete(delete_stmt, visiting_cte=visiting_cte, **kw)

    def _begin_change(self, sql: Any, visiting_cte: object) -> None:
        if self.stack or visiting_cte is not None or not ASKING.get().changes:
            raise ConfigurationError(
                "The session of a caller changes rows by update(…) and delete(…) as statements of "
                "their own: no part of another one changes any."
            )
        self._changed = sql.table


_PASSED = ("literal_binds", "render_postcompile")
"""What the parts of a statement are told that holds for what stands for a table too."""
