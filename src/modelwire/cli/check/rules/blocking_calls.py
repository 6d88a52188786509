"""Rules on waiting: calls that block the event loop, and every other request with it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..application import Application
from ..finding import Edit, Found, Rule
from ..routes import Endpoint, parameters_of
from ..source import Source
from ..values import Call, SessionOf

_BLOCKING = {
    "time.sleep": "await asyncio.sleep(…)",
    "requests.": "await httpx.AsyncClient().get(…)",
    "urllib.request.urlopen": "await httpx.AsyncClient().get(…)",
    "httpx._api.": "await httpx.AsyncClient().get(…)",
    "httpx.get": "await httpx.AsyncClient().get(…)",
    "httpx.post": "await httpx.AsyncClient().post(…)",
    "httpx.Client": "httpx.AsyncClient()",
    "subprocess.run": "await asyncio.create_subprocess_exec(…)",
    "subprocess.call": "await asyncio.create_subprocess_exec(…)",
    "subprocess.check_": "await asyncio.create_subprocess_exec(…)",
    "subprocess.Popen": "await asyncio.create_subprocess_exec(…)",
    "os.system": "await asyncio.create_subprocess_shell(…)",
    "os.popen": "await asyncio.create_subprocess_shell(…)",
    "posix.system": "await asyncio.create_subprocess_shell(…)",
    "builtins.open": "await anyio.open_file(…), or a plain def",
    "_io.open": "await anyio.open_file(…), or a plain def",
    "io.open": "await anyio.open_file(…), or a plain def",
    "smtplib.SMTP": "await run_in_threadpool(…)",
    "sqlite3.connect": "an async session",
    "_sqlite3.connect": "an async session",
    "psycopg2.connect": "an async session",
    "shutil.copy": "await run_in_threadpool(…)",
    "socket.create_connection": "await asyncio.open_connection(…)",
}
"""Blocking functions, by the beginning of their names, with their replacements."""

_PATH = tuple(f"pathlib.{c}.{m}_" for c in ("Path", "PosixPath") for m in ("read", "write"))


def find_blocking(app: Application) -> Iterator[Found]:
    """Find calls that block the event loop, which answers every request.

    A plain `def` endpoint runs in a thread, and so does a function given to `run_in_threadpool`.
    """
    for r in app.running:
        if not r.waits:
            continue
        for call in r.facts.calls:
            instead = _instead_of(call)
            if instead is not None:
                shown = ast.unparse(call.node.func)
                text = f"{shown}() holds up every other request; write {instead}"
                edits = _sleep(r.function.source, call) if r.function.is_async else ()
                yield Found(r.function.source, call.node, text, edits)


def _instead_of(call: Call) -> str | None:
    if call.name.startswith(_PATH):
        return "await anyio.Path(…).read_text(), or a plain def"
    return next((new for old, new in _BLOCKING.items() if _is_named(call.name, old)), None)


def _is_named(name: str, known: str) -> bool:
    return name == known or (known.endswith((".", "_")) and name.startswith(known))


def _sleep(source: Source, call: Call) -> tuple[Edit, ...]:
    """Replace `time.sleep` by `await asyncio.sleep`."""
    if call.name != "time.sleep" or not isinstance(source.parents.get(call.node), ast.Expr):
        return ()
    func = call.node.func
    edit = Edit(source.start_of(func), source.end_of(func), "await asyncio.sleep", "import asyncio")
    return (edit,)


def find_sync_sessions(app: Application) -> Iterator[Found]:
    """Find sync sessions in async code, which block the event loop on the database."""
    for endpoint, reached in app.reached.items():
        if not endpoint.function.is_async:
            continue
        for r in reached:
            if not r.waits or r.depended:
                continue
            made = [e for e in r.facts.of("made") if _is_sync(e.value)]
            used = [e for e in r.facts.of("use") if _is_sync(e.value)]
            if made or used:
                node = made[0].node if made else _given_at(endpoint)
                source = r.function.source if made else endpoint.function.source
                text = f"{endpoint.function.node.name} is async, and its session is not"
                yield Found(source, node, text)
                break


def _is_sync(value: object) -> bool:
    return isinstance(value, SessionOf) and not value.is_async


def _given_at(endpoint: Endpoint) -> ast.AST:
    """Return the parameter that receives a session."""
    for arg in parameters_of(endpoint.function.node).values():
        if arg.arg in {"session", "db", "db_session", "s"}:
            return arg
    return endpoint.function.node


RULES = (
    Rule(
        "MW401",
        "A blocking call in an async endpoint",
        "All requests share one event loop, which the call blocks",
        "An awaitable call, `await run_in_threadpool(…)`, or a plain `def` endpoint",
        find_blocking,
        fixable=True,
    ),
    Rule(
        "MW402",
        "A sync session in an async endpoint",
        "It blocks the event loop until the database responds",
        "An `AsyncSession`, such as that of `SessionDep`, or a plain `def` endpoint",
        find_sync_sessions,
    ),
)
