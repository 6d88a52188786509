"""Every way in which modelwire can fail.

    ModelwireError
    ├── ConfigurationError          the developer's: raised at start-up, never sent to a client
    ├── LazyLoadError               the developer's: a relationship was read that no query loaded
    ├── CallerError                 the developer's: a caller does not match its annotations
    ├── HookError                   the developer's: a hook has failed, or has set an invalid value
    ├── ConstraintViolation         internal: the driver's report, before the catalog explains it
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
        ├── Answered                no code: the application's own code has given the answer
        ├── RefusedByTrigger        refused
        │   └── TooManyLevels       refused; triggers or cascades have called each other too deeply
        ├── Unavailable             unavailable
        │   ├── NotStarted          unavailable; the tables do not exist yet
        │   ├── NotDurable          unavailable; COMMIT does not wait for a standby
        │   └── Contention          unavailable; the transaction may be tried again
        │       ├── LockTimeout     unavailable; a lock was not released in time
        │       └── Outdated        unavailable; the connection takes no writes, a new one may
        ├── UnknownOutcome          unknown_outcome
        ├── TimedOut                timeout
        ├── DatabaseError           database_error
        │   ├── MissingTable        database_error; a table does not exist
        │   └── UnreadableAnswer    database_error; a driver rejected rows because of one value
        ├── InvalidRow              invalid_row; a read schema rejects a stored row
        └── UnexpectedError         unexpected_error

The status of each code is defined in `modelwire.respond.statuses`, and nowhere else. Errors are
imported from here, whichever file they are in.
"""

from __future__ import annotations

from .base import MAX_ERRORS, ModelwireError, RequestError, Violation
from .constraints import Constraint, ConstraintViolation
from .developer import CallerError, ConfigurationError, HookError, LazyLoadError
from .invalid import Faults, InvalidRequest
from .request import (
    Answered,
    CrossOriginRefused,
    Forbidden,
    KeyInFlight,
    KeyReused,
    MethodNotAllowed,
    NoLongerKept,
    NoSuchPath,
    NotAcceptable,
    PreconditionFailed,
    PreconditionRequired,
    TooLarge,
    TooManyAffected,
    TooManyIncluded,
    TooSlow,
    UnknownHost,
    UnsupportedEncoding,
    UnsupportedMediaType,
)
from .rows import (
    AlreadyExists,
    ChangedSince,
    CheckFailed,
    NotDeleted,
    NotFound,
    NotNull,
    OutOfRange,
    ParentNotFound,
    Refused,
    RefusedByTrigger,
    StillReferenced,
    TooLong,
    TooManyLevels,
)
from .server import (
    Contention,
    DatabaseError,
    InvalidRow,
    LockTimeout,
    MissingTable,
    NotDurable,
    NotStarted,
    Outdated,
    TimedOut,
    Unavailable,
    UnexpectedError,
    UnknownOutcome,
    UnreadableAnswer,
)

__all__ = [
    "MAX_ERRORS",
    "AlreadyExists",
    "Answered",
    "CallerError",
    "ChangedSince",
    "CheckFailed",
    "ConfigurationError",
    "Constraint",
    "ConstraintViolation",
    "Contention",
    "CrossOriginRefused",
    "DatabaseError",
    "Faults",
    "Forbidden",
    "HookError",
    "InvalidRequest",
    "InvalidRow",
    "KeyInFlight",
    "KeyReused",
    "LazyLoadError",
    "LockTimeout",
    "MethodNotAllowed",
    "MissingTable",
    "ModelwireError",
    "NoLongerKept",
    "NoSuchPath",
    "NotAcceptable",
    "NotDeleted",
    "NotDurable",
    "NotFound",
    "NotNull",
    "NotStarted",
    "OutOfRange",
    "Outdated",
    "ParentNotFound",
    "PreconditionFailed",
    "PreconditionRequired",
    "Refused",
    "RefusedByTrigger",
    "RequestError",
    "StillReferenced",
    "TimedOut",
    "TooLarge",
    "TooLong",
    "TooManyAffected",
    "TooManyIncluded",
    "TooManyLevels",
    "TooSlow",
    "Unavailable",
    "UnexpectedError",
    "UnknownHost",
    "UnknownOutcome",
    "UnreadableAnswer",
    "UnsupportedEncoding",
    "UnsupportedMediaType",
    "Violation",
]
