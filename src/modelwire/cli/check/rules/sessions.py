"""Rules on sessions: their creation, their sharing, and their commits."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from sqlalchemy import Table, UniqueConstraint
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from ..application import Application
from ..finding import Found, Rule
from ..objects import table_of
from ..routes import Reached
from ..source import Def
from ..tracing.tracer import Tracer
from ..values import Call, Event, Function, Instance, Row, SessionOf, Value

_HANDLES = (IntegrityError, DBAPIError, SQLAlchemyError, Exception, BaseException)
_TOGETHER = frozenset({"gather", "wait", "as_completed"})


def find_made(app: Application) -> Iterator[Found]:
    """Find sessions created by endpoints, which can't be replaced and are not the request's.

    Code that runs beside the endpoint, in a task, a stream or after the response, needs its own.
    """
    for endpoint, reached in app.reached.items():
        for r in reached:
            if (
                r.aside
                or r.depended
                or (r.facts.of("yield") and r.function is not endpoint.function)
            ):
                continue
            aside = {call.node for call in r.facts.calls if call.aside}
            for event in r.facts.of("made"):
                if event.node not in aside:
                    text = f"{r.function.node.name} makes a session of its own"
                    yield Found(r.function.source, event.node, text)


def find_unhandled(app: Application) -> Iterator[Found]:
    """Find commits whose violated constraints are not handled, be it after a query for the value.

    Nothing is found where modelwire is mounted, whose handlers name the field, or where the
    application has a handler of its own. A model without a unique value or a foreign key that the
    body sets can't fail so.
    """
    handlers = [c for c in app.app.exception_handlers if isinstance(c, type)]
    if app.service is not None or any(
        c in (IntegrityError, DBAPIError, SQLAlchemyError) for c in handlers
    ):
        return
    for reached in app.reached.values():
        yield from _unhandled(reached)


def _unhandled(reached: Sequence[Reached]) -> Iterator[Found]:
    risky = [r for r in reached if any(_may_conflict(e) for e in r.facts.of("add", "change"))]
    if not risky:
        return
    writing = [r for r in risky if r.facts.of("write")] or [
        r for r in reached if r.facts.of("write")
    ]
    for r in writing:
        writes = r.facts.of("write")
        open_to_faults = [w for w in writes if not _is_handled(r.caught | w.caught)]
        if open_to_faults and len(open_to_faults) == len(writes):
            text = "A unique value that is taken, or a missing parent, is answered 500 here"
            yield Found(r.function.source, open_to_faults[0].node, text)


def _is_handled(caught: frozenset[type]) -> bool:
    return any(c in _HANDLES for c in caught)


def _may_conflict(event: Event) -> bool:
    value = event.value
    if not isinstance(value, Row) or (table := table_of(value.model)) is None:
        return False
    conflicting = _conflicting(table)
    if event.kind == "add" and isinstance(value.place.node, ast.arg):
        return bool(conflicting)  # the caller has created the row
    if not value.fresh:
        return (event.name == "*" and bool(conflicting)) or event.name in conflicting
    return bool(conflicting if value.sets is None else conflicting & value.sets)


def _conflicting(table: Table) -> frozenset[str]:
    """Return the columns that are unique, or refer to another table."""
    unique = {c.name for c in table.columns if c.unique or c.foreign_keys}
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            unique |= {c.name for c in constraint.columns}
    for index in table.indexes:
        if index.unique:
            unique |= {c.name for c in index.columns}
    return frozenset(unique)


def find_shared(app: Application) -> Iterator[Found]:
    """Find sessions shared by concurrent tasks, whose one connection can't serve both.

    SQLAlchemy's manual: "Is the Session thread-safe? Is AsyncSession safe to share in concurrent
    tasks?" It is not.
    """
    for r in app.running:
        yield from _shared_in(app.tracer, r)


def _shared_in(tracer: Tracer, r: Reached) -> Iterator[Found]:
    tasks: dict[str, int] = {}
    for call in r.facts.calls:
        short = _short(call)
        if short in _TOGETHER:
            used = [session for a in call.node.args for session in set(_sessions_in(tracer, r, a))]
            if len(used) > len(set(used)) or _repeats(tracer, r, call):
                yield Found(r.function.source, call.node, "Several tasks ask one session at a time")
        if short in {"create_task", "ensure_future", "start_soon"}:
            for session in set(_sessions_in(tracer, r, *call.node.args)):
                tasks[session] = tasks.get(session, 0) + 1
                if tasks[session] == 2:
                    yield Found(
                        r.function.source, call.node, f"Several tasks ask {session} at a time"
                    )


def _repeats(tracer: Tracer, r: Reached, call: Call) -> bool:
    """Whether a call takes a comprehension that uses one session many times."""
    for argument in call.node.args:
        inner = argument.value if isinstance(argument, ast.Starred) else argument
        if isinstance(inner, ast.ListComp | ast.GeneratorExp) and list(
            _sessions_in(tracer, r, inner.elt)
        ):
            return True
    return False


def _sessions_in(tracer: Tracer, r: Reached, *nodes: ast.AST) -> Iterator[str]:
    """Yield the names of the sessions that an expression uses, and of objects that have one."""
    for top in nodes:
        for node in ast.walk(top):
            value = _value_at(r, node)
            if isinstance(value, SessionOf) or (
                isinstance(value, Instance) and _has_session(tracer, value.cls)
            ):
                yield ast.unparse(node)


def _value_at(r: Reached, node: ast.AST) -> Value | None:
    if isinstance(node, ast.Name):
        return r.facts.names.get(node.id)
    if (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    ):
        return r.facts.names.get(f"self.{node.attr}") or _session_attribute(r, node.attr)
    return None


def _session_attribute(r: Reached, name: str) -> Value | None:
    for call in r.facts.calls:
        if isinstance(call.of, SessionOf) and ast.unparse(call.node.func).startswith(
            f"self.{name}."
        ):
            return call.of
    return None


def _has_session(tracer: Tracer, cls: type) -> bool:
    names = {"session", "_session", "db", "_db"}
    return any(isinstance(tracer.attribute(cls, name), SessionOf) for name in names)


def _short(call: Call) -> str:
    func = call.node.func
    return func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")


def find_after_answer(app: Application) -> Iterator[Found]:
    """Find sessions in background tasks, which run when the session may be closed.

    A task should be given keys, and open a session of its own.
    """
    for r in app.running:
        for call in r.facts.calls:
            if _short(call) not in {"add_task", "BackgroundTask"}:
                continue
            used = set(
                _sessions_in(app.tracer, r, *call.node.args, *[k.value for k in call.node.keywords])
            )
            inner = call.arguments.get(0)
            if used or (isinstance(inner, Function) and _closes_over(app, r, inner)):
                text = "A task that runs after the answer is given the session of the request"
                yield Found(r.function.source, call.node, text)


def _closes_over(app: Application, r: Reached, inner: Function) -> bool:
    if inner.source.function_of(inner.node) is not r.function.node:
        return False
    own = {e.name for e in app.tracer.facts(inner).of("made")}
    names = {n.id for n in ast.walk(inner.node) if isinstance(n, ast.Name)} - own
    return any(isinstance(r.facts.names.get(name), SessionOf) for name in names)


def find_late(app: Application) -> Iterator[Found]:
    """Find commits after the response, where FastAPI from 0.118 on ends dependencies.

    `Depends(…, scope="function")` ends them before.
    """
    seen: set[Def] = set()
    for endpoint in app.endpoints:
        for dependency in endpoint.dependencies:
            function = dependency.function
            if not dependency.ends_late or function.node in seen:
                continue
            seen.add(function.node)
            for event in app.tracer.facts(function).of("late")[:1]:
                text = f"{function.node.name} commits after the answer is sent"
                yield Found(function.source, event.node, text)


def find_expired(app: Application) -> Iterator[Found]:
    """Find rows that are used after a commit, when an async session can't read them again."""
    for r in app.running:
        if r.function.is_async:
            yield from _expired_in(r)


