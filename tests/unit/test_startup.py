"""The cost of a start: nothing is built that no request needs."""

import gc
import subprocess
import sys

import pytest

import modelwire
from modelwire.cli.loading import loading

COUNT = """
import gc, sys
from fastapi.testclient import TestClient
from examples.league import app
from modelwire.encode.schemas import SchemaEncoder
from modelwire.encode.structs import StructEncoder
from modelwire.statement.statements import Statements

def built():
    gc.unfreeze()  # what the collector is spared it does not show either
    kept = [found.of.cache_info().currsize for found in gc.get_objects()
            if isinstance(found, Statements)]
    made = [found for found in gc.get_objects()
            if isinstance(found, (StructEncoder, SchemaEncoder))]
    return sum(kept), len(made), app.openapi_schema is not None

with TestClient(app) as client:
    print(*built())
    client.get("/users/")
    print(*built())
    client.get("/openapi.json")
    print(*built())
"""

LOADED = """
import sys
import modelwire
for name in modelwire.__all__:
    getattr(modelwire, name)
known = {"uvicorn", "httpx", "httpx2", "fastapi_offline", "jinja2", "mcp"}
print(*sorted(known & set(sys.modules)))
"""

PACKAGE = """
import sys
import modelwire
print(*sorted({"fastapi", "sqlalchemy", "pydantic"} & set(sys.modules)))
modelwire.mount
print("fastapi" in sys.modules)
"""

COMMAND = """
import sys
import typer  # whose older versions load rich themselves
before = set(sys.modules)
import modelwire.cli.main
known = {"rich", "yaml", "alembic", "mcp", "pyarrow", "IPython", "modelwire.cli.check.run"}
print(*sorted(known & set(sys.modules) - before))
"""


def run(program: str, directory: str) -> list[str]:
    """Run a program in an interpreter of its own; returns the lines that it wrote."""
    environment = {"MODELWIRE_DATABASE_URL": f"sqlite:///{directory}/start.db"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env={**environment, "PYTHONPATH": ":".join(filter(None, sys.path))},
    )
    return done.stdout.splitlines()


def test_nothing_is_built_before_it_is_asked_for(tmp_path: object) -> None:
    """No statement, encoder or document is there before a request, and then only what it needs."""
    # The list of users: the page. It is shorter than its limit, so nothing is counted.
    assert run(COUNT, str(tmp_path)) == ["0 0 False", "1 1 False", "1 1 True"]


def test_the_library_loads_nothing_for_its_command(tmp_path: object) -> None:
    """Importing the library loads neither the server, nor clients, nor the docs page's assets."""
    assert run(LOADED, str(tmp_path)) == [""]


def test_names_are_loaded_when_they_are_asked_for(tmp_path: object) -> None:
    """The package alone loads nothing, so that whoever needs a part of it waits for no more."""
    assert run(PACKAGE, str(tmp_path)) == ["", "True"]


def test_names_are_told_from_others() -> None:
    """A missing name raises as in any module, and the error lists existing ones."""
    with pytest.raises(AttributeError, match="has no attribute 'Resources'"):
        modelwire.Resources  # type: ignore[attr-defined]  # noqa: B018
    assert set(modelwire.__all__) <= set(dir(modelwire))


def test_the_command_loads_nothing_for_others(tmp_path: object) -> None:
    """The commands load only when they run what one of them needs alone."""
    assert run(COMMAND, str(tmp_path)) == [""]


def test_nothing_is_collected_while_a_command_loads() -> None:
    """The garbage collector passes over what is loaded, and collects what comes later."""
    before = gc.get_freeze_count()
    try:
        with pytest.raises(ZeroDivisionError), loading():  # noqa: PT012 - it fails at its end
            assert not gc.isenabled()
            kept: list[dict[str, int]] = [{} for _ in range(100)]
            1 / 0  # noqa: B018
        assert gc.isenabled()
        assert gc.get_freeze_count() >= before + len(kept)
    finally:
        gc.unfreeze()


def test_who_has_no_garbage_collected_keeps_that() -> None:
    """A collector that was switched off before stays off."""
    gc.disable()
    try:
        with loading():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
        gc.unfreeze()
