"""Policies: which rows and fields of a table a caller may see and change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import ColumnElement, false, true

from ..errors import ConfigurationError

everyone: ColumnElement[bool] = true()
"""The condition that holds for every caller, and every row."""

nobody: ColumnElement[bool] = false()
"""The condition that holds for no caller, and no row."""

Condition = ColumnElement[bool] | bool
"""A condition, as SQLModel's expressions are typed."""

Action = Literal["read", "create", "update", "delete"]

ACTIONS: tuple[Action, ...] = ("read", "create", "update", "delete")


@dataclass(frozen=True, slots=True)
class FieldPolicy:
    """Who may see and set a field: a bool attribute of the caller, `everyone` or `nobody`.

    Args:
        read: Who may see it. To others it does not exist.
        write: Who may set it.
    """

    read: Condition = everyone
    write: Condition = everyone


@dataclass(frozen=True, slots=True)
class Policy:
    """Which rows of a table a caller may see and change.

    Each is a condition in SQLAlchemy's expression language, over the columns of the table and the
    attributes of a `Caller`; subqueries are allowed.

    Args:
        read: The rows that may be seen. Others are as if they were not there.
        create: What a new row must satisfy.
        update: The rows that may be changed; what they become must satisfy it too.
        delete: The rows that may be deleted.
        write: Stands for `create`, `update` and `delete` where these are not given; they are as
            `read` where it is not given either.
        fields: Who may see and set single fields, by their name.
        restore: The rows that may be seen when they are deleted, and brought back, where deletes
            are soft; by default none where there are callers, and all otherwise.
    """

    read: Condition
    create: Condition | None = None
    update: Condition | None = None
    delete: Condition | None = None
    write: Condition | None = None
    fields: Mapping[str, FieldPolicy] = field(default_factory=dict)
    restore: Condition | None = None

    def __post_init__(self) -> None:
        given = self.fields.items() if isinstance(self.fields, Mapping) else ((self.fields, None),)
        for name, rules in given:
            if not isinstance(rules, FieldPolicy):
                raise ConfigurationError(
                    f"Policy(fields=…): {name!r} should be the name of a field with a FieldPolicy, "
                    "as in fields={'salary': FieldPolicy(read=me.is_manager)}."
                )

    def condition(self, action: Action) -> Condition:
        """The condition of an action, given or by default."""
        if action == "read":
            return self.read
        given: Condition | None = getattr(self, action)
        default = self.read if self.write is None else self.write
        return default if given is None else given