def _expired_in(r: Reached) -> Iterator[Found]:
    expired: set[str] = set()
    known: set[str] = set()
    for event in r.facts.events:
        if event.kind == "write" and event.name == "commit" and isinstance(event.value, SessionOf):
            if event.value.is_async and event.value.expires:
                expired |= known
        elif event.kind == "add" and event.name:
            known.add(event.name)
        elif event.kind == "refresh":
            expired.discard(event.name)
            known.discard(event.name)
        elif event.kind in {"read", "return"}:
            name = event.name if event.kind == "return" else _read_of(event.node)
            if name in expired:
                text = (
                    f"`{name}` has expired with the commit, and an async session can't read it anew"
                )
                yield Found(r.function.source, event.node, text)
                return


def _read_of(node: ast.AST) -> str:
    value = getattr(node, "value", None)
    return value.id if isinstance(value, ast.Name) else ""


RULES = (
    Rule(
        "MW101",
        "A session created by hand in an endpoint",
        "Tests can't replace it, and two of them in one request are two transactions",
        "Take a session as a dependency: `session: SessionDep`",
        find_made,
    ),
    Rule(
        "MW102",
        "`IntegrityError` not handled",
        "A duplicate value that is inserted between a check and the commit, or a missing "
        "parent, is a 500",
        "Catch `IntegrityError` around the commit and respond with 409, or register a handler"
        " for it; `mount` does",
        find_unhandled,
    ),
    Rule(
        "MW103",
        "A session shared by tasks",
        "A session has one connection, and concurrent statements on it fail or get mixed up",
        "Run the statements one after another, or give each task its own session",
        find_shared,
    ),
    Rule(
        "MW104",
        "The session of the request used after the response",
        "It may be closed by then, and a commit that fails comes after success was sent",
        "Pass keys to the task, and open a session of its own there",
        find_after_answer,
    ),
    Rule(
        "MW105",
        "A dependency that commits after the response",
        "If the commit fails, the client has already been told of success",
        'Commit in the endpoint, take `UnitOfWorkDep`, or write `Depends(…, scope="function")`',
        find_late,
    ),
    Rule(
        "MW106",
        "A row used after the commit of an async session",
        "It is expired, and reading it raises `MissingGreenlet`",
        "Create sessions with `expire_on_commit=False`, or `await session.refresh(row)`",
        find_expired,
    ),
)
