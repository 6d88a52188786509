"""Target of a command: a file or a module, with an application or just tables in it."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
import sysconfig
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from itertools import starmap
from pathlib import Path
from types import FunctionType, ModuleType

from fastapi import FastAPI
from sqlalchemy import Table as SQLTable
from sqlalchemy import inspect
from sqlmodel import SQLModel

from ..catalog.names import is_own_table, shown_name
from ..catalog.reading.mapping import check_mapping
from ..catalog.relations import joins_columns
from ..compat.sqlmodel import relationships_of
from ..errors import ModelwireError
from ..execute.database import Database
from ..resource import Resource
from ..suggestions import did_you_mean
from ..web.mount import mount


class BadTarget(ModelwireError):
    """Failure to load a target; its message gives the reason in one or two lines."""


def load_app(target: str, shown: Sequence[str] = ()) -> FastAPI:
    """Load the application that a target names, or make one from its tables.

    Args:
        target: `league.py`, `package.module`, or either followed by `:name`.
        shown: Fields of its tables to show although they are named like secrets, as in
            `heroes.secret_name`.

    Returns:
        Its FastAPI application, or the result of the function of that name; where it has none, one
        with every table as a resource and every relationship between them includable.

    Raises:
        BadTarget: There is no such file or module, it has nothing to serve, there is no such field,
            or it has an error.
    """
    source, _, name = target.partition(":")
    if not source:
        raise BadTarget("Name what to serve: league.py, package.models or package.main:app")
    with naming_mistakes(source):
        module = _load_module(source)
        app = _find_app(module, source, name)
        if app is not None and shown:
            raise BadTarget(
                f"{source} has an application, which says itself what it shows: leave out --show, "
                "and write Resource(shown=[...]) there"
            )
        return app or _make_app(module, source, shown)


def _find_app(module: ModuleType, source: str, name: str) -> FastAPI | None:
    apps = {id(v): (k, v) for k, v in vars(module).items() if isinstance(v, FastAPI)}
    names = [name for name, _ in apps.values()]
    if name:
        app = getattr(module, name, None)
        if isinstance(app, FunctionType):
            app = app()
            if not isinstance(app, FastAPI):
                raise BadTarget(f"{name}() in {source} returns no FastAPI application")
        if isinstance(app, FastAPI):
            return app
        there = f"; it has {', '.join(names)}" if names else ""
        raise BadTarget(f"{source} has no FastAPI application called {name}{there}")
    if len(apps) > 1 and "app" not in names:
        raise BadTarget(f"{source} has several applications; say which: {source}:{names[0]}")
    return next((app for name, app in apps.values() if len(apps) == 1 or name == "app"), None)


@contextmanager
def naming_mistakes(source: str, fault: str = "can't be served") -> Iterator[None]:
    """Name the place of an error in the user's code, instead of a traceback through libraries.

    Args:
        source: The code that is loaded or run.
        fault: What to report about it.

    Raises:
        BadTarget: An error was raised that is none of modelwire's.
    """
    try:
        yield
    except ModelwireError:
        raise
    except (Exception, SystemExit) as exc:
        place, text = _place_of(exc), _text_of(exc)
        if isinstance(exc, SyntaxError):
            place, text = f"{shorten(exc.filename or source)}, line {exc.lineno}: ", exc.msg
        raise BadTarget(f"{source} {fault}\n{place}{type(exc).__name__}: {text}") from exc


def _text_of(error: BaseException) -> str:
    """Return the first line of an error's text.

    Where a model lacks an attribute, Pydantic names the attribute only.
    """
    text = (str(error).splitlines() or [""])[0]
    model = error.obj if isinstance(error, AttributeError) and error.name == text else None
    if not (isinstance(model, type) and issubclass(model, SQLModel)):
        return text
    known = [*model.model_fields, *relationships_of(model)]
    missing = f"{model.__name__} has no attribute `{text}`{did_you_mean(text, known)}"
    return f"{missing}; it has {', '.join(known)}"


def _place_of(error: BaseException) -> str:
    """Return the innermost place of an error in the user's own code."""
    paths = sysconfig.get_paths()
    installed = ("<", str(Path(__file__).parents[1]), paths["stdlib"], paths["purelib"])
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith(installed)]
    return f"{shorten(own[-1].filename)}, line {own[-1].lineno}: " if own else ""


