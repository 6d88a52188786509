"""The caller's dependency on the routes of resources: as FastAPI resolves any other."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.security import OAuth2PasswordBearer
from pydantic import BaseModel
from sqlalchemy import MetaData

from modelwire import Caller, ConfigurationError, Database, Policy, Resource, everyone, mount
from modelwire.access.principal import Principal
from modelwire.compat.short_way import find_short_way
from modelwire.request.request import Request as RoutedRequest
from modelwire.testing import open_client
from modelwire.web import endpoint

from .models import Tenant, TenantInvoice, TenantMembership

TABLES = MetaData()
for model in (Tenant, TenantInvoice, TenantMembership):
    model.metadata.tables[str(model.__tablename__)].to_metadata(TABLES)

bearer = OAuth2PasswordBearer("token")
seen: list[object] = []


class User(BaseModel):
    id: int
    is_admin: bool = False


async def read_user(token: Annotated[str, Depends(bearer)]) -> AsyncIterator[User]:
    """Give the user whose number the token is."""
    if not token.isdigit():
        raise HTTPException(401, "Who?", headers={"WWW-Authenticate": "Bearer"})
    user = User(id=int(token))
    seen.append(user)
    yield user
    seen.append("closed")


me = Caller(read_user)


def guard(user: Annotated[User, Depends(read_user)]) -> None:
    """Take the caller, as a guard of a user's own does."""
    seen.append(user)


def build(tmp_path: Any, **options: Any) -> FastAPI:
    database = Database(f"sqlite:///{tmp_path}/a.db", metadata=TABLES)
    app = FastAPI(lifespan=database.lifespan)

    @app.get("/me")
    def show(user: Annotated[User, Depends(read_user)]) -> User:
        return user

    policy = Policy(read=everyone)
    resources = [Resource(Tenant, policy=policy, **options), Resource(TenantInvoice, policy=policy)]
    mount(app, database, *resources, caller=me)
    return app


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[Any]:
    """Serve an application whose tables are there."""
    database = app.state.modelwire_database
    await database.init_db()
    try:
        async with open_client(app) as client:
            yield client
    finally:
        await database.close_db()


@pytest.fixture(autouse=True)
def _forget() -> None:
    seen.clear()


AS_5 = {"Authorization": "Bearer 5"}
PATH = "/access_organisations"


async def test_every_route_asks(tmp_path: Any) -> None:
    """Each route of a resource answers 401 without a caller, before anything else is read."""
    app = build(tmp_path)
    document = app.openapi()
    routes = [
        (method, path)
        for path, methods in document["paths"].items()
        for method in methods
        if path.startswith("/access_")
    ]
    assert len(routes) > 20
    async with serving(app) as client:
        for method, path in routes:
            answer = await client.request(method, path.replace("{", "").replace("}", "") + "?no=1")
            assert answer.status_code == 401, (method, path)
            assert answer.headers["WWW-Authenticate"] == "Bearer"
            operation = document["paths"][path][method]
            assert operation["security"] == [{"OAuth2PasswordBearer": []}], (method, path)
            assert {"401", "403"} <= operation["responses"].keys()
        for path in ("/health", "/health/ready", "/openapi.json", "/docs"):
            assert (await client.get(path)).status_code == 200
        assert (await client.get(PATH, headers={"Authorization": "Bearer x"})).status_code == 401
        assert (await client.get(PATH, headers=AS_5)).status_code == 200
    assert "OAuth2PasswordBearer" in document["components"]["securitySchemes"]


async def test_one_caller_of_a_request(tmp_path: Any) -> None:
    """It is resolved once, is the same to guards, and is closed after the answer."""
    app = build(tmp_path, dependencies=[Depends(guard)])
    async with serving(app) as client:
        answer = await client.get(PATH, headers=AS_5)
    assert answer.status_code == 200
    user, guarded, closed = seen
    assert user is guarded
    assert closed == "closed"


