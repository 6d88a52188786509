"""`modelwire shell`: Python with a session of the application's database, and its models."""

from __future__ import annotations

import ast
import asyncio
import code
import inspect
import sys
from collections.abc import Mapping
from types import CodeType, FunctionType
from typing import Any

import typer
from fastapi import FastAPI
from sqlalchemy import inspect as inspect_class
from sqlmodel import select

from ..errors import ConfigurationError
from ..execute.url import show_url
from ..extras import is_installed
from ..web.service import Service, find_service
from .arguments import TargetArgument
from .ask import exiting, show_examples
from .target import load_app

shell = typer.Typer(rich_markup_mode=None)

Names = Mapping[str, Any]


@shell.command(name="shell", epilog=show_examples("shell main.py", "shell main.py < script.py"))
def open_shell(
    target: TargetArgument,
) -> None:
    """Open Python with a session, the database and the models."""
    with exiting():
        app = load_app(target)
        service = find_service(app)
        if service is None:
            raise ConfigurationError(f"{target} has an application without resources")
    database = service.database
    with asyncio.Runner() as runner:
        names = name_all(app, service)
        try:
            is_done = interact(runner, names)
        finally:
            runner.run(names["session"].close())
            runner.run(database.close_db())
    if not is_done:
        raise typer.Exit(1)


def name_all(app: FastAPI, service: Service) -> Names:
    """Collect the names of a shell: every mapped class, not only those of resources."""
    database = service.database
    registries = {inspect_class(table.model).registry for table in service.paths}
    classes = [mapper.class_ for registry in registries for mapper in registry.mappers]
    # Of two classes of one name, that of a resource.
    classes += [table.model for table in service.paths]
    models = {cls.__name__: cls for cls in classes}
    own = {"app": app, "database": database, "session": database.session(), "select": select}
    return {**dict(sorted(models.items())), **own}


def describe(names: Names) -> str:
    """Describe the names of a shell, and the caller that it acts as."""
    models = [name for name, value in names.items() if isinstance(value, type)]
    return "\n".join(
        (
            f"modelwire shell: {show_url(names['database'].url)}",
            "session, database, app, select",
            ", ".join(models),
            "There is no caller here: no policy, hook or limit applies, and every row and column",
            "may be read and changed. Nothing is stored before `await session.commit()`.",
        )
    )


def interact(runner: asyncio.Runner, names: Names) -> bool:
    """Run typed input, or a script from standard input, if that is no terminal.

    Args:
        runner: Runs awaiting code, all on one event loop: connections belong to theirs.
        names: The names of the shell.

    Returns:
        Whether a script has run to its end; typed input always does.
    """
    console = AsyncConsole(runner, names)
    if not sys.stdin.isatty():
        return console.run_script(sys.stdin.read())
    if is_installed("IPython"):
        _run_ipython(runner, names)
    else:
        console.interact(describe(names), exitmsg="")
    return True


class AsyncConsole(code.InteractiveConsole):
    """Console in which code may await (Python manual, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT).

    Args:
        runner: Runs awaiting code, all on one event loop: connections belong to theirs.
        names: The names of the shell.
    """

    def __init__(self, runner: asyncio.Runner, names: Names) -> None:
        super().__init__(dict(names))
        self._runner = runner
        self.compile.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT

    def runcode(self, code: CodeType) -> None:
        """Run code that was typed."""
        try:
            self._run(code)
        except SystemExit:
            raise
        except BaseException:
            self.showtraceback()

    def run_script(self, source: str) -> bool:
        """Run a whole script; return whether it has run to its end."""
        try:
            self._run(compile(source, "<stdin>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT))
        except SyntaxError:
            self.showsyntaxerror()
        except Exception:
            self.showtraceback()
        else:
            return True
        return False

    def _run(self, code: CodeType) -> None:
        result = FunctionType(code, self.locals)()
        if inspect.iscoroutine(result):
            self._runner.run(result)


def _run_ipython(runner: asyncio.Runner, names: Names) -> None:
    from IPython.terminal.embed import InteractiveShellEmbed  # noqa: PLC0415 - not always installed

    embedded = InteractiveShellEmbed(  # type: ignore[no-untyped-call]
        banner1=describe(names), user_ns=dict(names)
    )
    embedded.loop_runner = runner.run
    embedded()
