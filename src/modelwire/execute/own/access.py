"""Asks the database, in the transaction of a session, what a caller may do to rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import Struct
from sqlalchemy import TableClause
from sqlalchemy.orm import Session

from ...access.policy import Action
from ...access.principal import Principal
from ...catalog.constraints import Reference
from ...catalog.tables import Catalog, Table
from ...errors import ConfigurationError, NotFound, ParentNotFound
from ...plan.keys import select_locked
from ...shape.lookups import LookupShape
from ...shape.parts import Lock, Projection
from ...shape.reads import ExistingShape
from ...shape.shapes import Shape
from ...shape.writes import CheckShape
from ...statement.door import Asking, CallerDoor, Served
from ...statement.lists import ROWS
from ...statement.statements import Statements
from ..connect.lane import Row
from ..explain.references import describe_missing_parent
from ..write.permission import refuse

Key = tuple[Any, ...]

LOCKS: Mapping[Action, Lock] = {"update": Lock.CHANGE, "delete": Lock.REMOVE}
"""What nobody else may do to a row that something is to be done to."""


def refuse_removal(found: Served) -> None:
    """Refuse to remove rows for good that a delete leaves where they are.

    Raises:
        ConfigurationError: Those of the resource are such; says what to write.
    """
    field, name = found.table.deleted_at, found.table.model.__name__
    if field is not None:
        raise ConfigurationError(
            f"{name}: the session of a caller removes no row for good whose deletes are soft. Set "
            f"{name}.{field.key} of the object, or use UnitOfWorkDep, which no policy holds for."
        )


class Shown(NamedTuple):
    """The part of a catalog that a caller may see and set, by the policies of fields.

    Args:
        catalog: The part.
        statements: Its statements.
    """

    catalog: Catalog
    statements: Statements


class RowAccess(Struct, frozen=True):
    """What the caller of a request may do to rows.

    Args:
        door: What callers may see of tables.
        statements: The statements of each catalog.
        principals: The caller, as the policies of each catalog know them.
        shown: What the caller may see and set of each catalog.
    """

    door: CallerDoor
    statements: Mapping[Catalog, Statements]
    principals: Mapping[Catalog, Principal]
    shown: Mapping[Catalog, Shown]

    @property
    def asking(self) -> Asking:
        """Who runs statements that read."""
        return Asking(self.principals)

    @property
    def changing(self) -> Asking:
        """Who runs a statement that changes rows which were looked at."""
        return Asking(self.principals, changes=True)

    def find(self, sql: TableClause) -> Served:
        """Find the resource of a table.

        Raises:
            ConfigurationError: It is none.
        """
        return self.door.find(sql)

    def run(
        self, session: Session, found: Served, shape: Shape, rows: Sequence[Key]
    ) -> Sequence[Row]:
        """Run the statement of a shape for some rows, in the transaction of a session."""
        catalog = found.catalog
        statement = self.statements[catalog].of(shape)
        bound = statement.bind({ROWS: rows}, self.principals[catalog])
        return session.connection().execute(statement.sql, bound).all()

    def shown_of(self, found: Served) -> Table:
        """What the caller may see and set of a resource."""
        return self.shown[found.catalog].catalog.tables[found.table.name]

    def take(self, session: Session, found: Served, key: Key, action: Action | None) -> Row:
        """Take a row as far as the caller may see it, and lock it for what is to be done to it.

        Args:
            session: The session.
            found: The resource.
            key: The key of the row.
            action: What is to be done; the row is only read, if None.

        Raises:
            NotFound: It is not there, or not for the caller.
            Forbidden: The caller may not do it.
        """
        table = self.shown_of(found)
        shape = ExistingShape(table, table.key)
        if action is not None:
            shape = select_locked(table, (), LOCKS[action], action)
        statement = self.shown[found.catalog].statements.of(shape)
        bound = statement.bind({ROWS: [key]}, self.principals[found.catalog])
        rows = session.connection().execute(statement.sql, bound).all()
        if not rows:
            raise NotFound(f"{table.title} not found")
        _, *row = rows[0]
        if action is not None and shape.allows and not row[-1]:
            raise refuse(table, action)
        return row

    def look(
        self, session: Session, found: Served, keys: Sequence[Key], action: Action
    ) -> Mapping[int, bool]:
        """Look whether rows may be seen, and something be done to them; they are locked for it.

        Returns:
            Of each key whose row may be seen its place, and whether the caller may do it.
        """
        table, lock = found.table, LOCKS.get(action, Lock.KEEP)
        projection = Projection(table.key, len(table.key))
        shape = ExistingShape(table, table.key, projection, lock, (action,))
        return {row[0]: bool(row[-1]) for row in self.run(session, found, shape, keys)}

    def check_stored(
        self, session: Session, found: Served, keys: Sequence[Key], action: Action
    ) -> None:
        """Check that rows as they are stored may be seen and changed, or removed.

        Raises:
            Forbidden: One may not, or is not there.
        """
        if not keys or not found.table.policy.restricts(action):
            return
        allowed = self.look(session, found, keys, action)
        if not all(allowed.get(place) for place in range(len(keys))):
            raise refuse(found.table, action)

    def check_written(
        self, session: Session, found: Served, keys: Sequence[Key], action: Action
    ) -> None:
        """Check that rows are as the caller may leave them.

        Raises:
            Forbidden: One is not.
        """
        policy = found.table.policy
        asked: list[Action] = [action]
        if action == "update" and policy.read is not policy.update:
            asked.append("read")
        actions = tuple(name for name in asked if not policy.condition(name).constant)
        is_closed = any(policy.condition(name).constant is False for name in asked)
        if keys and (
            is_closed
            or (actions and self.run(session, found, CheckShape(found.table, actions), keys))
        ):
            raise refuse(found.table, action)

    def check_parent(
        self, session: Session, found: Served, reference: Reference, values: Key
    ) -> None:
        """Check that the caller may see the row that others are to refer to, and keep it.

        Raises:
            ParentNotFound: It may not be seen, or is not there.
        """
        catalog = found.catalog
        columns = tuple(reference.parent_columns)
        parent = catalog.find(reference.parent)
        shape = LookupShape(reference.parent, columns, columns, Lock.KEEP, resource=parent)
        if not self.run(session, found, shape, [values]):
            shown = self.shown[catalog].catalog
            detail = describe_missing_parent(reference, self.shown_of(found), shown)
            raise ParentNotFound(detail)

    def guarded_references(self, found: Served) -> Sequence[Reference]:
        """The foreign keys of a resource that lead to rows which may be hidden."""
        hides = found.catalog.hides_rows
        return [r for r in found.table.references if hides(r.parent)]
