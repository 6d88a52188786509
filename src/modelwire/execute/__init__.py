"""Database, sessions, transactions: the only I/O."""

from .counts import SharedCounts
from .database import Database
from .explain import explain, explain_elsewhere
from .faults import translate, translate_commit
from .finder import Finder, delete_rows
from .lane import Lane, Row, commit_session

__all__ = [
    "Database",
    "Finder",
    "Lane",
    "Row",
    "SharedCounts",
    "commit_session",
    "delete_rows",
    "explain",
    "explain_elsewhere",
    "translate",
    "translate_commit",
]
