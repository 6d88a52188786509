"""starlette-admin's pages beside resources, on the same engine."""

import re

import pytest
from fastapi import FastAPI

from examples.league import Player, Team
from modelwire import Database
from tests.conftest import open_client

from .conftest import Share

starlette_admin = pytest.importorskip("starlette_admin.contrib.sqlmodel")

_TOKEN = re.compile(r'name="csrftoken" value="([^"]+)"')


async def test_pages(share: Share, database: Database) -> None:
    """A row created by a form is a row of the resource, and the other way round."""

    def add(app: FastAPI) -> None:
        admin = starlette_admin.Admin(database.engine, title="League", secret_key="k" * 32)
        admin.add_view(starlette_admin.ModelView(Team))
        admin.add_view(starlette_admin.ModelView(Player))
        admin.mount_to(app)

    async with open_client(share(add)) as client:
        await client.post("/teams/", json={"name": "Reds"})
        for path in ("/admin/", "/admin/player/list", "/admin/player/create"):
            assert (await client.get(path)).status_code == 200, path
        assert "Reds" in (await client.get("/admin/team/list")).text
        token = _TOKEN.search((await client.get("/admin/team/create")).text)
        assert token is not None
        form = {"name": "Blues", "city": "Ulm", "csrftoken": token[1]}
        assert (await client.post("/admin/team/create", data=form)).status_code == 303
        assert (await client.get("/teams/2")).json()["city"] == "Ulm"
        assert (await client.get("/admin/nowhere")).headers["content-type"].startswith("text/html")
