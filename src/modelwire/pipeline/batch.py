"""Batches: several requests in one transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ..errors import ConstraintViolation, InvalidRequest, RequestError, Violation
from ..execute.connect.lane import Lane
from ..execute.explain.constraints import by_table, explain_elsewhere
from ..execute.rejection import Rejection
from ..plan.keys import escape_reserved
from ..plan.writing.each import WrittenRows
from ..request.batch import BatchedRequest
from ..request.body import parse_exactly
from ..request.references import Reference
from ..respond.answer import Answer
from ..respond.batch import answer_batch
from .pipeline import Pipeline
from .work import Done, OpenTransaction, Work


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
class Requests:
    """Requests of a batch, and the functions that answer them.

    Args:
        requests: The requests.
        answer: Answers one as a part of a transaction, once its dependencies have run.
        guarded: The requests with other dependencies than the caller.
        guard: Runs only the dependencies of one.
        needs_session: Whether any may have to be answered in the transaction of a session.
        find_grants: Finds the attributes of the caller that decide about fields.
        minimal: Whether the bodies of responses are left out.
    """

    requests: Sequence[BatchedRequest]
    answer: Callable[[Addressed, OpenTransaction], Awaitable[Answer]]
    guarded: Sequence[BatchedRequest]
    guard: Callable[[Addressed, OpenTransaction], Awaitable[None]]
    needs_session: bool
    find_grants: Callable[[], Collection[str]]
    minimal: bool


class BatchWork:
    """Work of a batch.

    The requests are carried out one after another. If a constraint refuses one, all are repeated,
    each in a savepoint, in which the constraint is explained: it may be about rows that earlier
    requests have written.

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
        self._done: list[tuple[Work, Done, str]] = []

    @property
    def grants(self) -> Collection[str]:
        """Attributes of the caller that decide about fields."""
        return self._batch.find_grants()

    async def carry_out(self, transaction: OpenTransaction) -> Done:
        """Answer all requests."""
        shared, answers = transaction.share(), Answers()
        done = self._done = []
        for request in self._batch.requests:
            count = len(shared.done)
            addressed = _address(request, answers)
            with Placing(request.place):
                answers.add(await self._batch.answer(addressed, shared))
            done += [(work, part, request.place) for work, part in shared.done[count:]]
        if transaction.one_by_one:
            await self._check_deferred(transaction.lane)
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
        for work, part, place in reversed(self._done):
            if part.rows is not None and _may_be_about(violation, part.rows):
                error = await work.explain(Rejection(violation, part.rows), lane)
                error.place(place)
                return error
        return explain_elsewhere(violation, "", self._pipeline.catalog)

    async def _check_deferred(self, lane: Lane) -> None:
        """Check deferred constraints before COMMIT, while rows can still be looked up."""
        try:
            async with lane.savepoint(checks=True):
                pass
        except ConstraintViolation as violation:
            raise await self.explain(Rejection(violation, None), lane) from violation


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
                raise _refuse("refers to what the answer of that request does not have", place)
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
            raise _refuse("refers to what can't stand in a path: a text or a number can", place)
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
