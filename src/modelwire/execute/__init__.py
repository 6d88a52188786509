"""Database, sessions, transactions: the only I/O."""

from .counts import SharedCounts
from .database import Database
from .delete import Remover
from .explain import explain, explain_elsewhere, names_table
from .failure import describe_failure
from .faults import translate, translate_commit
from .finder import Finder
from .idempotency import IdempotencyKeys, StoredAnswer
from .insert import Inserter
from .lane import Lane, Row, commit_session
from .limit import CLIENT
from .link import Linker
from .lock import Check, lock_rows
from .rejection import Rejection
from .savepoint import Undone
from .triggers import Rereader
from .update import Look, Updater
from .upsert import Upserter, check_keys
from .url import show_url

__all__ = [
    "CLIENT",
    "Check",
    "Database",
    "Finder",
    "IdempotencyKeys",
    "Inserter",
    "Lane",
    "Linker",
    "Look",
    "Rejection",
    "Remover",
    "Rereader",
    "Row",
    "SharedCounts",
    "StoredAnswer",
    "Undone",
    "Updater",
    "Upserter",
    "check_keys",
    "commit_session",
    "describe_failure",
    "explain",
    "explain_elsewhere",
    "lock_rows",
    "names_table",
    "show_url",
    "translate",
    "translate_commit",
]
