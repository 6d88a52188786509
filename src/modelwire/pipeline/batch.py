"""Batches: several requests in one transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ..access.principal import Principal
from ..catalog.tables import Table
from ..errors import Constraint, ConstraintViolation, InvalidRequest, RequestError, Violation
from ..execute.connect.lane import Lane
from ..execute.explain.constraints import by_table, explain_elsewhere
from ..execute.rejection import Rejection
from ..execute.write.lock import lock_ahead
from ..plan.keys import Key, escape_reserved
from ..plan.writing.each import WrittenRows
from ..request.batch import BatchedRequest
from ..request.body import parse_exactly
from ..request.references import Reference
from ..respond.answer import Answer
from ..respond.batch import answer_batch
from ..shape.parts import Lock
from .pipeline import Pipeline
from .work import Done, OpenTransaction, RowWork


@dataclass(frozen=True, slots=True)
class Addressed:
    """Request of a batch with its references resolved.

    Args:
        request: The request as it was sent.
        path: Its path and query.
        body: Its body.
    """

    request: BatchedRequest
    path: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Target:
    """Row that a request of a batch names, to change it.

    Args:
        table: Its resource.
        key: Its key.
        lock: The lock that the change takes.
        caller: The caller, as the policies of its resource know it.
    """

    table: Table
    key: Key
    lock: Lock
    caller: Principal


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests of a batch, and the functions that answer them.

    Args:
        requests: The requests.
        targets: The rows that they are known to change.
        answer: Answers one as a part of a transaction, once its dependencies have run.
        guarded: The requests with other dependencies than the caller.
        guard: Runs only the dependencies of one.
        needs_session: Whether any may have to be answered in the transaction of a session.
        find_grants: Finds the attributes of the caller that decide about fields.
        minimal: Whether the bodies of responses are left out.
    """

    requests: Sequence[BatchedRequest]
    targets: Sequence[Target]
    answer: Callable[[Addressed, OpenTransaction], Awaitable[Answer]]
    guarded: Sequence[BatchedRequest]
    guard: Callable[[Addressed, OpenTransaction], Awaitable[None]]
    needs_session: bool
    find_grants: Callable[[], Collection[str]]
    minimal: bool


