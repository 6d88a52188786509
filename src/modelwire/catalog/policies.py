"""Policies of tables: access to rows and fields, and values that the server sets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import cached_property
from typing import Any

from ..access.policy import ACTIONS, Action
from ..access.principal import Parameter, Principal, Rule
from .conditions import Condition
from .kinds import Kind

_DECISIVE = frozenset({Kind.INTEGER, Kind.TEXT, Kind.UUID, Kind.BOOLEAN, Kind.ENUM})
"""The kinds whose values compare alike inside and outside of a column."""


@dataclass(frozen=True, slots=True)
class FieldRules:
    """Access to a field.

    Args:
        read: The rule for seeing it.
        write: The rule for setting it.
    """

    read: Rule = True
    write: Rule = True


OPEN = FieldRules()
"""The rules of a field without a policy."""


@dataclass(frozen=True, slots=True)
class Assigned:
    """Value that the server sets in a field.

    Args:
        source: An attribute of the caller, or a function that makes the value.
    """

    source: Parameter | Callable[[], Any]

    def value(self, principal: Principal) -> Any:
        """Return the value for one row.

        Raises:
            CallerError: It is an attribute of the caller, with a value that no column can hold.
        """
        if not isinstance(self.source, Parameter):
            return self.source()
        return principal.assign(self.source)


@dataclass(frozen=True, slots=True, eq=False)
class SoftDelete:
    """Access to soft-deleted rows.

    Args:
        own: The policy of a row, whether it is deleted or not.
        restore: The deleted rows that a caller may see and restore.
        stored: The policy that includes deleted rows, whoever may see them; for internal use.
        recalled: The policies for deleted rows that a caller may see, by the value of the parameter
            `deleted`: `only` for these alone, `include` for these too. Empty if no caller may see
            any.
    """

    own: TablePolicy
    restore: Condition
    stored: TablePolicy
    recalled: Mapping[str, TablePolicy]


@dataclass(frozen=True, eq=False)
class TablePolicy:
    """Access to the rows of a table, and the values that the server sets in them.

    Args:
        read: The rows that a caller may see.
        create: The condition for a new row.
        update: The rows that a caller may update; must also hold afterwards.
        delete: The rows that a caller may delete.
        fields: The rules of fields, by their names on the wire.
        on_create: The values set in new rows, by the fields' names in Python.
        on_update: The values set in updated rows.
        soft: Access to soft-deleted rows, if deletes are soft; all other conditions exclude these.
    """

    read: Condition
    create: Condition
    update: Condition
    delete: Condition
    fields: Mapping[str, FieldRules] = dataclass_field(default_factory=dict)
    on_create: Mapping[str, Assigned] = dataclass_field(default_factory=dict)
    on_update: Mapping[str, Assigned] = dataclass_field(default_factory=dict)
    soft: SoftDelete | None = None

    def condition(self, action: Action) -> Condition:
        """Return the condition of an action."""
        found: Condition = getattr(self, action)
        return found

    def restricts(self, action: Action) -> bool:
        """Whether there may be rows that a caller may not see, or may not perform an action on."""
        return not (self.read.constant and getattr(self, action).constant)

    @cached_property
    def kept_by_updates(self) -> tuple[Action, ...]:
        """The actions whose conditions must hold for a row as an update leaves it."""
        asked: tuple[Action, ...] = ("update", "read")
        if self.read is self.update:
            asked = ("update",)
        return tuple(action for action in asked if not self.condition(action).constant)

    @cached_property
    def decisive(self) -> frozenset[str]:
        """The columns whose values decide whether these conditions hold."""
        columns = (self.condition(action).columns for action in self.kept_by_updates)
        return frozenset().union(*columns)

    @cached_property
    def looks_further(self) -> bool:
        """Whether other rows decide it as well."""
        return any(self.condition(action).looks_further for action in self.kept_by_updates)

    @property
    def shows_new(self) -> bool:
        """Whether any caller who may create a row may also see it."""
        read = self.read if self.soft is None else self.soft.own.read
        return bool(read.constant) or read is self.create

    def decides(
        self,
        action: Action,
        given: Iterable[tuple[str, Kind | None]],
        stored: Iterable[str] = (),
    ) -> bool:
        """Whether the values of some columns suffice to decide if a row may be written.

        Args:
            action: The action.
            given: The key of each column that is set, and its kind.
            stored: The keys of columns that stay as they are stored.
        """
        known = {key for key, kind in given if kind in _DECISIVE}.union(stored)
        return self.condition(action).columns <= known

    def rules_of(self, name: str) -> FieldRules:
        """Return the rules of a field, by its name on the wire."""
        return self.fields.get(name, OPEN)

    @property
    def is_open(self) -> bool:
        """Whether everyone may do everything, and the server sets nothing."""
        conditions = (self.condition(action).constant for action in ACTIONS)
        return all(conditions) and not (self.fields or self.on_create or self.on_update)
