"""Policies: conditions for the rows and fields of a table that a caller may see and change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import ColumnElement, false, true

from ..errors import ConfigurationError
from ..suggestions import naming_arguments
from .joined import refuse_joined

everyone: ColumnElement[bool] = true()
"""Condition that is true for every caller and every row."""

nobody: ColumnElement[bool] = false()
"""Condition that is false for every caller and every row."""

Condition = ColumnElement[bool] | bool
"""A condition; `bool` because comparisons of SQLModel's attributes are typed as such."""

Action = Literal["read", "create", "update", "delete"]

ACTIONS: tuple[Action, ...] = ("read", "create", "update", "delete")


@naming_arguments
@dataclass(frozen=True, slots=True)
class FieldPolicy:
    """Access to a field: each a bool attribute of the caller, `everyone` or `nobody`.

    Args:
        read: The callers who may see it. For others the field does not exist.
        write: The callers who may set it.
    """

    read: Condition = everyone
    write: Condition = everyone


@naming_arguments
@dataclass(frozen=True, slots=True)
class Policy:
    """Access to the rows of a table: conditions for those that a caller may see and change.

    Conditions are written in SQLAlchemy's expression language, with the columns of the table and
    the attributes of a `Caller`; subqueries are allowed.

    Args:
        read: Rows that the caller may see. Others are treated as if they did not exist.
        create: Condition that a new row must satisfy.
        update: Rows that the caller may update. The condition must also hold after it.
        delete: Rows that the caller may delete.
        write: Default for `create`, `update` and `delete`; `read` if it is not given either.
        fields: Access to single fields, by name.
        restore: With soft deletes, the deleted rows that the caller may see and restore. By default
            none if the application has callers, and all otherwise.
    """

    read: Condition
    create: Condition | None = None
    update: Condition | None = None
    delete: Condition | None = None
    write: Condition | None = None
    fields: Mapping[str, FieldPolicy] = field(default_factory=dict)
    restore: Condition | None = None

    def __post_init__(self) -> None:
        refuse_joined((*ACTIONS, "write", "restore"))
        given = self.fields.items() if isinstance(self.fields, Mapping) else ((self.fields, None),)
        for name, rules in given:
            if not isinstance(rules, FieldPolicy):
                raise ConfigurationError(
                    f"Policy(fields=…): {name!r} should be the name of a field with a FieldPolicy, "
                    "as in fields={'salary': FieldPolicy(read=me.is_manager)}."
                )

    def condition(self, action: Action) -> Condition:
        """Return the condition of an action, given or by default."""
        if action == "read":
            return self.read
        given: Condition | None = getattr(self, action)
        default = self.read if self.write is None else self.write
        return default if given is None else given
