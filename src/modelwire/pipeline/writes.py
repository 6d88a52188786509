"""The requests that change one row, each on one screen."""

from __future__ import annotations

from collections.abc import Sequence

from ..catalog.constraints import cascades_in_circles
from ..catalog.tables import Relation, Table
from ..errors import NotFound, PreconditionRequired
from ..execute.connect.lane import Lane, Row
from ..execute.write.delete import Remover
from ..execute.write.insert import Inserter
from ..execute.write.link import Linker
from ..execute.write.lock import Check, lock_rows
from ..plan.keys import write_key
from ..plan.parent import plan_parent
from ..plan.reading.plans import plan_includes
from ..plan.reading.query import refuse_parameters
from ..plan.writing.create import plan_child, plan_create
from ..plan.writing.delete import plan_delete
from ..plan.writing.links import plan_link
from ..plan.writing.update import plan_update
from ..request.headers import parse_preconditions
from ..request.request import Request
from ..respond.answer import (
    Answer,
    answer_created,
    answer_deleted,
    answer_updated,
    check_preconditions,
)
from ..shape.parts import Include
from ..shape.reads import SelectShape
from .encoding import encode_row, tagged
from .stages import Session, parse_body, wants_minimal
from .transactions import Transactions


class Writes(Transactions):
    """Answers the requests that change one row."""

    async def create(self, table: Table, request: Request, session: Session = None) -> Answer:
        """`POST /users/`"""
        includes = plan_includes(self.catalog, table, self.parse_query(request))
        plan = plan_create(self.catalog, table, parse_body(request), self.database.dialect)

        rereader = self.rereader(plan)

        async def work(lane: Lane, singly: bool) -> Answer:
            written = await Inserter(lane, self.statements, singly=singly).store(plan)
            rows = await rereader.read(lane, table, written)
            return await self._answer_created(lane, table, request, rows, includes)

        single = plan.is_single and not (includes or rereader.is_needed)
        return await self.write(plan, request, session, work, single=single)

    async def create_child(
        self, table: Table, relation: Relation, request: Request, session: Session = None
    ) -> Answer:
        """`POST /teams/{id}/players/`"""
        target = self.catalog.target_of(relation)
        includes = plan_includes(self.catalog, target, self.parse_query(request))
        parent = plan_parent(table, relation, request.key)
        child = plan_child(self.catalog, parent, parse_body(request), self.database.dialect)
        rereader = self.rereader(child.plan, link=relation.link)

        async def work(lane: Lane, singly: bool) -> Answer:
            row = await Inserter(lane, self.statements, singly=singly).store_child(child)
            rows = await rereader.read(lane, target, [row])
            return await self._answer_created(lane, target, request, rows, includes)

        return await self.write(child.plan, request, session, work)

    async def put(self, table: Table, request: Request, session: Session = None) -> Answer:
        """`PUT /users/{id}`"""
        return await self._update(table, request, session, ignore_null=True)

    async def patch(self, table: Table, request: Request, session: Session = None) -> Answer:
        """`PATCH /users/{id}`"""
        return await self._update(table, request, session, ignore_null=False)

    async def delete(self, table: Table, request: Request, session: Session = None) -> Answer:
        """`DELETE /users/{id}`"""
        refuse_parameters(self.parse_query(request))
        plan = plan_delete(table, request.key)
        check = _check_of(table, request)
        dependents = self.catalog.dependents

        async def work(lane: Lane, singly: bool) -> Answer:
            remover = Remover(lane, self.statements, dependents, singly=singly)
            await remover.remove(plan, check)
            return answer_deleted()

        # What SQLite can't take along is removed before, which takes more than one statement.
        deep = self.database.dialect == "sqlite" and cascades_in_circles(table.sql)
        single = not (dependents.get(table.name) or check or deep)
        return await self.write(plan, request, session, work, single=single)

    async def link(
        self, table: Table, relation: Relation, request: Request, session: Session = None
    ) -> Answer:
        """`PUT /groups/{id}/members/{key}`"""
        return await self._link(table, relation, request, session, removes=False)

    async def unlink(
        self, table: Table, relation: Relation, request: Request, session: Session = None
    ) -> Answer:
        """`DELETE /groups/{id}/members/{key}`"""
        return await self._link(table, relation, request, session, removes=True)

    async def _update(
        self, table: Table, request: Request, session: Session, *, ignore_null: bool
    ) -> Answer:
        includes = plan_includes(self.catalog, table, self.parse_query(request))
        body, dialect = parse_body(request), self.database.dialect
        plan = plan_update(self.catalog, table, request.key, body, dialect, ignore_null=ignore_null)
        check, written, rereader = _check_of(table, request), plan, self.rereader(plan)

        async def work(lane: Lane, singly: bool) -> Answer:
            nonlocal written
            updater = self.updater(lane, singly=singly)
            changed = await updater.change(plan, check)
            written = updater.written or plan
            rows = await rereader.read(lane, table, changed)
            branches = await self.includes.read(lane, SelectShape(table), rows, includes)
            shown, tag = encode_row(table, rows[0], branches, includes)
            return answer_updated(shown, tag, minimal=wants_minimal(request))

        single = not (includes or plan.reads_first or check or rereader.is_needed)
        return await self.write(plan, request, session, work, single=single, found=lambda: written)

    async def _answer_created(
        self,
        lane: Lane,
        table: Table,
        request: Request,
        rows: Sequence[Row],
        includes: tuple[Include, ...],
    ) -> Answer:
        branches = await self.includes.read(lane, SelectShape(table), rows, includes)
        body, tag = encode_row(table, rows[0], branches, includes)
        location = f"{request.base}/{write_key(table, rows[0])}"
        return answer_created(body, tag, location, minimal=wants_minimal(request))

    async def _link(
        self,
        table: Table,
        relation: Relation,
        request: Request,
        session: Session,
        *,
        removes: bool,
    ) -> Answer:
        refuse_parameters(self.parse_query(request))
        plan = plan_link(self.catalog, table, relation, request.keys)
        check = _check_of(table, request)

        async def work(lane: Lane, _singly: bool) -> Answer:
            (row,) = await lock_rows(lane, self.statements, plan.owner, check)
            linker = Linker(lane, self.statements)
            links, missing = await linker.find(plan.links)
            if missing:
                raise NotFound(f"{links.target.title} not found")
            await (linker.remove if removes else linker.link)(table, row, links)
            return answer_deleted()

        return await self.write(plan.owner, request, session, work)


def _check_of(table: Table, request: Request) -> Check | None:
    """What looks at a row before it is changed: whether it is the one that the client knows.

    Raises:
        PreconditionRequired: The resource requires `If-Match`, and it is absent.
    """
    conditions = parse_preconditions(request.header(b"if-match"), request.header(b"if-none-match"))
    if table.resource.require_if_match and conditions.if_match is None:
        raise PreconditionRequired("Send the ETag of the row that you change as If-Match")
    return (lambda row: check_preconditions(conditions, tagged(table, row))) if conditions else None
