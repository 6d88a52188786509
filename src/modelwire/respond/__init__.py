"""Status, headers and body of every answer."""

from .answer import (
    Answer,
    StreamAnswer,
    answer_affected,
    answer_created,
    answer_deleted,
    answer_keyset_page,
    answer_not_modified,
    answer_page,
    answer_row,
    answer_rows,
    answer_updated,
    check_preconditions,
    entity_tag,
    matches,
)
from .links import Address, Bounds, Headers, link_keyset, link_pages
from .problem import answer_other_problem, answer_problem
from .stream import END_MARKER, answer_stream

__all__ = [
    "END_MARKER",
    "Address",
    "Answer",
    "Bounds",
    "Headers",
    "StreamAnswer",
    "answer_affected",
    "answer_created",
    "answer_deleted",
    "answer_keyset_page",
    "answer_not_modified",
    "answer_other_problem",
    "answer_page",
    "answer_problem",
    "answer_row",
    "answer_rows",
    "answer_stream",
    "answer_updated",
    "check_preconditions",
    "entity_tag",
    "link_keyset",
    "link_pages",
    "matches",
]
