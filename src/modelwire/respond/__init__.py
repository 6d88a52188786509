"""Status, headers and body of every answer."""

from .answer import (
    CONTENT,
    REPLAYED,
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
from .outcomes import Outcome, Statuses, answer_each
from .problem import answer_other_problem, answer_problem
from .statuses import is_server_error
from .stream import END_MARKER, answer_stream

__all__ = [
    "CONTENT",
    "END_MARKER",
    "REPLAYED",
    "Address",
    "Answer",
    "Bounds",
    "Headers",
    "Outcome",
    "Statuses",
    "StreamAnswer",
    "answer_affected",
    "answer_created",
    "answer_deleted",
    "answer_each",
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
    "is_server_error",
    "link_keyset",
    "link_pages",
    "matches",
]
