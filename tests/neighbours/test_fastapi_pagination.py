"""fastapi-pagination's pages in own endpoints, on modelwire's session."""

from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import col, select

from examples.league import User
from modelwire import SessionDep
from tests.conftest import open_client

from .conftest import Share

# Its newest version can't be imported beside the lowest FastAPI.
pagination = pytest.importorskip("fastapi_pagination", exc_type=ImportError)
apaginate = pytest.importorskip("fastapi_pagination.ext.sqlmodel").apaginate


async def test_pages(share: Share) -> None:
    """An own endpoint has pages by number; those of resources stay what they are."""

    def add(app: FastAPI) -> None:
        @app.get("/own", response_model=pagination.Page[User])
        async def own(session: SessionDep) -> Any:
            return await apaginate(session, select(User).order_by(col(User.id)))

        pagination.add_pagination(app)

    rows = [{"username": f"u{n}", "email": f"u{n}@test"} for n in range(5)]
    async with open_client(share(add)) as client:
        assert (await client.post("/users/bulk/", json=rows)).status_code == 201
        page = (await client.get("/own", params={"page": 2, "size": 2})).json()
        assert [row["username"] for row in page["items"]] == ["u2", "u3"]
        assert (page["total"], page["pages"]) == (5, 3)
        listed = (await client.get("/users/?limit=2")).json()
        assert (len(listed["items"]), listed["limit"]) == (2, 2)
        assert (await client.get("/users/?page=1")).status_code == 422
