"""The page at the root."""

import re
from pathlib import Path

import httpx2
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from modelwire import Database, mount
from tests.conftest import LEAGUE, open_client
from tests.http.problems import read_problem


def make_app(**options: object) -> FastAPI:
    app = FastAPI(title="The <league>", **options)  # type: ignore[arg-type]
    mount(app, Database("sqlite://"), *LEAGUE)
    return app


async def test_links_for_programs(client: httpx2.AsyncClient) -> None:
    """The root links the docs, health and each list, all of which are there."""
    answer = await client.get("/")
    assert answer.headers["content-type"] == "application/json"
    links = answer.json()["links"]
    assert {"docs", "openapi", "health", "users", "teams", "players"} == set(links)
    for path in links.values():
        assert (await client.get(path)).status_code == 200, path


async def test_page_for_people(database: Database) -> None:
    """A browser gets a page with the same links, in which nothing is taken for markup."""
    app = FastAPI(title="The <league>")
    mount(app, database, *LEAGUE)
    async with open_client(app) as client:
        answer = await client.get("/", headers={"accept": "text/html,*/*;q=0.8"})
        assert answer.headers["content-type"].startswith("text/html")
        assert "The &lt;league&gt;" in answer.text
        links = re.findall(r'href="([^"]+)"', answer.text)
        assert len(links) == 6
        for path in links:
            assert (await client.get(path)).status_code == 200, path


async def test_own_root(tmp_path: Path) -> None:
    """Whatever the application has at its root answers, also if it comes later."""
    (tmp_path / "index.html").write_text("site")
    app, site = make_app(), make_app()
    app.add_api_route("/", lambda: "own")
    site.mount("/", StaticFiles(directory=tmp_path, html=True))
    async with open_client(app) as client:
        assert (await client.get("/")).json() == "own"
    async with open_client(site) as client:
        assert (await client.get("/", headers={"accept": "text/html"})).text == "site"


async def test_no_root() -> None:
    """Without the document there is no page, and no other path or method has it."""
    async with open_client(make_app(openapi_url=None)) as client:
        read_problem(await client.get("/"), 404, "no_such_path")
    async with open_client(make_app()) as client:
        read_problem(await client.post("/"), 404, "no_such_path")
        read_problem(await client.get("/nowhere"), 404, "no_such_path")
        assert (await client.head("/")).content == b""


async def test_root_of_a_mounted_application() -> None:
    """An application that is mounted on another one links its own paths."""
    outer = FastAPI()
    outer.mount("/inner", make_app())
    async with open_client(outer) as client:
        links = (await client.get("/inner/")).json()["links"]
        assert links["users"] == "/inner/users"
        assert (await client.get(links["users"])).status_code in (200, 503)
