"""The admin page as it is served: its files, what it tells, what a browser lets it do."""

import gzip
import json
import re
import subprocess
import sys
from hashlib import sha256
from html import unescape
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import Depends, FastAPI, HTTPException, Request
from starlette.staticfiles import StaticFiles

from examples import league
from modelwire import ConfigurationError, Database, Resource, mount
from modelwire.web.admin.assets import MANIFEST, STATIC
from tests.admin.library import Base, serve_everybody, serve_readers
from tests.conftest import LEAGUE, MakeClient, open_client
from tests.docs.pages import ROOT

SOURCES = ROOT / "clients" / "react-admin"
MANIFEST_OF_BUILD = json.loads((STATIC / MANIFEST).read_text())
MOST_BYTES = 1_500_000
"""Bytes that all files may have, compressed."""


def hash_sources() -> str:
    """The hash of what the page is built from, as the build notes it."""
    files = [path for path in (SOURCES / "src").rglob("*") if path.is_file()]
    files += [
        SOURCES / name
        for name in ("build.mjs", "package.json", "package-lock.json", "tsconfig.json")
    ]
    names = sorted(str(path.relative_to(SOURCES)) for path in files)
    lines = [f"{sha256((SOURCES / n).read_bytes()).hexdigest()}  {n}\n" for n in names]
    return sha256("".join(lines).encode()).hexdigest()


def test_built_of_its_sources() -> None:
    """The served files are built from the sources: `make admin` has been run."""
    assert MANIFEST_OF_BUILD["sources"] == hash_sources()
    there = {path.name for path in STATIC.iterdir()}
    assert there == {MANIFEST, *MANIFEST_OF_BUILD["files"]}
    for name in MANIFEST_OF_BUILD["files"]:
        digest = sha256((STATIC / name).read_bytes()).hexdigest()
        assert Path(name).stem.endswith(f"-{digest[:16]}")


def test_size() -> None:
    """It is loaded at once, by a phone too."""
    sizes = [len(gzip.compress((STATIC / n).read_bytes())) for n in MANIFEST_OF_BUILD["files"]]
    assert sum(sizes) <= MOST_BYTES


def test_notices() -> None:
    """The licences of what is bundled come along."""
    (name,) = [n for n in MANIFEST_OF_BUILD["files"] if n.startswith("THIRD-PARTY")]
    notices = (STATIC / name).read_text()
    for package in ("react-admin", "ra-core", "react", "@mui/material", "lossless-json"):
        assert re.search(rf"^{package} \d", notices, re.MULTILINE), package
    assert "Permission is hereby granted" in notices


async def test_off_by_default(client: httpx2.AsyncClient) -> None:
    """The page is only served on request."""
    for path in ("/admin", "/admin/resources"):
        assert (await client.get(path)).status_code == 404


