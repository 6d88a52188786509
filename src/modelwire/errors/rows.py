"""Errors about stored rows, or about the rules of their tables."""

from __future__ import annotations

from .base import RequestError, Violation


class NotFound(RequestError):
    """No row has this key."""

    code = "not_found"


class AlreadyExists(RequestError):
    """A unique value is taken."""

    code = "already_exists"


class NotDeleted(RequestError):
    """The row that was to be restored is not deleted."""

    code = "not_deleted"


class ParentNotFound(RequestError):
    """The row that a foreign key names does not exist."""

    code = "parent_not_found"


class StillReferenced(RequestError):
    """Other rows refer to the row that was to be deleted or to change its key."""

    code = "still_referenced"


class NotNull(RequestError):
    """A column that must have a value was given null."""

    code = "not_null"


class CheckFailed(RequestError):
    """A CHECK constraint refused the row."""

    code = "check"


class TooLong(RequestError):
    """A value is too long for its column."""

    code = "too_long"


class OutOfRange(RequestError):
    """A number is outside the range of its column."""

    code = "out_of_range"


class ChangedSince(RequestError):
    """The row was changed after the change that was to be reverted."""

    code = "changed_since"


class Refused(RequestError):
    """A rule of the application does not allow this in the current state.

    Args:
        message: The reason, for the client.
        pointer: The place of the row in the body; None if it has none.
    """

    code = "conflict"

    def __init__(self, message: str, pointer: str | None = None) -> None:
        where = () if pointer is None else (Violation(message, self.code, pointer),)
        super().__init__(message, where)


class RefusedByTrigger(RequestError):
    """A trigger refused the row."""

    code = "refused"


class TooManyLevels(RefusedByTrigger):
    """Triggers or cascades have called each other more deeply than the database allows."""

    def __init__(self) -> None:
        super().__init__("This would go through more levels of rows than the database allows")
