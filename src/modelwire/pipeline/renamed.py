"""Errors of requests whose bodies name fields in another way than answers do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ..catalog.tables import Catalog, Table
from ..errors import RequestError
from ..plan.writing.renamed import point_into
from ..request.request import Request
from ..respond.answer import Answer, StreamAnswer
from .pipeline import Session

Handle = Callable[[Request, Session], Awaitable[Answer | StreamAnswer]]


async def answer_renamed(
    handle: Handle, catalog: Catalog, table: Table, request: Request, session: Session = None
) -> Answer | StreamAnswer:
    """Answer a request, and let errors point into its body.

    Args:
        handle: Answers the request.
        catalog: The catalog.
        table: The resource of the rows in the body.
        request: The request.
        session: The overridden session, or the transaction.
    """
    try:
        return await handle(request, session)
    except RequestError as error:
        point_into([error], catalog, table, request.body)
        raise
