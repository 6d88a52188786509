"""Responses with groups of rows."""

from __future__ import annotations

from ..request.headers import Format
from .answer import CONTENT, Answer
from .links import Bounds, Headers
from .stream import type_of

_VARY = (b"vary", b"Accept")


def answer_groups(items: bytes, bounds: Bounds, links: Headers = ()) -> Answer:
    """Answer with a page of groups in JSON.

    Args:
        items: The groups, as a JSON array.
        bounds: The position of the page among all groups.
        links: The header with links to other pages.
    """
    more = "true" if bounds.has_next else "false"
    rest = f',"skip":{bounds.skip},"limit":{bounds.limit},"more":{more}}}'
    return Answer(200, b'{"items":' + items + rest.encode(), (CONTENT, _VARY, *links))


def answer_sheet(sheet: bytes, links: Headers = ()) -> Answer:
    """Answer with groups as CSV.

    Args:
        sheet: The groups.
        links: The header with links to other pages.
    """
    return Answer(200, sheet, ((b"content-type", type_of(Format.CSV)), _VARY, *links))
