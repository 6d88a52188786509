"""Status, headers and body of every answer."""

from .answer import (
    Answer,
    Headers,
    StreamAnswer,
    answer_created,
    answer_deleted,
    answer_not_modified,
    answer_page,
    answer_row,
    answer_rows,
    answer_updated,
    entity_tag,
    matches,
)
from .problem import answer_other_problem, answer_problem
from .stream import answer_stream

__all__ = [
    "Answer",
    "Headers",
    "StreamAnswer",
    "answer_created",
    "answer_deleted",
    "answer_not_modified",
    "answer_other_problem",
    "answer_page",
    "answer_problem",
    "answer_row",
    "answer_rows",
    "answer_stream",
    "answer_updated",
    "entity_tag",
    "matches",
]
