"""sqladmin's pages beside resources, on the same engine."""

import pytest
from fastapi import FastAPI

from examples.league import Player, Team
from modelwire import Database
from tests.conftest import open_client

from .conftest import Share

sqladmin = pytest.importorskip("sqladmin")


async def test_pages(share: Share, database: Database) -> None:
    """A row created by a form is a row of the resource, and the other way round."""

    class TeamPages(sqladmin.ModelView, model=Team):  # type: ignore[name-defined,call-arg]
        column_list = (Team.id, Team.name)
        form_excluded_columns = (Team.players,)

    class PlayerPages(sqladmin.ModelView, model=Player):  # type: ignore[name-defined,call-arg]
        column_list = (Player.id, Player.name)

    def add(app: FastAPI) -> None:
        admin = sqladmin.Admin(app, database.engine)
        admin.add_view(TeamPages)
        admin.add_view(PlayerPages)

    async with open_client(share(add)) as client:
        await client.post("/teams/", json={"name": "Reds"})
        for path in ("/admin/", "/admin/team/create", "/admin/player/list"):
            assert (await client.get(path)).status_code == 200, path
        for path in ("/admin/team/list", "/admin/team/details/1"):
            answer = await client.get(path)
            assert (answer.status_code, "Reds" in answer.text) == (200, True), path
        made = await client.post("/admin/team/create", data={"name": "Blues", "city": "Ulm"})
        assert made.status_code == 302
        assert (await client.get("/teams/2")).json()["city"] == "Ulm"
        assert (await client.get("/admin/nowhere")).headers["content-type"].startswith("text/html")
