"""fastapi-users registers and logs in on modelwire's session, and guards resources."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import Depends, FastAPI
from sqlmodel import Field, SQLModel

from examples.league import Team
from modelwire import Resource, SessionDep
from tests.conftest import open_client

from .conftest import Share

fastapi_users = pytest.importorskip("fastapi_users", reason="it needs SQLAlchemy 2.0")
authentication = pytest.importorskip("fastapi_users.authentication")
adapter = pytest.importorskip(
    "fastapi_users_db_sqlalchemy", reason="it asks for SQLAlchemy before 2.1"
)

# SQLModel's advice to those who call `execute`, which the adapter does.
pytestmark = pytest.mark.filterwarnings("ignore:[^!]*You probably want:DeprecationWarning")

SECRET = "s" * 32


class Registrant(SQLModel, table=True):
    __tablename__ = "registrants"

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    email: str = Field(unique=True, max_length=320)
    hashed_password: str
    is_active: bool = True
    is_superuser: bool = False
    is_verified: bool = False


class Seen(fastapi_users.schemas.BaseUser[uuid.UUID]):  # type: ignore[name-defined]
    """Account as it is shown."""


class Wanted(fastapi_users.schemas.BaseUserCreate):  # type: ignore[name-defined]
    """Account to create."""


class Accounts(fastapi_users.UUIDIDMixin, fastapi_users.BaseUserManager[Registrant, uuid.UUID]):  # type: ignore[name-defined]
    """The accounts, with fastapi-users' rules."""


async def get_accounts(session: SessionDep) -> AsyncIterator[Accounts]:
    yield Accounts(adapter.SQLAlchemyUserDatabase(session, Registrant))


def make_backend() -> Any:
    return authentication.AuthenticationBackend(
        name="jwt",
        transport=authentication.BearerTransport(tokenUrl="auth/login"),
        get_strategy=lambda: authentication.JWTStrategy(secret=SECRET, lifetime_seconds=600),
    )


async def test_login(share: Share) -> None:
    """A registered user who has logged in may use the protected routes."""
    backend = make_backend()
    users = fastapi_users.FastAPIUsers(get_accounts, [backend])

    def add(app: FastAPI) -> None:
        app.include_router(users.get_register_router(Seen, Wanted), prefix="/auth")
        app.include_router(users.get_auth_router(backend), prefix="/auth")

    guard = Depends(users.current_user(active=True))
    app = share(
        add, Resource(Team, dependencies=[guard]), Resource(Registrant, operations=["list"])
    )
    account = {"email": "ann@example.com", "password": "correct horse"}
    async with open_client(app) as client:
        assert (await client.get("/teams/")).status_code == 401
        assert (await client.post("/auth/register", json=account)).status_code == 201
        again = await client.post("/auth/register", json=account)
        assert (again.status_code, again.json()["detail"]) == (400, "REGISTER_USER_ALREADY_EXISTS")
        form = {"username": account["email"], "password": account["password"]}
        wrong = await client.post("/auth/login", data=form | {"password": "wrong"})
        assert wrong.status_code == 400
        token = (await client.post("/auth/login", data=form)).json()["access_token"]
        bearer = {"authorization": f"Bearer {token}"}
        made = await client.post("/teams/", json={"name": "Reds"}, headers=bearer)
        assert made.status_code == 201
        assert (await client.get("/teams/", headers=bearer)).json()["total"] == 1
        assert (await client.get("/teams/")).status_code == 401
        (listed,) = (await client.get("/registrants/")).json()["items"]
        assert listed["email"] == account["email"]
        assert "hashed_password" not in listed
