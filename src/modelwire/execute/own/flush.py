"""Checks of the writes of a caller's session, before they are flushed and as then stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import ClauseElement, ColumnElement, inspect
from sqlalchemy import Table as SQLTable
from sqlalchemy.orm import (
    InstanceState,
    RelationshipDirection,
    RelationshipProperty,
    Session,
    UOWTransaction,
)

from ...access.policy import Action
from ...catalog.constraints import Reference
from ...compat.sqlalchemy_session import flushed
from ...errors import ConfigurationError
from ...shape.lookups import LookupShape
from ...statement.caller_door import Served, reads_rows
from ..write.permission import refuse
from .access import Key, RowAccess, refuse_removal

State = InstanceState[Any]


class FlushCheck:
    """Check of one flush of a session.

    Args:
        session: The session.
        access: The rights of the caller.
    """

    def __init__(self, session: Session, access: RowAccess) -> None:
        self._session = session
        self._access = access
        self._new: list[State] = []
        self._changed: list[State] = []
        self._removed: list[State] = []
        self._marked: list[State] = []
        self._marked_changed: list[State] = []
        self._parents: set[tuple[Reference, Key]] = set()
        self._assigned: list[tuple[State, str, Any, Action]] = []
        self._linked: list[State] = []

    def before(self) -> None:
        """Check that the rows to change or delete may be, as they are stored.

        Raises:
            Forbidden: A row may not.
            ParentNotFound: A row is to refer to one that the caller may not see.
            ConfigurationError: An object belongs to no resource.
        """
        session = self._session
        self._new = [inspect(o) for o in session.new]
        for state in self._new:
            self._assign(state, "create")
        removed = [inspect(o) for o in session.deleted]
        changed = [inspect(o) for o in session.dirty]
        changed = [s for s in changed if _is_changed(s) and s not in removed]
        marked = [s for s in changed if self._is_marked(s)]
        orphans, moved = _split_children([*self._new, *map(inspect, session.dirty)])
        self._removed = _unique([*removed, *orphans])
        moved += _find_left(self._removed)
        more = [s for s in marked if self._changes_more(s)]
        gone = {*self._removed, *marked}
        self._changed = [s for s in _unique([*changed, *moved]) if s not in gone]
        for state in (*self._changed, *marked):
            self._assign(state, "update")
        along = set(_find_along(self._removed))
        named = [s for s in self._removed if s not in along]
        for state in named:
            refuse_removal(self._find(state))
        self._check_stored([*named, *marked], "delete")
        self._removed += marked
        self._marked, self._marked_changed = marked, more
        self._check_stored([*self._changed, *more], "update")
        self._check_expressions([*self._new, *self._changed, *marked])
        self._check_links([*self._new, *map(inspect, session.dirty)])
        self._check_parents([*self._new, *self._changed, *marked], self._new)

    def after(self, context: UOWTransaction) -> None:
        """Check that the caller may leave new and changed rows as they are.

        Raises:
            Forbidden: The caller may not, or a row was written without having been checked before.
            ParentNotFound: A row refers to one that the caller may not see.
        """
        self._check_all_seen(context)
        self._check_assigned()
        self._check_parents([*self._new, *self._changed, *self._marked], is_stored=True)
        self._check_written(self._new, "create")
        # A policy may depend on links.
        linked = [s for s in self._linked if s not in self._new and s not in self._removed]
        self._check_written(_unique([*self._changed, *linked]), "update")
        self._check_written(self._marked_changed, "update", are_deleted=True)

    def _find(self, state: State) -> Served:
        tables = state.mapper.tables
        if len(tables) != 1 or not isinstance(tables[0], SQLTable):
            raise ConfigurationError(
                f"{state.class_.__name__}: the session of a caller writes objects of one table."
            )
        return self._access.find(tables[0])

    def _is_marked(self, state: State) -> bool:
        """Whether a row is deleted softly."""
        field = self._find(state).table.deleted_at
        if field is None:
            return False
        history = state.attrs[field.key].history
        return any(v is not None for v in history.added) and not any(history.deleted or ())

    def _changes_more(self, state: State) -> bool:
        """Whether a soft delete changes other fields as well."""
        mark = self._find(state).table.deleted_at
        names = [a.key for a in state.mapper.column_attrs if mark is None or a.key != mark.key]
        return any(_is_touched(state, name) for name in names)

    def _assign(self, state: State, action: Action) -> None:
        """Set the fields that the server assigns."""
        found = self._find(state)
        policy = found.table.policy
        assigned = policy.on_create if action == "create" else policy.on_update
        for key, source in assigned.items():
            setattr(state.obj(), key, source.value(self._access.principals[found.catalog]))
            # As the object has it: its model may validate, and so change, an assigned value.
            self._assigned.append((state, key, state.dict.get(key), action))

    def _check_assigned(self) -> None:
        """Check that rows have the values that the server assigns, despite relationships.

        Raises:
            Forbidden: A relationship has set another value.
        """
        for state, key, value, action in self._assigned:
            if state.dict.get(key, value) != value:
                raise refuse(self._find(state).table, action)

    def _by_resource(self, states: Iterable[State]) -> dict[Served, list[State]]:
        grouped: dict[Served, list[State]] = {}
        for state in states:
            grouped.setdefault(self._find(state), []).append(state)
        return grouped

    def _check_expressions(self, states: Iterable[State]) -> None:
        """Check that no value is an expression that reads rows, or that refers to a row.

        A flush bypasses the policies that statements are compiled under.
        """
        for state in states:
            found = self._find(state)
            guarded = {c for r in self._access.guarded_references(found) for c in r.columns}
            for column, value in _computed(state):
                if column in guarded or reads_rows(value, found.table.sql):
                    raise ConfigurationError(
                        f"{state.class_.__name__}.{column.key}: the session of a caller can't see "
                        "what this expression reads or refers to. Select the value, and set that."
                    )

    def _check_stored(self, states: Sequence[State], action: Action) -> None:
        for found, group in self._by_resource(states).items():
            keys = _distinct_keys(state.key[1] for state in group if state.key is not None)
            self._access.check_stored(self._session, found, keys, action)

    def _check_written(
        self, states: Sequence[State], action: Action, *, are_deleted: bool = False
    ) -> None:
        for found, group in self._by_resource(states).items():
            keys = [tuple(s.mapper.primary_key_from_instance(s.obj())) for s in group]
            table = found.table.with_deleted_rows if are_deleted else found.table
            self._access.check_written(self._session, found._replace(table=table), keys, action)

    def _check_parents(
        self, states: Sequence[State], coming: Sequence[State] = (), *, is_stored: bool = False
    ) -> None:
        """Check the parents that rows are to refer to, except those that the flush creates.

        Args:
            states: The referring rows.
            coming: The rows that the flush creates.
            is_stored: Whether they are stored by now.
        """
        for found, group in self._by_resource(states).items():
            for reference in self._access.guarded_references(found):
                known = set(_keys_coming(reference, coming))
                for state in group:
                    values = tuple(_referring(reference, state))
                    if _UNKNOWN in values and (is_stored or state.key is not None):
                        values = self._complete(found, reference, state, values)
                    is_whole = values and _UNKNOWN not in values and None not in values
                    if not is_whole or values in known or (reference, values) in self._parents:
                        continue
                    self._access.check_parent(self._session, found, reference, values)
                    self._parents.add((reference, values))

    def _complete(self, found: Served, reference: Reference, state: State, values: Key) -> Key:
        """Complete the values of a foreign key by the stored ones."""
        key = state.key[1] if state.key else state.mapper.primary_key_from_instance(state.obj())
        shape = LookupShape(found.table.sql, reference.columns, found.table.key_columns)
        for stored in self._access.run(self._session, found, shape, [tuple(key)]):
            return tuple(s if v is _UNKNOWN else v for v, s in zip(values, stored, strict=True))
        return ()

    def _check_links(self, states: Iterable[State]) -> None:
        """Check the ends of added and removed links: both must be visible, one changeable."""
        links: list[tuple[State, State]] = []
        for state in _unique(states):
            for relationship in state.mapper.relationships:
                if relationship.secondary is None or relationship.viewonly:
                    continue
                others = list(_ends_changed(state, relationship))
                if others:
                    self._check_link_table(relationship)
                links += [(state, other) for other in others]
        changeable = self._find_changeable(chain.from_iterable(links))
        for link in links:
            self._check_link(link, changeable)

    def _check_link_table(self, relationship: RelationshipProperty[Any]) -> None:
        link: Any = relationship.secondary
        served = self._access.door.serves(link)
        if served is not None and not served.table.policy.is_open:
            raise ConfigurationError(
                f"{relationship}: its links have a policy of their own. Add and delete objects of "
                f"{served.table.model.__name__}, which the session of a caller checks."
            )

    def _find_changeable(self, states: Iterable[State]) -> Mapping[State, bool]:
        """Look up the rows that the caller may see, and whether the caller may change them."""
        distinct = _unique(states)
        # New rows are checked as such.
        changeable = {state: True for state in distinct if state.key is None}
        stored = [state for state in distinct if state.key is not None]
        for found, group in self._by_resource(stored).items():
            keys = [state.key[1] for state in group if state.key is not None]
            seen = self._access.look(self._session, found, keys, "update")
            changeable |= {group[place]: may for place, may in seen.items()}
        return changeable

    def _check_link(self, ends: tuple[State, State], changeable: Mapping[State, bool]) -> None:
        allowed = [changeable.get(state) for state in ends]
        if None in allowed or not any(allowed):
            raise refuse(self._find(ends[0]).table, "update")
        self._linked += [state for state, may in zip(ends, allowed, strict=True) if may][:1]

    def _check_all_seen(self, context: UOWTransaction) -> None:
        """Check that only rows were written that had been checked before."""
        known = {*self._new, *self._changed, *self._removed}
        for state, is_removed in flushed(context):
            if state not in known and (is_removed or _is_changed(state)):
                raise refuse(self._find(state).table, "delete" if is_removed else "update")


def _computed(state: State) -> Iterator[tuple[ColumnElement[Any], Any]]:
    """Yield the columns with values for the database to compute, each with its expression."""
    for attribute in state.mapper.column_attrs:
        value = state.dict.get(attribute.key)
        if isinstance(value, ClauseElement) or hasattr(value, "__clause_element__"):
            yield attribute.columns[0], value


def _distinct_keys(keys: Iterable[Key]) -> list[Key]:
    """Return keys without duplicates."""
    return list(dict.fromkeys(tuple(key) for key in keys))


def _unique(states: Iterable[State]) -> list[State]:
    return list(dict.fromkeys(states))


def _is_touched(state: State, key: str) -> bool:
    return state.attrs[key].history.has_changes()


def _is_changed(state: State) -> bool:
    """Whether the row of an object itself is to be written, rather than only related rows."""
    names = [a.key for a in state.mapper.column_attrs]
    names += [
        r.key
        for r in state.mapper.relationships
        if r.direction is RelationshipDirection.MANYTOONE and not r.viewonly
    ]
    return any(_is_touched(state, name) for name in names)


def _split_children(owners: Iterable[State]) -> tuple[list[State], list[State]]:
    """Return the stored children that leave owners to be deleted, and all others that move."""
    orphans: list[State] = []
    moved: list[State] = []
    for owner in _unique(owners):
        for relationship in owner.mapper.relationships:
            if relationship.direction is not RelationshipDirection.ONETOMANY:
                continue
            if relationship.viewonly:
                continue
            history = owner.attrs[relationship.key].history
            left = list(_states(history.deleted))
            is_removed = relationship.cascade.delete_orphan
            orphans += left if is_removed else []
            moved += [*_states(history.added), *([] if is_removed else left)]
    return orphans, [state for state in moved if state not in orphans]


def _states(objects: Iterable[Any] | None) -> Iterator[State]:
    """Yield the states of stored objects."""
    for found in objects or ():
        if found is not None and (state := inspect(found)).key is not None:
            yield state


def _find_along(removed: Sequence[State]) -> Iterator[State]:
    """Yield the rows that their models delete along with others."""
    for state in removed:
        for relationship in state.mapper.relationships:
            if relationship.cascade.delete and relationship.key in state.dict:
                loaded = state.dict[relationship.key]
                yield from _states(loaded if relationship.uselist else [loaded])


def _find_left(removed: Sequence[State]) -> Iterator[State]:
    """Yield the rows whose reference to a deleted row is set to null."""
    for state in removed:
        for relationship in state.mapper.relationships:
            is_to_many = relationship.direction is RelationshipDirection.ONETOMANY
            if relationship.viewonly or relationship.cascade.delete or not is_to_many:
                continue
            if relationship.key in state.dict and relationship.passive_deletes != "all":
                loaded = state.dict[relationship.key]
                yield from _states(loaded if relationship.uselist else [loaded])


def _ends_changed(state: State, relationship: RelationshipProperty[Any]) -> Iterator[State]:
    history = state.attrs[relationship.key].history
    for other in (*(history.added or ()), *(history.deleted or ())):
        if other is not None:
            yield inspect(other)


def _referring(reference: Reference, state: State) -> Sequence[Any]:
    """Return the values of a foreign key that an object sets, as far as it has them.

    There are none if it sets none of them.
    """
    mapper = state.mapper
    names = [mapper.get_property_by_column(column).key for column in reference.columns]
    is_new = state.key is None
    if not is_new and not any(_is_touched(state, name) for name in names):
        return ()
    return tuple(state.dict.get(name, _UNKNOWN) for name in names)


_UNKNOWN = object()
"""Placeholder for a value that an object lacks: not loaded, or made by the database."""


def _keys_coming(reference: Reference, coming: Iterable[State]) -> Iterator[Key]:
    """Yield the values of new objects that other rows may refer to."""
    for state in coming:
        if state.mapper.local_table is reference.parent:
            names = [
                state.mapper.get_property_by_column(column).key
                for column in reference.parent_columns
            ]
            yield tuple(state.dict.get(name) for name in names)
