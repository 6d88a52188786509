"""Every way in which modelwire can fail.

    ModelwireError
    ├── ConfigurationError          the developer's: raised at start-up, never sent to a client
    ├── LazyLoadError               the developer's: a relationship was touched that no query loaded
    ├── CallerError                 the developer's: a caller is not what its annotations say
    ├── HookError                   the developer's: a hook has failed, or has set what is no value
    ├── ConstraintViolation         internal: what the driver said, before the catalog explains it
    └── RequestError                becomes an answer; `code` is its stable name on the wire
        ├── InvalidRequest          invalid
        ├── NoSuchPath              no_such_path
        ├── MethodNotAllowed        method_not_allowed
        ├── UnknownHost             unknown_host
        ├── CrossOriginRefused      cross_origin_refused
        ├── TooLarge                too_large
        ├── TooSlow                 too_slow
        ├── UnsupportedMediaType    unsupported_media_type
        │   └── UnsupportedEncoding unsupported_media_type; the body is compressed
        ├── NotAcceptable           not_acceptable
        ├── Forbidden               forbidden
        ├── NotFound                not_found
        ├── AlreadyExists           already_exists
        ├── NotDeleted              not_deleted
        ├── ParentNotFound          parent_not_found
        ├── StillReferenced         still_referenced
        ├── PreconditionFailed      changed
        ├── PreconditionRequired    precondition_required
        ├── TooManyAffected         too_many_affected
        ├── TooManyIncluded         too_many_included
        ├── NoLongerKept            no_longer_kept
        ├── KeyReused               key_reused
        ├── KeyInFlight             key_in_flight
        ├── NotNull                 not_null
        ├── CheckFailed             check
        ├── TooLong                 too_long
        ├── OutOfRange              out_of_range
        ├── ChangedSince            changed_since
        ├── Refused                 conflict; the application's own code has refused it
        ├── Answered                of no code: the application's own code has said what to answer
        ├── RefusedByTrigger        refused
        │   └── TooManyLevels       refused; triggers or cascades have called each other too deeply
        ├── Unavailable             unavailable
        │   ├── NotStarted          unavailable; the tables are not there yet
        │   └── Contention          unavailable; the transaction may be tried again
        │       ├── LockTimeout     unavailable; a lock was not free in time
        │       └── Outdated        unavailable; the connection takes no writes, another one may
        ├── UnknownOutcome          unknown_outcome
        ├── TimedOut                timeout
        ├── DatabaseError           database_error
        │   ├── MissingTable        database_error; a table is not there
        │   └── UnreadableAnswer    database_error; a driver gave up rows for one of their values
        └── UnexpectedError         unexpected_error

The status of each code is in `modelwire.respond.statuses`, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice
from typing import ClassVar, TypeVar

T = TypeVar("T")


class ModelwireError(Exception):
    """Base of everything that modelwire raises on purpose."""


class ConfigurationError(ModelwireError):
    """A resource, a setting or the way they are mounted is wrong; says what would be right."""


class LazyLoadError(ModelwireError):
    """A relationship was read that no query had loaded."""

    def __init__(self, model: str, relationship: str) -> None:
        super().__init__(
            f"{model}.{relationship} is not loaded, and nothing is loaded lazily. Load it with the "
            f"query: select({model}).options(selectinload({model}.{relationship})), "
            f"or await session.refresh(row, ['{relationship}'])."
        )


class CallerError(ModelwireError):
    """The caller of a request is not what its annotations say.

    Args:
        attribute: The attribute.
        fault: What is wrong with it.
    """

    def __init__(self, attribute: str, fault: str) -> None:
        super().__init__(f"The caller's attribute `{attribute}` {fault}.")


class HookError(ModelwireError):
    """A hook has failed, or has set what is no value of its field; its client is not at fault."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong with a request, and where.

    Args:
        message: What was wrong and what would be right, without the row's values.
        code: A stable name for the fault, finer than the code of the whole answer.
        pointer: JSON Pointer (RFC 6901) into the body, when the fault is there.
        parameter: Name of the query or path parameter, when the fault is there.
        position: Character offset from 0 inside the parameter's value, where one is known.
    """

    message: str
    code: str
    pointer: str | None = None
    parameter: str | None = None
    position: int | None = None

    def place(self, pointer: str) -> Violation:
        """The same of one of several requests.

        Args:
            pointer: Where the request stands in a body.
        """
        if self.parameter is not None:
            pointer = f"{pointer}/path"
        elif self.pointer is not None:
            pointer = f"{pointer}/body{self.pointer}"
        return replace(self, pointer=pointer)


MAX_ERRORS = 20
"""Faults of a request that are told one by one, at most; of the rest the number is told."""


class Faults:
    """The faults of a request, gathered one by one.

    A body of a megabyte has room for a hundred thousand faults, of which nobody reads more than the
    first. The others are only counted: a body that is wrong costs no more than one that is right.

    Attributes:
        first: The first of them.
        count: How many there are.
    """

    __slots__ = ("_codes", "count", "first")

    def __init__(self) -> None:
        self.first: list[Violation] = []
        self.count = 0
        self._codes: set[str] = set()

    def __bool__(self) -> bool:
        return self.count > 0

    @property
    def room(self) -> int:
        """The number of faults that can still be told one by one."""
        return MAX_ERRORS - len(self.first)

    @property
    def code(self) -> str | None:
        """The code that all of them have; None where they differ."""
        return next(iter(self._codes)) if len(self._codes) == 1 else None

    def add(self, violation: Violation) -> None:
        """Add one."""
        self.count += 1
        self._codes.add(violation.code)
        if len(self.first) < MAX_ERRORS:
            self.first.append(violation)

    def add_each(self, things: Collection[T], describe: Callable[[T], Violation]) -> None:
        """Add one for each of some things.

        Args:
            things: The things.
            describe: Says what is wrong with one, which only those are asked for that are told.
        """
        told = list(islice(things, self.room))
        for thing in told:
            self.add(describe(thing))
        self.pass_over(len(things) - len(told))

    def pass_over(self, count: int) -> None:
        """Add some that nobody looks at."""
        self.count += count
        if count:
            self._codes.add("")

    @property
    def more(self) -> int:
        """The number of faults beside the first."""
        return self.count - len(self.first)

    def refuse(self) -> None:
        """Refuse the request, if anything is wrong with it.

        Raises:
            InvalidRequest: Something is.
        """
        if self.count:
            raise InvalidRequest(*self.first, more=self.more)


class RequestError(ModelwireError):
    """A failure that is told to the client.

    Args:
        detail: One sentence for a person; empty where the code says it all.
        violations: What was wrong, one entry for each field or parameter.
        more: How many more there are than these.

    Attributes:
        detail: The same.
        violations: The first `MAX_ERRORS` of them.
        more: How many more there are than these.
    """

    code: ClassVar[str]
    is_of_server: ClassVar[bool] = False
    """Whether it says that the request is not at fault."""

    def __init__(
        self, detail: str = "", violations: Sequence[Violation] = (), more: int = 0
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.violations = tuple(violations[:MAX_ERRORS])
        self.more = more + len(violations) - len(self.violations)

    def place(self, pointer: str) -> None:
        """Say which of several requests it is about.

        Args:
            pointer: Where the request stands in a body; its own body stands below.
        """
        if not self.is_of_server:
            found = [violation.place(pointer) for violation in self.violations]
            whole = Violation(self.detail or self.code, self.code, pointer=pointer)
            self.violations = tuple(found or [whole])


class InvalidRequest(RequestError):
    """The body, the path or the query is not valid.

    Args:
        violations: What is wrong.
        more: How much more there is than these.
        within: Where what the detail is about stands in the body: a place there is told from here.
    """

    code = "invalid"

    def __init__(self, *violations: Violation, more: int = 0, within: str = "") -> None:
        super().__init__(_summarise(violations, more, within), violations, more)

    def alone(self, pointer: str) -> InvalidRequest:
        """The error as it is told of a row that stands by itself among others.

        Args:
            pointer: Where the row stands in the body.
        """
        error = InvalidRequest(*self.violations, more=self.more, within=pointer)
        error.__cause__ = self.__cause__
        return error


class NoSuchPath(RequestError):
    """No route has this path."""

    code = "no_such_path"


class UnknownHost(RequestError):
    """The request is for a host that this service is not."""

    code = "unknown_host"


class CrossOriginRefused(RequestError):
    """A page of another origin asks for more than it is allowed to send."""

    code = "cross_origin_refused"


class MethodNotAllowed(RequestError):
    """The path exists, but not with this method."""

    code = "method_not_allowed"

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__(f"Allowed here: {', '.join(allowed)}")
        self.allowed = tuple(allowed)


class TooLarge(RequestError):
    """The body is over its limit.

    Args:
        detail: Which limit.
        unread: Whether the body was not read to its end.
    """

    code = "too_large"

    def __init__(self, detail: str, *, unread: bool = False) -> None:
        super().__init__(detail)
        self.unread = unread


class TooSlow(RequestError):
    """The body did not come in time."""

    code = "too_slow"


class UnsupportedMediaType(RequestError):
    """The body is of a media type that this route does not read."""

    code = "unsupported_media_type"


class UnsupportedEncoding(UnsupportedMediaType):
    """The body has a content coding, which no route reads."""


class NotAcceptable(RequestError):
    """The answer has no media type that the client accepts."""

    code = "not_acceptable"


class Forbidden(RequestError):
    """The caller may not do this by a policy; or the database does not let its role do it, by
    privileges or by row-level security."""

    code = "forbidden"

    def __init__(
        self,
        detail: str = "The database does not allow this",
        violations: Sequence[Violation] = (),
    ) -> None:
        super().__init__(detail, violations)


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


class PreconditionFailed(RequestError):
    """The row is not as the client has seen it: `If-Match` does not match."""

    code = "changed"


class PreconditionRequired(RequestError):
    """The request may only be made under a condition that it does not state."""

    code = "precondition_required"


class TooManyAffected(RequestError):
    """A change would have affected more rows than the client allows."""

    code = "too_many_affected"


class TooManyIncluded(RequestError):
    """An answer would have included more rows than one may."""

    code = "too_many_included"


class NoLongerKept(RequestError):
    """Changes are asked for that are not kept any more."""

    code = "no_longer_kept"


class KeyReused(RequestError):
    """An `Idempotency-Key` came with another request before."""

    code = "key_reused"


class KeyInFlight(RequestError):
    """The request that came first with an `Idempotency-Key` has not ended yet."""

    code = "key_in_flight"

    def __init__(self, detail: str, retry_after_s: int = 1) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


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


class Answered(RequestError):
    """The application's own code has answered, in place of what was asked for.

    Args:
        status: The status that it gives.
        detail: What it says, as JSON may have it.
        headers: The headers that it adds.
    """

    code = "answered"

    def __init__(
        self, status: int, detail: object, headers: Sequence[tuple[bytes, bytes]] = ()
    ) -> None:
        super().__init__(str(detail))
        self.status = status
        self.given = detail
        self.headers = tuple(headers)


class RefusedByTrigger(RequestError):
    """A trigger refused the row."""

    code = "refused"


class TooManyLevels(RefusedByTrigger):
    """Triggers, or rows that go along with others, have called each other more deeply than the
    database allows."""

    def __init__(self) -> None:
        super().__init__("This would go through more levels of rows than the database allows")


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
    """The application has answered before it was started, and tables are not there."""

    def __init__(self, missing: Sequence[str] = ()) -> None:
        named = f"({', '.join(missing)}) " if missing else ""
        super().__init__(
            f"The application was not started, and tables {named}are missing: its server runs no "
            "lifespan, in which they are created"
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
            f"synchronous_commit is {waits}, where durability=quorum needs standbys that are named "
            "and synchronous_commit=on or remote_apply"
        )


class Contention(Unavailable):
    """Another transaction was in the way: this one is undone, and may succeed if tried again."""

    def __init__(self, detail: str = "Other writes were in the way") -> None:
        super().__init__(detail)


class LockTimeout(Contention):
    """A lock was not free in time."""


class Outdated(Contention):
    """A connection takes no writes, as when it was opened; one that is opened now may take them."""

    def __init__(self) -> None:
        super().__init__("The database takes no writes")


class UnknownOutcome(RequestError):
    """What commits a write was sent, and no answer came: it may be stored or not."""

    code = "unknown_outcome"
    is_of_server = True

    def __init__(self, retry_after_s: int = 1) -> None:
        super().__init__(
            "The write may have been stored or not: read before it is sent again, "
            "or send it again with its Idempotency-Key"
        )
        self.retry_after_s = retry_after_s


class TimedOut(RequestError):
    """A statement, or the whole request, ran into its time limit."""

    code = "timeout"
    is_of_server = True


class DatabaseError(RequestError):
    """The database failed in a way that has no better name; its own words are in the log."""

    code = "database_error"
    is_of_server = True

    def __init__(self) -> None:
        super().__init__("Database error")


class MissingTable(DatabaseError):
    """A statement names a table that the database lacks.

    Args:
        name: The table's name; empty where the database does not say it.
    """

    def __init__(self, name: str = "") -> None:
        super().__init__()
        self.name = name


class UnreadableAnswer(DatabaseError):
    """The driver could not read a value, and gave up the whole answer of the database."""


class UnexpectedError(RequestError):
    """Something else failed; its traceback is in the log."""

    code = "unexpected_error"
    is_of_server = True

    def __init__(self) -> None:
        super().__init__("Unexpected error")


class Constraint(StrEnum):
    """The kinds of constraint that a database reports."""

    UNIQUE = "unique"
    FOREIGN_KEY = "foreign_key"
    NOT_NULL = "not_null"
    CHECK = "check"
    EXCLUSION = "exclusion"
    LENGTH = "length"
    RANGE = "range"
    TRIGGER = "trigger"


class ConstraintViolation(ModelwireError):
    """What the driver said about the constraint that fired.

    Args:
        kind: The kind of the constraint.
        table: Name of the table that the constraint belongs to, where the driver says it.
        constraint: Name of the constraint or index, where the driver says it.
        columns: Names of its columns, where the driver says them; some may be no columns.
        schema: The schema that the table is in, where the driver says it.
    """

    def __init__(
        self,
        kind: Constraint,
        table: str | None = None,
        constraint: str | None = None,
        columns: Sequence[str] = (),
        schema: str | None = None,
    ) -> None:
        super().__init__(f"{kind} constraint {constraint or ''} on {table or 'unknown table'}")
        self.kind = kind
        self.table = table
        self.constraint = constraint
        self.columns = tuple(columns)
        self.schema = schema


def _summarise(violations: Sequence[Violation], more: int, within: str) -> str:
    first = violations[0]
    place = first.parameter or _name_place((first.pointer or "").removeprefix(within))
    if len(place) > _SHOWN:
        place = f"{place[:_SHOWN]}…"
    detail = f"{place}: {first.message}" if place else first.message
    more += len(violations) - 1
    return f"{detail} (and {more} more)" if more else detail


def _name_place(pointer: str) -> str:
    """The last name in a pointer, with the places in arrays that follow it."""
    steps = pointer.split("/")[1:]
    named = (i for i in range(len(steps) - 1, 0, -1) if not steps[i].isdecimal())
    return "/".join(steps[next(named, 0) :])


_SHOWN = 100
"""Characters that a sentence has of a name that a client has sent."""
