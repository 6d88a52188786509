"""What starting costs: nothing is built that no request asks for."""

import subprocess
import sys

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
known = {"uvicorn", "httpx", "httpx2", "fastapi_offline", "jinja2", "mcp"}
print(*sorted(known & set(sys.modules)))
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
