"""Checks of a caller's rights to rows, in the transaction of a session."""

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
from ...statement.caller_door import Asking, CallerDoor, Served
from ...statement.lists import ROWS
from ...statement.statements import Statements
from ..connect.lane import Row
from ..explain.references import describe_missing_parent
from ..write.permission import refuse

Key = tuple[Any, ...]

LOCKS: Mapping[Action, Lock] = {"update": Lock.CHANGE, "delete": Lock.REMOVE}
"""Locks on the rows of each action."""


def refuse_removal(found: Served) -> None:
    """Refuse to delete rows of a resource with soft deletes for good.

    Raises:
        ConfigurationError: The resource has soft deletes; says what to write.
    """
    field, name = found.table.deleted_at, found.table.model.__name__
    if field is not None:
        raise ConfigurationError(
            f"{name}: the session of a caller removes no row for good whose deletes are soft. Set "
            f"{name}.{field.key} of the object, or use UnitOfWorkDep, which no policy holds for."
        )


class Shown(NamedTuple):
    """Part of a catalog that a caller may see and set, by the policies of fields.

    Args:
        catalog: The part.
        statements: Its statements.
    """

    catalog: Catalog
    statements: Statements


class RowAccess(Struct, frozen=True):
    """Rights of a request's caller to rows.

    Args:
        door: Applies the policies of callers to tables.
        statements: The statements of each catalog.
        principals: The caller, as the policies of each catalog know it.
        shown: The part of each catalog that the caller may see and set.
    """

    door: CallerDoor
    statements: Mapping[Catalog, Statements]
    principals: Mapping[Catalog, Principal]
    shown: Mapping[Catalog, Shown]

    @property
    def asking(self) -> Asking:
        """Caller of statements that read."""
        return Asking(self.principals)

    @property
    def changing(self) -> Asking:
        """Caller of a statement that changes rows which were checked before."""
        return Asking(self.principals, changes=True)

    def find(self, sql: TableClause) -> Served:
        """Find the resource of a table.

        Raises:
            ConfigurationError: The table has none.
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
        """Return a resource as the caller may see and set it."""
        return self.shown[found.catalog].catalog.tables[found.table.name]

    def take(self, session: Session, found: Served, key: Key, action: Action | None) -> Row:
        """Read a row that the caller may see, and lock it for an action.

        Args:
            session: The session.
            found: The resource.
            key: The key of the row.
            action: The intended action; None only to read the row.

        Raises:
            NotFound: The row does not exist for the caller.
            Forbidden: The caller may not do the action.
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
        """Check whether rows may be seen, and an action be done to them; they are locked for it.

        Returns:
            The index of each key whose row may be seen, and whether the caller may do the action.
        """
        table, lock = found.table, LOCKS.get(action, Lock.KEEP)
        projection = Projection(table.key, len(table.key))
        shape = ExistingShape(table, table.key, projection, lock, (action,))
        return {row[0]: bool(row[-1]) for row in self.run(session, found, shape, keys)}

    def check_stored(
        self, session: Session, found: Served, keys: Sequence[Key], action: Action
    ) -> None:
        """Check that stored rows may be seen, and changed or deleted.

        Raises:
            Forbidden: A row may not, or does not exist.
        """
        if not keys or not found.table.policy.restricts(action):
            return
        allowed = self.look(session, found, keys, action)
        if not all(allowed.get(place) for place in range(len(keys))):
            raise refuse(found.table, action)

    def check_written(
        self, session: Session, found: Served, keys: Sequence[Key], action: Action
    ) -> None:
        """Check that the caller may leave rows as they are stored.

        Raises:
            Forbidden: The caller may not.
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
        """Check that the caller may see the row that others are to refer to, and lock it.

        Raises:
            ParentNotFound: The row may not be seen, or does not exist.
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
        """Return the foreign keys of a resource whose parents may be hidden."""
        hides = found.catalog.hides_rows
        return [r for r in found.table.references if hides(r.parent)]