class BatchWork:
    """Work of a batch.

    The rows that the requests change are locked first, in one order: two batches that name them in
    different orders would deadlock otherwise, as often as they are tried.

    The requests are carried out one after another. If a constraint refuses one, all are repeated,
    each in a savepoint, in which the constraint is explained: it may be about rows that earlier
    requests have written.

    A deferred constraint may be violated by one request and satisfied again by a later one. When
    the requests are repeated, deferred constraints are therefore checked after each request, and
    an error is raised only at the end. If a violation is left, the requests are repeated once
    more, and the one that caused it is refused at its own end, as if it were sent alone.

    Args:
        pipeline: The pipeline.
        batch: The requests.
    """

    rows: WrittenRows | None = None
    is_one_statement = False
    is_splittable = True

    def __init__(self, pipeline: Pipeline, batch: Requests) -> None:
        self._pipeline = pipeline
        self._batch = batch
        self.needs_session = batch.needs_session
        self._done: list[tuple[RowWork, Done, str]] = []

    @property
    def grants(self) -> Collection[str]:
        """Attributes of the caller that decide about fields."""
        return self._batch.find_grants()

    async def carry_out(self, transaction: OpenTransaction) -> Done:
        """Answer all requests."""
        await self._lock(transaction.lane)
        if transaction.one_by_one:
            return await self._carry_out_watched(transaction)
        done = await self._answer_all(transaction)
        if transaction.session is not None:  # after the COMMIT of a session nothing is repeated
            try:
                await _check_deferred(transaction.lane)
            except ConstraintViolation as violation:
                raise Rejection(violation, None) from violation
        return done

    async def _lock(self, lane: Lane) -> None:
        """Lock the rows that the requests change, where transactions lock rows."""
        if self._pipeline.database.sql_dialect.has_one_writer or len(self._batch.targets) < 2:
            return
        by_table: dict[Table, list[Target]] = {}
        for target in self._batch.targets:
            by_table.setdefault(target.table, []).append(target)
        statements = self._pipeline.statements
        for table in sorted(by_table, key=lambda table: table.name):
            targets = by_table[table]
            locks = {target.lock for target in targets}
            lock = Lock.REMOVE if Lock.REMOVE in locks else Lock.CHANGE
            lane.caller = targets[0].caller
            keys = list(dict.fromkeys(target.key for target in targets))
            await lock_ahead(lane, statements, table, keys, lock)

    async def _carry_out_watched(self, transaction: OpenTransaction) -> Done:
        """Carry out the requests again, and refuse the one that violates a deferred constraint."""
        watch = DeferredWatch(transaction.lane)
        try:
            async with transaction.lane.savepoint():
                done = await self._answer_all(transaction, watch)
                if watch.may_be_reference:
                    await self._check_references(transaction.lane)
                watch.finish()
        except BrokenForGood as broken:
            return await self._answer_all(transaction, suspect=broken.index)
        return done

    async def _answer_all(
        self,
        transaction: OpenTransaction,
        watch: DeferredWatch | None = None,
        suspect: int | None = None,
    ) -> Done:
        shared, answers = transaction.share(), Answers()
        done = self._done = []
        for index, request in enumerate(self._batch.requests):
            count, shared.checks = len(shared.done), index == suspect
            addressed = _address(request, answers)
            with Placing(request.place):
                answers.add(await self._batch.answer(addressed, shared))
            new = shared.done[count:]
            done += [(work, part, request.place) for work, part in new]
            if watch is not None and new:
                await watch.look(index)
        rows = done[-1][1].rows if done else None
        committed = [each for _, part, _ in done for each in part.committed]
        return Done(answer_batch(answers.all, minimal=self._batch.minimal), rows, committed)

    async def confirm(self, transaction: OpenTransaction, answer: Answer) -> None:
        """Run the dependencies of each request, as if it came for the first time.

        Raises:
            RequestError: A request is refused now.
        """
        shared, answers = transaction.share(), Answers.stored(answer.body)
        for request in self._batch.guarded:
            addressed = _address(request, answers)
            with Placing(request.place):
                await self._batch.guard(addressed, shared)

    async def explain(self, rejection: Rejection, lane: Lane) -> RequestError:
        """Explain a constraint that fired at COMMIT, by the last request that it may be about."""
        violation = rejection.violation
        if violation.kind is Constraint.FOREIGN_KEY and violation.table is None:
            error = await self._find_broken_reference(lane)
            if error is not None:
                return error
        for work, part, place in reversed(self._done):
            if part.rows is not None and _may_be_about(violation, part.rows):
                error = await work.explain(Rejection(violation, part.rows), lane)
                error.place(place)
                return error
        return explain_elsewhere(violation, "", self._pipeline.catalog)

    async def _check_references(self, lane: Lane) -> None:
        error = await self._find_broken_reference(lane)
        if error is not None:
            raise error

    async def _find_broken_reference(self, lane: Lane) -> RequestError | None:
        """Find the last request with a row that violates a foreign key."""
        for work, part, place in reversed(self._done):
            error = None if part.rows is None else await work.find_broken(part.rows, lane)
            if error is not None:
                error.place(place)
                return error
        return None


class DeferredWatch:
    """Watch over deferred constraints while the requests of a batch are carried out.

    Args:
        lane: The lane of the transaction.
    """

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._broken: tuple[int, ConstraintViolation] | None = None

    @property
    def may_be_reference(self) -> bool:
        """Whether a foreign key may be violated; SQLite reports those only at COMMIT."""
        return self._broken is None or self._broken[1].kind is Constraint.FOREIGN_KEY

    async def look(self, index: int) -> None:
        """Check deferred constraints after a request, to which a new violation is attributed."""
        violation = await _find_deferred(self._lane)
        if violation is None:
            self._broken = None
        elif self._broken is None or _name(self._broken[1]) != _name(violation):
            self._broken = (index, violation)

    def finish(self) -> None:
        """End the watch.

        Raises:
            BrokenForGood: A violation is left.
        """
        if self._broken is not None:
            raise BrokenForGood(self._broken[0])


class BrokenForGood(Exception):
    """A request of a batch violates a deferred constraint, and no later request corrects that.

    Args:
        index: The number of the request.
    """

    def __init__(self, index: int) -> None:
        super().__init__()
        self.index = index


