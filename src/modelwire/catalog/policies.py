"""What is said of a table: who may see and change its rows, and what the server sets in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

from ..access.policy import ACTIONS, Action
from ..access.principal import Parameter, Principal, Rule
from .conditions import Condition
from .kinds import Kind

_DECISIVE = frozenset({Kind.INTEGER, Kind.TEXT, Kind.UUID, Kind.BOOLEAN, Kind.ENUM})
"""The kinds whose values are compared alike in a column and outside of one."""


@dataclass(frozen=True, slots=True)
class FieldRules:
    """Who may see and set a field.

    Args:
        read: Who may see it.
        write: Who may set it.
    """

    read: Rule = True
    write: Rule = True


OPEN = FieldRules()
"""The rules of a field that no policy names."""


@dataclass(frozen=True, slots=True)
class Assigned:
    """What the server sets in a field.

    Args:
        source: An attribute of the caller, or a function that makes the value.
    """

    source: Parameter | Callable[[], Any]

    def value(self, principal: Principal) -> Any:
        """The value for one row.

        Raises:
            CallerError: It is an attribute of the caller, with a value that no column can hold.
        """
        if not isinstance(self.source, Parameter):
            return self.source()
        return principal.assign(self.source)


@dataclass(frozen=True, slots=True, eq=False)
class SoftDelete:
    """What is said of the rows of a table that are deleted, and stay.

    Args:
        own: What a policy says of who may read a row, whether it is deleted or not.
        restore: The rows that a caller may see though they are deleted, and bring back.
        stored: Of all rows, whoever may see them: for the service itself.
        recalled: Of the deleted rows that a caller may see, by the words of the parameter
            `deleted`: `only` these, or these too, `include`. Empty where nobody may see any.
    """

    own: Condition
    restore: Condition
    stored: TablePolicy
    recalled: Mapping[str, TablePolicy]


@dataclass(frozen=True, slots=True, eq=False)
class TablePolicy:
    """Who may see and change the rows of a table, and what the server sets in them.

    Args:
        read: The rows that a caller may see.
        create: What a new row has to satisfy.
        update: The rows that a caller may change, and what they have to be afterwards.
        delete: The rows that a caller may delete.
        fields: The fields that a policy names, by their name on the wire.
        on_create: What is set in new rows, by the names of the fields in Python.
        on_update: What is set in rows that are changed.
        soft: What is said of deleted rows, where they stay; their conditions leave these out.
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
        """The condition of an action."""
        found: Condition = getattr(self, action)
        return found

    def restricts(self, action: Action) -> bool:
        """Whether there may be rows to which a caller may not do something, or can't see."""
        return not (self.read.constant and getattr(self, action).constant)

    @property
    def shows_new(self) -> bool:
        """Whether whoever may create a row may see it too."""
        read = self.read if self.soft is None else self.soft.own
        return bool(read.constant) or read is self.create

    def decides(self, given: Iterable[tuple[str, Kind | None]]) -> bool:
        """Whether the values of some columns decide whether a new row may be created.

        Args:
            given: The key of each column, and its kind.
        """
        return self.create.columns <= {key for key, kind in given if kind in _DECISIVE}

    def rules_of(self, name: str) -> FieldRules:
        """Who may see and set a field, by its name on the wire."""
        return self.fields.get(name, OPEN)

    @property
    def is_open(self) -> bool:
        """Whether everyone may do everything, and the server sets nothing."""
        conditions = (self.condition(action).constant for action in ACTIONS)
        return all(conditions) and not (self.fields or self.on_create or self.on_update)