async def test_overrides(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An override of the dependency holds, and what it gives is what the request has."""
    found: list[Principal | None] = []

    def make_request(*given: Any) -> RoutedRequest:
        found.append(given[-1])
        return RoutedRequest(*given)

    monkeypatch.setattr(endpoint, "Request", make_request)
    app = build(tmp_path)
    app.dependency_overrides[read_user] = lambda: User(id=7)
    async with serving(app) as client:
        assert (await client.get(PATH)).status_code == 200
        assert (await client.get("/me")).json()["id"] == 7
        app.dependency_overrides[read_user] = lambda: None
        assert (await client.get(PATH)).status_code == 500
    (principal,) = found
    assert principal is not None
    assert principal.identity == (7,)


async def test_idempotency_keys_belong_to_callers(tmp_path: Any) -> None:
    """One key of two callers is two; of one caller it is one, whatever its token."""

    async def read_header(x_user: Annotated[int, Header()], request: Request) -> User:
        return User(id=x_user)

    database = Database(f"sqlite:///{tmp_path}/b.db", metadata=TABLES)
    app = FastAPI(lifespan=database.lifespan)
    mount(app, database, Resource(Tenant, policy=Policy(read=everyone)), caller=Caller(read_header))
    async with serving(app) as client:

        async def create(user: int, token: str) -> Any:
            headers = {"X-User": str(user), "Authorization": token, "Idempotency-Key": "k"}
            return await client.post(PATH, json={"name": "A", "owner_id": 1}, headers=headers)

        first, again, other = await create(1, "a"), await create(1, "b"), await create(2, "a")
        assert first.json() == again.json()
        assert first.json()["id"] != other.json()["id"]
        assert (await client.get(PATH)).status_code == 422


def test_mounts(tmp_path: Any) -> None:
    """Every mount of an application has one caller, and a resource of callers has a policy."""
    app = build(tmp_path)
    database = app.state.modelwire_database
    invoices = Resource(TenantInvoice, path="/again", policy=Policy(read=everyone))
    with pytest.raises(ConfigurationError, match="give both the same"):
        mount(app, database, invoices)
    fresh = FastAPI()
    with pytest.raises(ConfigurationError, match=r"policy=Policy\(read=everyone, write=nobody\)"):
        mount(fresh, database, Resource(Tenant), caller=me)
    with pytest.raises(ConfigurationError, match="should be a Caller"):
        mount(fresh, database, Resource(Tenant), caller=read_user)  # type: ignore[arg-type]


@dataclass
class Sent:
    """What a dependency makes of the request."""

    request: Request


async def test_short_way(tmp_path: Any) -> None:
    """A dependency of the request alone is called without FastAPI, once; others with it."""
    calls: list[str] = []

    def read_sent(request: Request) -> Sent:
        calls.append("sent")
        return Sent(request)

    async def read_first(sent: Annotated[Sent, Depends(read_sent)]) -> int:
        return len(await sent.request.body())

    async def read_short(
        token: Annotated[str, Depends(bearer)],
        sent: Annotated[Sent, Depends(read_sent)],
        size: Annotated[int, Depends(read_first)],
    ) -> User:
        calls.append(f"{sent.request.method} {size > 0}")
        return User(id=int(token))

    database = Database(f"sqlite:///{tmp_path}/c.db", metadata=TABLES)
    app = FastAPI(lifespan=database.lifespan)
    caller = Caller(read_short)
    assert find_short_way(Depends(read_short)) is not None
    assert find_short_way(Depends(read_user)) is None
    mount(app, database, Resource(Tenant, policy=Policy(read=everyone)), caller=caller)
    async with serving(app) as client:
        body = {"name": "A", "owner_id": 1}
        assert (await client.post(PATH, json=body)).status_code == 401
        assert calls == []
        assert (await client.post(PATH, json=body, headers=AS_5)).status_code == 201
        assert (await client.get(PATH, headers=AS_5)).json()["items"][0]["name"] == "A"
        assert calls == ["sent", "POST True", "sent", "GET False"]
        given = Sent(Request({"type": "http", "method": "OWN"}))
        app.dependency_overrides[read_sent] = lambda: given
        app.dependency_overrides[read_first] = lambda: 1
        assert (await client.get(PATH, headers=AS_5)).status_code == 200
        assert calls[4:] == ["OWN True"]


@dataclass
class Claims:
    id: int


class Keyed:
    """A caller that a header names."""

    id: int

    def __init__(self, x_id: Annotated[int, Header()]) -> None:
        self.id = x_id


@pytest.mark.parametrize("told", [User, Claims])
def test_clients_do_not_choose_who_they_are(tmp_path: Any, told: type[Any]) -> None:
    """FastAPI reads the fields of such a class from the query."""
    caller = Caller(told)
    with pytest.raises(ConfigurationError, match=r"read id from the query.* `def read_caller"):
        mount_for(tmp_path, caller)


async def test_class_that_reads_a_header(tmp_path: Any) -> None:
    app = mount_for(tmp_path, Caller(Keyed))
    async with app.router.lifespan_context(app), open_client(app) as client:
        assert (await client.get("/access_organisations/?limit=1")).status_code == 422
        headers = {"x-id": "1"}
        assert (await client.get("/access_organisations/", headers=headers)).status_code == 200


def mount_for(tmp_path: Any, caller: Caller) -> FastAPI:
    database = Database(f"sqlite:///{tmp_path}/a.db", metadata=TABLES)
    app = FastAPI(lifespan=database.lifespan)
    policy = Policy(read=Tenant.id == caller.id)
    mount(app, database, Resource(Tenant, policy=policy), caller=caller)
    return app
