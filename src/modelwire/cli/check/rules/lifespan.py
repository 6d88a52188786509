"""Rules on the life of an application: its start, its end, and its start by tests."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..application import Application
from ..finding import Found, Rule
from ..source import Source

_CLIENTS = frozenset({"TestClient", "ASGITransport", "AsyncTestClient"})
_OVERRIDES = (
    "dependency_overrides",
    "open_client",
    "rolled_back_session",
    "DATABASE_URL",
    "database_url",
    "monkeypatch",
)


def _called(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def find_created_on_import(app: Application) -> Iterator[Found]:
    """Find tables created on import, be it by a test or a migration."""
    for source in app.sources:
        makers = {
            node.name
            for node in source.tree.body
            if isinstance(node, ast.FunctionDef)
            and any(_called(n) == "create_all" for n in ast.walk(node))
        }
        for statement in source.tree.body:
            if isinstance(
                statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
            ) or _is_main(statement):
                continue
            for node in ast.walk(statement):
                if _called(node) == "create_all" or (
                    isinstance(node, ast.Call) and _called(node) in makers
                ):
                    yield Found(source, node, "Tables are created when this module is imported")


def _is_main(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)


def find_undisposed(app: Application) -> Iterator[Found]:
    """Find async engines that are not disposed of before their event loop ends."""
    names = {n.attr for s in app.sources for n in ast.walk(s.tree) if isinstance(n, ast.Attribute)}
    for source, node in app.calls():
        name = _called(node)
        if (
            name == "create_async_engine"
            and "dispose" not in names
            and "NullPool" not in ast.unparse(node)
        ):
            yield Found(source, node, "This engine is never disposed of")
        if name == "Database" and not names & {"lifespan", "close_db"} and _is_ours(source, node):
            yield Found(source, node, "This database is never opened and closed: it has a lifespan")


def _is_ours(source: Source, node: ast.Call) -> bool:
    from ....execute.database import Database  # noqa: PLC0415 - a single name of a lower layer

    return (
        isinstance(node.func, ast.Name) and getattr(source.module, node.func.id, None) is Database
    )


def find_on_event(app: Application) -> Iterator[Found]:
    """Find `on_event`, which is deprecated, and ignored where the application has a lifespan."""
    for source, node in app.calls():
        names = {a.value for a in node.args[:1] if isinstance(a, ast.Constant)}
        if _called(node) in {"on_event", "add_event_handler"} and names & {"startup", "shutdown"}:
            yield Found(source, node, f"{_called(node)} is deprecated")


def find_unreplaced(app: Application) -> Iterator[Found]:
    """Find tests that write into the application's own database, since they replace nothing."""
    text = "\n".join(source.text for source in app.tests)
    if any(word in text for word in _OVERRIDES):
        return
    for source in app.tests:
        for node in ast.walk(source.tree):
            if _called(node) in _CLIENTS:
                yield Found(source, node, "Tests write into the application's own database")
                return


RULES = (
    Rule(
        "MW601",
        "Tables created on import",
        "Importing the module, for example in tests or migrations, creates tables in whatever"
        " database it names",
        "Create them in the lifespan, or by migrations",
        find_created_on_import,
    ),
    Rule(
        "MW602",
        "An engine that is not disposed",
        "Its connections stay open, and the server keeps them until they time out",
        "`await engine.dispose()` at the end of the lifespan, or `lifespan=database.lifespan`",
        find_undisposed,
    ),
    Rule(
        "MW603",
        "`on_event`",
        "It is deprecated, and not called if there is a lifespan",
        "`FastAPI(lifespan=…)`",
        find_on_event,
    ),
    Rule(
        "MW604",
        "Tests that use the application's own database",
        "They depend on its contents, and leave rows behind",
        "`app.dependency_overrides[get_session] = …`, or `open_client(app, session)`",
        find_unreplaced,
    ),
)