def _name(violation: ConstraintViolation) -> tuple[str | None, ...]:
    return (violation.schema, violation.table, violation.constraint)


async def _check_deferred(lane: Lane) -> None:
    """Check deferred constraints as COMMIT would, where the database can do so."""
    async with lane.savepoint(checks=True):
        pass


class _Looked(Exception):
    """Deferred constraints are satisfied; ends their check."""


async def _find_deferred(lane: Lane) -> ConstraintViolation | None:
    """Check deferred constraints without an effect on later statements.

    Returns:
        The violation; None if there is none, and on SQLite.
    """
    try:
        async with lane.savepoint():
            await _check_deferred(lane)
            raise _Looked
    except ConstraintViolation as violation:
        return violation
    except _Looked:
        return None


class Answers:
    """Answers to the requests of a batch so far, to which later requests may refer."""

    def __init__(self) -> None:
        self.all: list[Answer] = []
        self._values: dict[int, Any] = {}

    @classmethod
    def stored(cls, body: bytes) -> Answers:
        """Return the answers that are contained in the stored answer to a whole batch."""
        answers = cls()
        responses = parse_exactly(body)["responses"]
        answers._values = {i: response.get("body") for i, response in enumerate(responses)}
        return answers

    def add(self, answer: Answer) -> None:
        """Add the answer to the next request."""
        self.all.append(answer)

    def resolve(self, reference: Reference, place: str) -> Any:
        """Return the value of a reference.

        Raises:
            InvalidRequest: The answer has no such value.
        """
        value = self._value(reference.index)
        for step in reference.steps:
            if isinstance(value, dict) and step in value:
                value = value[step]
            elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
                value = value[int(step)]
            else:
                raise _refuse(
                    "refers to a value that the response to that request does not have", place
                )
        return value

    def write(self, reference: Reference, place: str) -> str:
        """Return the value of a reference as a part of a path or a query.

        Raises:
            InvalidRequest: The answer has no such value, or the value can't be in a path.
        """
        value = self.resolve(reference, place)
        if isinstance(value, bool):
            return str(value).lower()
        if not isinstance(value, str):
            raise _refuse(
                "refers to a value that can't be in a path: a text or a number can", place
            )
        return quote(value, safe="", errors="surrogatepass")

    def write_key(self, reference: Reference, place: str) -> str:
        """Return the value of a reference as a part of a key.

        Raises:
            InvalidRequest: As for `write`; or the value is empty, which would change the route.
        """
        written = self.write(reference, place)
        if not written:
            raise _refuse("refers to an empty text, which is no key", place)
        return written

    def _value(self, index: int) -> Any:
        if index not in self._values:
            answer = self.all[index]
            body = answer.body or answer.left_out
            self._values[index] = parse_exactly(body) if body else None
        return self._values[index]


def _may_be_about(violation: ConstraintViolation, rows: WrittenRows) -> bool:
    tables = [plan.table.sql.name for plan in by_table(rows)]
    return violation.table is None or violation.table in tables


def _address(request: BatchedRequest, answers: Answers) -> Addressed:
    """Resolve the references of a request."""
    path = request.path
    if not request.has_fixed_path:
        head, mark, query = path.partition("?")
        segments = [_fill_segment(segment, request, answers) for segment in head.split("/")]
        path = "/".join(segments) + mark + request.fill(query, answers.write)
    return Addressed(request, path, request.fill_body(answers.resolve))


def _fill_segment(segment: str, request: BatchedRequest, answers: Answers) -> str:
    """Resolve the references in one segment of a path, which are components of a key."""
    filled = request.fill(segment, answers.write_key)
    return segment if filled == segment else escape_reserved(filled)


class Placing:
    """Context manager that adds the place of a request to its errors.

    Args:
        place: The pointer to the request in the body of the batch.
    """

    __slots__ = ("_place",)

    def __init__(self, place: str) -> None:
        self._place = place

    def __enter__(self) -> None: ...

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, RequestError):
            error.place(self._place)


def _refuse(message: str, place: str) -> InvalidRequest:
    return InvalidRequest(Violation(message, "invalid_reference", pointer=place))
