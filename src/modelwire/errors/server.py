"""Failures of the server or its database; the request is not at fault."""

from __future__ import annotations

from collections.abc import Sequence

from .base import RequestError


class Unavailable(RequestError):
    """The database did not take the request in time; trying again later may help."""

    code = "unavailable"
    is_of_server = True

    def __init__(
        self, detail: str = "The database is not available", retry_after_s: int = 1
    ) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class NotStarted(Unavailable):
    """The application has received a request before start-up, and tables are missing."""

    def __init__(self, missing: Sequence[str] = ()) -> None:
        named = f"({', '.join(missing)}) " if missing else ""
        super().__init__(
            f"The application was not started, and tables {named}are missing: database.lifespan, "
            "which would create them, has not run. It takes FastAPI(lifespan=database.lifespan), "
            "and a server that runs the lifespan"
        )


class NotDurable(Unavailable):
    """COMMIT does not wait for a standby, although it should.

    Args:
        standbys: `synchronous_standby_names` of the server.
        waits: Its `synchronous_commit`.
    """

    def __init__(self, standbys: str, waits: str) -> None:
        super().__init__(
            f"COMMIT waits for no standby: synchronous_standby_names is {standbys!r} and "
            f"synchronous_commit is {waits}, but durability=quorum needs named standbys and "
            "synchronous_commit=on or remote_apply"
        )


class Contention(Unavailable):
    """The transaction conflicted with another one and was rolled back; it may succeed if
    retried."""

    def __init__(self, detail: str = "Other writes were in the way") -> None:
        super().__init__(detail)


class LockTimeout(Contention):
    """A lock was not released in time."""


class Outdated(Contention):
    """The connection is to a server that takes no writes; a new connection may be to one that
    does."""

    def __init__(self) -> None:
        super().__init__("The database takes no writes")


class UnknownOutcome(RequestError):
    """A COMMIT was sent, and no answer came: the write may or may not be stored."""

    code = "unknown_outcome"
    is_of_server = True

    def __init__(self, retry_after_s: int = 1) -> None:
        super().__init__(
            "The write may have been stored or not: read before it is sent again, "
            "or send it again with its Idempotency-Key"
        )
        self.retry_after_s = retry_after_s


class TimedOut(RequestError):
    """A statement, or the whole request, ran into its timeout."""

    code = "timeout"
    is_of_server = True


class DatabaseError(RequestError):
    """The database failed in a way that has no more specific error; its message is in the log."""

    code = "database_error"
    is_of_server = True

    def __init__(self) -> None:
        super().__init__("Database error")


class MissingTable(DatabaseError):
    """A statement refers to a table that does not exist.

    Args:
        name: The table's name; empty if the database does not report it.
    """

    def __init__(self, name: str = "") -> None:
        super().__init__()
        self.name = name


class UnreadableAnswer(DatabaseError):
    """The driver could not read one value, and discarded the whole result."""


class InvalidRow(RequestError):
    """A stored row can't be shown: its read schema rejects it, or fails to serialise it.

    Args:
        detail: The schema and the fields, without their values.
        failure: The same for the log, with the Python names.
    """

    code = "invalid_row"
    is_of_server = True

    def __init__(self, detail: str, failure: str) -> None:
        super().__init__(detail)
        self.failure = failure


class UnexpectedError(RequestError):
    """An unexpected exception; its traceback is in the log."""

    code = "unexpected_error"
    is_of_server = True

    def __init__(self) -> None:
        super().__init__("Unexpected error")
