"""Database, sessions, transactions: the only I/O."""

from .counts import SharedCounts
from .database import Database
from .explain import explain, explain_elsewhere
from .failure import describe_failure
from .faults import translate
from .finder import Finder, delete_rows
from .lane import Lane, Row

__all__ = [
    "Database",
    "Finder",
    "Lane",
    "Row",
    "SharedCounts",
    "delete_rows",
    "describe_failure",
    "explain",
    "explain_elsewhere",
    "translate",
]