async def test_page(make_client: MakeClient) -> None:
    """The page has no inline script or style, and can't be framed."""
    client = await make_client(*LEAGUE, admin=True)
    page = await client.get("/admin")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["cache-control"] == "no-store"
    policy = dict(
        part.split(" ", 1) for part in page.headers["content-security-policy"].split("; ")
    )
    assert policy["script-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["default-src"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in str(policy)
    nonce = re.search(r'<meta property="csp-nonce" nonce="([^"]+)">', page.text)
    assert nonce is not None
    assert policy["style-src"] == f"'nonce-{nonce[1]}'"
    assert re.findall(r"<script[^>]*>(?!</script>)|<style|\son\w+=|\sstyle=", page.text) == []
    again = await client.get("/admin/")
    assert again.headers["content-security-policy"] != page.headers["content-security-policy"]
    head = await client.head("/admin")
    assert (head.status_code, head.text) == (200, "")
    assert (await client.get("/admin?q=1")).status_code == 422


async def test_assets(make_client: MakeClient) -> None:
    """Each file has its type, and no other can be had by whatever path."""
    client = await make_client(*LEAGUE, admin=True)
    kinds = {".js": "text/javascript", ".svg": "image/svg+xml", ".txt": "text/plain"}
    for name in MANIFEST_OF_BUILD["files"]:
        answer = await client.get(f"/admin/assets/{name}")
        assert answer.headers["content-type"].split(";")[0] == kinds[Path(name).suffix]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.content == (STATIC / name).read_bytes()
        plain = await client.get(f"/admin/assets/{name}", headers={"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.content == answer.content
    for other in (MANIFEST, "..%2Fassets.py", "../assets.py", "%2e%2e/page.py", "//etc/passwd", ""):
        answer = await client.get(f"/admin/assets/{other}")
        assert answer.status_code == 404, other


@pytest.mark.parametrize(("prefix", "root"), [("", ""), ("/api/v1", "/behind")])
async def test_places(prefix: str, root: str) -> None:
    """Below a prefix, and behind a proxy that takes a path off, all links lead to where it is."""
    app = FastAPI(title='A "league" <of> sorts')
    mount(app, Database("sqlite://"), *LEAGUE, prefix=prefix, admin=True)
    transport = httpx2.ASGITransport(app=app, root_path=root)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        page = await client.get(f"{prefix}/admin")
        assert f'src="{root}{prefix}/admin/assets/{MANIFEST_OF_BUILD["script"]}"' in page.text
        assert f'data-root="{root}" data-admin="{root}{prefix}/admin"' in page.text
        assert "<title>A &quot;league&quot; &lt;of&gt; sorts</title>" in page.text
        told = (await client.get(f"{prefix}/admin/resources")).json()["resources"]
        assert [each["path"] for each in told] == [f"{prefix}/{n}" for n in _NAMES]
        links = (await client.get("/")).json()["links"]
        assert links[f"{prefix}/admin".strip("/")] == f"{root}{prefix}/admin"


_NAMES = ("users", "teams", "players")


async def test_resources(make_client: MakeClient) -> None:
    """Each field has the information that a form needs."""
    client = await make_client(*LEAGUE, admin=True)
    users, teams, players = (await client.get("/admin/resources")).json()["resources"]
    assert users["kinds"]["created_at"] == "datetime"
    assert users["fields"]["username"]["required"] is True
    assert users["search"] is True
    assert players["picks"] == {"team_id": "teams"}
    assert players["ways"] == {"team_id": "team"}
    assert "bulk_delete" in teams["operations"]
    assert (await client.get("/admin/resources?name=users")).status_code == 422


async def test_what_cannot_be_listed(make_client: MakeClient) -> None:
    """It is not on the page, and nothing is picked from it."""
    teams = Resource(league.Team, operations=["create", "read"])
    client = await make_client(teams, Resource(league.Player, includes=["team"]), admin=True)
    (players,) = (await client.get("/admin/resources")).json()["resources"]
    assert (players["name"], players["picks"]) == ("players", {})


async def test_kinds() -> None:
    """Each kind of column has its own, links are told by what they lead to."""
    database = Database("sqlite://", metadata=Base.metadata)
    async with open_client(serve_everybody(database)) as client:
        told = (await client.get("/admin/resources")).json()["resources"]
    by_name = {each["name"]: each for each in told}
    volumes = by_name["volumes"]
    assert volumes["kinds"] == {
        "id": "integer",
        "title": "text",
        "shelf_id": "integer",
        "pages": "integer",
        "condition": "enum",
        "price": "decimal",
        "barcode": "integer",
        "weight": "number",
        "lendable": "boolean",
        "printed_on": "date",
        "acquired_at": "datetime",
        "opens_at": "time",
        "extra": "JSON",
        "note": "text",
        "vault_code": "text",
    }
    assert volumes["links"] == {"subjects": "subjects"}
    assert volumes["history"] is True
    assert volumes["fields"]["vault_code"]["write_only"] is True
    assert by_name["loans"]["deleted"] == ["only", "include"]
    assert by_name["visits"]["key"] == ["reader", "day"]


async def test_callers() -> None:
    """The page needs no caller; the information that it loads does."""
    database = Database("sqlite://", metadata=Base.metadata)
    async with open_client(serve_readers(database)) as client:
        page = await client.get("/admin")
        assert page.status_code == 200
        schemes = re.search(r'data-schemes="([^"]*)"', page.text)
        assert schemes is not None
        (scheme,) = json.loads(unescape(schemes[1])).values()
        assert scheme["flows"]["password"]["tokenUrl"] == "token"
        refused = await client.get("/admin/resources")
        assert refused.status_code == 401
        headers = {"authorization": "Bearer nna"}
        told = (await client.get("/admin/resources", headers=headers)).json()["resources"]
    assert [each["name"] for each in told] == ["subjects", "loans"]
    loans = told[1]
    assert loans["may"] == {"read": "some", "create": "none", "update": "some", "delete": "some"}
    assert "internal" not in json.dumps(told)


async def test_callers_apart() -> None:
    """The page is told one caller from another, by the key of the caller and without it."""
    database = Database("sqlite://", metadata=Base.metadata)
    async with open_client(serve_readers(database)) as client:

        async def name(token: str, path: str = "/admin/caller") -> Any:
            answer = await client.get(path, headers={"authorization": f"Bearer {token}"})
            assert answer.headers["cache-control"] == "no-store"
            return answer.json()["caller"]

        ann, bob = await name("nna"), await name("bob")
        assert ann != bob
        assert "ann" not in ann
        assert ann == await name("nna") == await name("nna", "/admin/resources")
        assert (await client.get("/admin/caller")).status_code == 401
        headers = {"authorization": "Bearer nna"}
        assert (await client.get("/admin/caller?x=1", headers=headers)).status_code == 422
    async with open_client(serve_everybody(database)) as client:
        assert (await client.get("/admin/caller")).json() == {"caller": None}


async def test_tokens_from_elsewhere() -> None:
    """A page with tokens of another server may ask that one, and no third."""
    app = FastAPI()
    flow = {"password": {"tokenUrl": "https://login.example.com/token", "scopes": {}}}
    document = {"components": {"securitySchemes": {"o": {"type": "oauth2", "flows": flow}}}}
    mount(app, Database("sqlite://"), *LEAGUE, admin=True)
    app.openapi = lambda: document  # type: ignore[method-assign]
    async with open_client(app) as client:
        policy = (await client.get("/admin")).headers["content-security-policy"]
    assert "connect-src 'self' https://login.example.com;" in policy


async def test_several_mounts() -> None:
    """Mounts at one place share a page; one without resources shows all that are there."""
    app, database = FastAPI(), Database("sqlite://")
    mount(app, database, LEAGUE[0], admin=True)
    mount(app, database, *LEAGUE[1:], batch=None, health=None, admin=True)
    async with open_client(app) as client:
        told = (await client.get("/admin/resources")).json()["resources"]
    assert [each["name"] for each in told] == [*_NAMES]
    for shows in (False, True):
        other = FastAPI()
        mount(other, database, LEAGUE[0], admin=shows)
        mount(other, database, *LEAGUE[1:], batch=None, health=None)
        mount(other, database, batch=None, health=None, admin=True)
        async with open_client(other) as client:
            told = (await client.get("/admin/resources")).json()["resources"]
        assert [each["name"] for each in told] == [*_NAMES]


def test_path_that_is_taken() -> None:
    """An application with a resource at the page's path does not start."""
    named = Resource(league.User, path="/admin")
    with pytest.raises(ConfigurationError, match=r"mount\(admin=True\): /admin is served already"):
        mount(FastAPI(), Database("sqlite://"), named, admin=True)
    app = FastAPI()
    app.get("/admin")(lambda: None)
    with pytest.raises(ConfigurationError, match="/admin is served already"):
        mount(app, Database("sqlite://"), Resource(league.User), admin=True)


@pytest.mark.parametrize(("option", "path"), [("admin", "/admin"), ("mcp", "/mcp")])
async def test_guards_of_mounts(option: str, path: str) -> None:
    """Dependencies of a mount run wherever its resources are described."""

    def check(request: Request) -> None:
        if "x-key" not in request.headers:
            raise HTTPException(403)

    database, users, teams = Database("sqlite://"), Resource(league.User), Resource(league.Team)
    guarded: dict[str, Any] = {"dependencies": [Depends(check)]}
    more: dict[str, Any] = {"batch": None, "health": None, option: True}
    app = FastAPI()
    mount(app, database, users, **guarded)
    mount(app, database, teams)
    mount(app, database, **more)
    async with open_client(app) as client:
        assert (await client.get(f"{path}/resources")).status_code == 403
        answer = await client.get(f"{path}/resources", headers={"x-key": "7"})
        assert [each["name"] for each in answer.json()["resources"]] == ["users", "teams"]
    app = FastAPI()
    mount(app, database, users, **guarded, **more)
    mount(app, database, teams, **more)
    async with open_client(app) as client:
        assert (await client.get(f"{path}/resources")).status_code == 403
    app = FastAPI()
    mount(app, database, users, **more)
    with pytest.raises(ConfigurationError, match=f"serves {path} without them"):
        mount(app, database, teams, **guarded, **more)


@pytest.mark.parametrize("path", ["/admin/resources", "/admin/{rest:path}", "/{rest:path}"])
def test_route_that_stands_before(path: str) -> None:
    """An application with a route in front of the page's files does not start."""
    app = FastAPI()
    app.post(path)(lambda: None)
    mount(app, Database("sqlite://"), Resource(league.Team), admin=True)
    app = FastAPI()
    app.get(path)(lambda: None)
    with pytest.raises(ConfigurationError, match=r"mount\(admin=…\): .* takes GET /admin"):
        mount(app, Database("sqlite://"), Resource(league.Team), admin=True)


@pytest.mark.parametrize("option", ["admin", "mcp"])
async def test_files_at_the_root(option: str, tmp_path: Path) -> None:
    """An application mounted at the root takes all that follows it, and nothing before."""
    (tmp_path / "index.html").write_text("Hello")
    files, database = StaticFiles(directory=tmp_path, html=True), Database("sqlite://")
    app = FastAPI()
    mount(app, database, Resource(league.Team), admin=True)
    app.mount("/", files)
    async with open_client(app) as client:
        assert (await client.get("/")).text == "Hello"
        assert (await client.get("/admin/resources")).status_code == 200
    app = FastAPI()
    mount(app, database, Resource(league.Team))
    app.mount("/", files)
    with pytest.raises(ConfigurationError, match="mount before that route is added"):
        mount(app, database, batch=None, health=None, **{option: True})  # type: ignore[arg-type]


def test_argument() -> None:
    """It is on or off."""
    with pytest.raises(ConfigurationError, match=r"mount\(admin=…\): '/x' should be True or False"):
        mount(FastAPI(), Database("sqlite://"), *LEAGUE, admin="/x")  # type: ignore[arg-type]


def test_the_page_is_loaded_where_it_is_served() -> None:
    """An application that is mounted without the page, or agents, loads no module of theirs."""
    program = """
import sys
from fastapi import FastAPI
from modelwire import Database, mount
app, database = FastAPI(), Database("sqlite://")
mount(app, database)
parts = ("modelwire.web.admin.", "modelwire.web.agents.mounting")
print(*[name for name in sys.modules if name.startswith(parts)])
mount(app, database, admin=True)
print("modelwire.web.admin.mounting" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.splitlines() == ["", "True"]
