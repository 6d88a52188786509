"""Pipelines for groups of callers who may see and set the same fields."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from ..access.principal import Principal
from ..catalog.reading.narrowing import Grants, deciding
from ..catalog.relation import Relation
from ..catalog.tables import Catalog, Table
from ..errors import ConfigurationError, NoSuchPath
from ..request.request import Request
from ..respond.answer import Answer, StreamAnswer
from .pipeline import Pipeline, Session
from .replicas import read_somewhere

MOST_ATTRIBUTES = 6
"""Maximum number of caller attributes in policies of fields; each doubles the catalogs."""

Handle = Callable[[Request, Session], Awaitable[Answer | StreamAnswer]]

Handler = Callable[..., Awaitable[Answer | StreamAnswer]]
"""Function that answers a request, given the pipeline, resource, relation if any, and session."""


class Variants:
    """Pipelines of one application, which differ in the fields that callers may see and set.

    Each is made at the first request of its callers, except for that of callers with the fewest
    rights: if that can be made, all others can.

    Args:
        catalog: Everything that any caller may see and set.
        read: Reads the catalog for callers with some attributes.
        make: Makes the pipeline of a catalog.

    Attributes:
        widest: The pipeline of callers who may see and set everything.
        narrowest: The pipeline of callers with the fewest rights.

    Raises:
        ConfigurationError: Too many attributes decide about fields, or a catalog can't be read.
    """

    def __init__(
        self,
        catalog: Catalog,
        read: Callable[[Grants], Catalog],
        make: Callable[[Catalog], Pipeline],
    ) -> None:
        self._read, self._make = read, make
        # Only a boolean decides, so any parameter with its value will do.
        self._deciding = tuple(
            (name, p.name)
            for name, p in deciding(catalog.tables.values(), catalog.parameters).items()
        )
        if len(self._deciding) > MOST_ATTRIBUTES:
            names = ", ".join(f"me.{name}" for name, _ in self._deciding)
            raise ConfigurationError(
                f"policy=…fields: {len(self._deciding)} attributes of the caller decide about "
                f"fields ({names}), and at most {MOST_ATTRIBUTES} can. Combine some in properties "
                "of the caller, such as one for each role."
            )
        self.widest = make(catalog)
        self._known: dict[Grants, Pipeline] = {catalog.grants: self.widest}
        self.narrowest = self._find(frozenset())

    def choose(self, caller: Principal) -> Pipeline:
        """Return the pipeline of a caller."""
        return self._find(frozenset(n for n, rule in self._deciding if caller.allows(rule)))

    def _find(self, grants: Grants) -> Pipeline:
        known = self._known.get(grants)
        if known is None:
            known = self._known[grants] = self._make(self._read(grants))
        return known

    def bind(
        self, handler: Handler, table: Table, relation: Relation | None, *, reads: bool
    ) -> Handle:
        """Bind the handler of a kind of request to a resource, or to a relation of one.

        Args:
            handler: Answers a request.
            table: The resource, in the widest catalog.
            relation: The relation, if any.
            reads: Whether it only reads, so that replicas may answer.

        Returns:
            A function that answers a request with its caller's pipeline.
        """
        if reads and self.widest.database.replicas is not None:
            handler = partial(read_somewhere, handler)
        if not self._deciding:
            place = (table,) if relation is None else (table, relation)
            return partial(handler, self.widest, *place)
        name = None if relation is None else relation.name
        return partial(self._answer, handler, table.name, name)

    async def _answer(
        self, handler: Handler, table: str, relation: str | None, request: Request, session: Session
    ) -> Answer | StreamAnswer:
        pipeline = self.choose(request.caller)
        here: list[Any] = [pipeline.catalog.tables[table]]
        if relation is not None:
            if relation not in here[0].relations:
                raise NoSuchPath
            here.append(here[0].relations[relation])
        return await handler(pipeline, *here, request, session)
