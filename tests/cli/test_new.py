"""`modelwire new`, as a person runs it: processes in an empty folder."""

import asyncio
import json
import os
import resource
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
import yaml

from modelwire.migrations.folder import FILE_TEMPLATE
from tests.cli.commands import Done, run_command
from tests.conftest import create_postgres_database
from tests.docs.curl import curl
from tests.lanes import DIALECTS

KINDS = ((), ("--auth",), ("--postgres",), ("--auth", "--postgres"))
STARTS_S = 120.0


def run(*command: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder, with nothing of modelwire's in its environment."""
    outer = {k: v for k, v in os.environ.items() if not k.startswith(("MODELWIRE_", "PYTEST_"))}
    return subprocess.run(
        command,
        cwd=cwd,
        env={**outer, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def new(*arguments: str, cwd: Path) -> Done:
    return run_command(["new", *arguments], cwd, {})


def make(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run make with this environment for that of the project, which is installed already."""
    return run(*command_of_make(cwd), *arguments, cwd=cwd, PYTHONPATH="src", **environment)


def command_of_make(cwd: Path) -> list[str]:
    (cwd / "stamp").touch()
    (cwd / "wheels").mkdir(exist_ok=True)
    return ["make", f"BIN={Path(sys.executable).parent}", f"STAMP={cwd / 'stamp'}"]


@contextmanager
def serving(*command: str, cwd: Path, **environment: str) -> Iterator[str]:
    """Run a server until the block ends; yields its address once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    outer = {k: v for k, v in os.environ.items() if not k.startswith("MODELWIRE_")}
    log = cwd / "server.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            [*command, f"SERVE_ARGS=--port {port}"],
            cwd=cwd,
            env={**outer, **environment},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(f"{address}/health", server, log)
        yield address
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(60)


def wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + STARTS_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if httpx2.get(url, timeout=20).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())


@pytest.mark.parametrize("options", KINDS, ids=" ".join)
def test_project_tests_itself(tmp_path: Path, options: tuple[str, ...]) -> None:
    """`make test` works at once, and every file is what it is called."""
    done = new("shop", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "make serve" in done.stdout
    shop = tmp_path / "shop"
    tested = make("test", cwd=shop)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert " passed" in tested.stdout
    compose = yaml.safe_load((shop / "compose.yaml").read_text())
    assert compose["services"]["shop"]["ports"] == ["127.0.0.1:8000:8000"]
    assert ("postgres" in compose["services"]) is ("--postgres" in options)
    assert yaml.safe_load((shop / ".github/workflows/ci.yml").read_text())["jobs"]["test"]
    project = tomllib.loads((shop / "pyproject.toml").read_text())
    assert project["tool"]["alembic"]["file_template"] == FILE_TEMPLATE
    written = [path for path in shop.rglob("*") if path.is_file()]
    assert not any("@@" in p.read_text() for p in written if p.suffix not in (".pyc", ".db"))


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("options", [(), ("--auth",)], ids=["open", "auth"])
def test_first_step_makes_the_tables(
    tmp_path: Path,
    options: tuple[str, ...],
    dialect: str,
    request: pytest.FixtureRequest,
    worker_id: str,
) -> None:
    """The step that a project comes with is what its models need, and can be undone."""
    new("shop", *options, cwd=tmp_path)
    shop, url = tmp_path / "shop", f"sqlite:///{tmp_path}/shop.db"
    if dialect == "postgresql":
        server = request.getfixturevalue("postgres_server")
        url = asyncio.run(create_postgres_database(server, f"modelwire_new_{worker_id}"))
    environment = {"MODELWIRE_DATABASE_URL": url}
    (shop / "shop").symlink_to("src/shop")
    for command in (("apply",), ("check",), ("back", "--yes"), ("apply",)):
        done = run_command(["migrate", *command], shop, environment)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    if dialect == "postgresql":
        tested = make("test", cwd=shop, TEST_DATABASE_URL=url)
        assert tested.returncode == 0, tested.stdout + tested.stderr


def test_project_serves_itself(tmp_path: Path) -> None:
    """`make serve` makes the tables and serves them; settings are read from .env."""
    new("shop", cwd=tmp_path)
    shop = tmp_path / "shop"
    (shop / ".env").write_text("MODELWIRE_DATABASE_URL=sqlite:///elsewhere.db\n")
    with serving(*command_of_make(shop), "serve", cwd=shop, PYTHONPATH="src") as address:
        plants = httpx2.post(f"{address}/categories/", json={"name": "Plants"}, timeout=30)
        assert plants.status_code == 201
        assert httpx2.get(f"{address}/summary", timeout=30).json() == {"Plants": 0}
    assert (shop / "elsewhere.db").exists()


def test_requests_of_the_readme(tmp_path: Path) -> None:
    """The requests by which its README signs up, logs in and writes a row succeed as they stand."""
    new("shop", "--auth", cwd=tmp_path)
    shop = tmp_path / "shop"
    text = (shop / "README.md").read_text().replace("\\\n", "")
    commands = [line for line in text.splitlines() if line.startswith("$ curl ")]
    assert len(commands) == 4
    token = ""
    with serving(*command_of_make(shop), "serve", cwd=shop, PYTHONPATH="src") as address:
        for command in commands:
            here = command.replace("http://127.0.0.1:8000", address).replace("$TOKEN", token)
            answer = curl(shlex.split(here)[2:])
            assert answer.status[9] == "2", (command, answer)
            token = json.loads(answer.body).get("access_token", token)
    assert json.loads(answer.body)["total"] == 1


def test_files_for_programs(tmp_path: Path) -> None:
    """`--json` names the files."""
    found = json.loads(new("shop", "--json", cwd=tmp_path).stdout)
    assert found["path"] == "shop"
    for path in found["files"]:
        assert (tmp_path / "shop" / path).is_file()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("my-shop",), "'my-shop' is no name for a Python package"),
        (("my-shop",), "(did you mean `my_shop`?)"),
        (("1shop",), "and begins with a letter"),
        (("class",), "class is a keyword of Python; choose another name, as in class_service"),
        (("läden",), "is no name for a Python package"),
        (("a/shop",), "(did you mean `shop`?)"),
        (("../shop",), "is no name for a Python package"),
        (("",), "is no name for a Python package"),
        (("shop_",), "is no name for a Python package"),
        (("s" * 51,), "A name has 50 characters at most"),
        (("json",), "json is the name of something else"),
        (("fastapi",), "fastapi is the name of something else"),
        (("postgres",), "postgres is the name of something else"),
        (("tests",), "tests is the name of something else"),
        (("there",), "there exists already"),
        (("empty",), "empty exists already"),
        (("file",), "file exists already"),
    ],
)
def test_wrong_names(tmp_path: Path, arguments: tuple[str, ...], sentence: str) -> None:
    """A name that can't be is said in a line, and nothing is written, or written over."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "there").mkdir()
    (tmp_path / "there/kept").touch()
    (tmp_path / "file").touch()
    before = sorted(tmp_path.rglob("*"))
    done = new(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_wrong_options(tmp_path: Path) -> None:
    """A misspelt option is refused, and a folder that can't be written is reported."""
    assert new("shop", "--atuh", cwd=tmp_path).returncode == 2
    assert new(cwd=tmp_path).returncode == 2
    assert list(tmp_path.iterdir()) == []
    help_ = new("--help", cwd=tmp_path)
    assert "modelwire new shop --auth --postgres" in help_.stdout


def test_disk_without_room(tmp_path: Path) -> None:
    """A project that can't be written completely is not written at all."""
    done = subprocess.run(
        [sys.executable, "-m", "modelwire", "new", "shop"],
        cwd=tmp_path,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (700, 700)),
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "modelwire: shop can't be written: File too large\n"
    assert list(tmp_path.iterdir()) == []


def test_project_in_an_environment_of_its_own(tmp_path: Path) -> None:
    """A fresh environment has what the project needs: make serve and make test do the rest."""
    new("shop", "--auth", cwd=tmp_path)
    shop = tmp_path / "shop"
    tested = run("make", f"PYTHON={sys.executable}", "test", cwd=shop)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert [path.suffix for path in (shop / "wheels").iterdir()] == [".whl"]
    with serving("make", f"PYTHON={sys.executable}", "serve", cwd=shop) as address:
        form = {"username": "ann@example.com", "password": "correct horse battery"}
        assert httpx2.post(f"{address}/sign-up", data=form, timeout=30).status_code == 201
        token = httpx2.post(f"{address}/token", data=form, timeout=30).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        assert httpx2.get(f"{address}/items/", headers=headers, timeout=30).json()["total"] == 0
    shutil.rmtree(shop / ".venv")
