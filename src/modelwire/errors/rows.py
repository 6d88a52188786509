"""Requests that are refused for the rows that are stored, or for the rules of their tables."""

from __future__ import annotations

from .base import RequestError, Violation


class NotFound(RequestError):
    """No row has this key."""

    code = "not_found"


class AlreadyExists(RequestError):
    """A unique value is taken."""

    code = "already_exists"


class NotDeleted(RequestError):
    """The row that was to be brought back is there."""

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
    """A value is longer than its column keeps."""

    code = "too_long"


class OutOfRange(RequestError):
    """A number is outside the range of its column."""

    code = "out_of_range"


class ChangedSince(RequestError):
    """What a change has left was changed once more, so it can't be taken back."""

    code = "changed_since"


class Refused(RequestError):
    """A rule of the application's own does not allow this, as things are.

    Args:
        message: What is not allowed, for the client.
        pointer: Where in the body the row stands that it is about; None for none.
    """

    code = "conflict"

    def __init__(self, message: str, pointer: str | None = None) -> None:
        where = () if pointer is None else (Violation(message, self.code, pointer),)
        super().__init__(message, where)


class RefusedByTrigger(RequestError):
    """A trigger refused the row."""

    code = "refused"


class TooManyLevels(RefusedByTrigger):
    """Triggers, or rows that go along with others, have called each other more deeply than the
    database allows."""

    def __init__(self) -> None:
        super().__init__("This would go through more levels of rows than the database allows")