def shorten(file: str) -> str:
    """Return a path relative to the current directory, where that is shorter."""
    path, here = Path(file), Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _load_module(source: str) -> ModuleType:
    path = Path(source)
    if path.suffix == ".py" or path.is_file() or "/" in source or source.startswith("."):
        return _load_file(path)
    sys.path.insert(0, "")
    try:
        return importlib.import_module(source)
    except ModuleNotFoundError as exc:
        if exc.name is None or not f"{source}.".startswith(f"{exc.name}."):
            raise
        raise BadTarget(f"There is no file or module {source}") from None


def _load_file(path: Path) -> ModuleType:
    if path.is_dir():
        raise BadTarget(f"{path} is a directory; name a file in it, or a module with dots")
    if not path.is_file():
        there = [file.stem for file in path.parent.glob("*.py")]
        closest = get_close_matches(path.stem, there, n=1)
        hint = f" (did you mean `{path.with_name(closest[0])}.py`?)" if closest else ""
        raise BadTarget(f"There is no file {path}{hint}")
    package, root = _package_of(path)
    sys.path[:0] = dict.fromkeys([str(path.resolve().parent), str(root)])
    if package and _imports_relatively(path):
        return importlib.import_module(f"{package}.{path.stem}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise BadTarget(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _package_of(path: Path) -> tuple[str, Path]:
    """Return the package of a file, empty if it is in none, and the folder of that."""
    names, folder = list[str](), path.resolve().parent
    while (folder / "__init__.py").is_file():
        names.insert(0, folder.name)
        folder = folder.parent
    return ".".join(names), folder


def _imports_relatively(path: Path) -> bool:
    """Whether a file can only be loaded as a part of its package."""
    tree = ast.parse(path.read_bytes(), str(path))
    return any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(tree))


def _make_app(module: ModuleType, source: str, shown: Sequence[str]) -> FastAPI:
    models = list(dict.fromkeys(value for value in vars(module).values() if _is_table(value)))
    if not models:
        raise BadTarget(
            f"{source} has no FastAPI application and no table; "
            "a table is class Name(SQLModel, table=True)"
        )
    database = Database()
    title = module.__name__.rpartition(".")[2].replace("_", " ").capitalize()
    app = FastAPI(title=title, lifespan=database.lifespan)
    by_model = _find_shown(models, shown)
    mount(app, database, *(_to_resource(model, models, by_model[model]) for model in models))
    return app


def _find_shown(
    models: Sequence[type[SQLModel]], shown: Sequence[str]
) -> Mapping[type[SQLModel], list[str]]:
    """Return the fields to show of each model."""
    named = {
        f"{inspect(model).local_table.fullname}.{name}": (model, name)
        for model in models
        for name in starmap(shown_name, model.model_fields.items())
    }
    found: dict[type[SQLModel], list[str]] = {model: [] for model in models}
    for path in shown:
        if path not in named:
            raise BadTarget(
                f"--show {path}: there is no such field{did_you_mean(path, named)}; name its table "
                "and itself, as in heroes.secret_name"
            )
        model, name = named[path]
        found[model].append(name)
    return found


def _is_table(value: object) -> bool:
    return (
        isinstance(value, type)
        and issubclass(value, SQLModel)
        and isinstance(vars(value).get("__table__"), SQLTable)
        and not is_own_table(inspect(value).local_table.name)
    )


def _to_resource(
    model: type[SQLModel], models: list[type[SQLModel]], shown: Sequence[str]
) -> Resource:
    mapper = inspect(model)
    check_mapping(mapper)
    includes = [
        prop.key
        for prop in mapper.relationships
        if prop.mapper.class_ in models and joins_columns(prop)
    ]
    return Resource(model, includes=includes, shown=shown)
