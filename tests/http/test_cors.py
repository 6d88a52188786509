"""Pages of other origins: who may use a service from a browser, and what they may read and send."""

from collections.abc import Mapping
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, HTTPException
from fastapi.middleware.cors import CORSMiddleware

from examples.league import Team, User
from modelwire import ConfigurationError, Cors, Database, Resource, mount
from tests.conftest import open_client, use_sessions
from tests.http.problems import read_problem

SITE = "https://app.example.com"
CORS = Cors(origins=[SITE, "https://*.preview.example.com", "http://localhost:5173"])
ALLOWED = (
    SITE,
    "https://a.preview.example.com",
    "https://b.a.preview.example.com",
    "http://localhost:5173",
)
REFUSED = (
    "http://app.example.com",
    "https://app.example.com:8443",
    "https://app.example.com.evil.example",
    "https://preview.example.com",
    "https://xpreview.example.com",
    "https://evil.example#.preview.example.com",
    "https://a.preview.example.com.evil.example",
    "http://localhost",
    "null",
    "*",
    "",
)
ALLOW = "access-control-allow-origin"


def serve(database: Database, lane: str, **options: Any) -> FastAPI:
    app = FastAPI()
    mount(app, database, Resource(User), Resource(Team), **options)
    if lane == "session":
        use_sessions(app, database)

    @app.get("/own")
    async def own() -> str:
        raise HTTPException(418)

    @app.get("/broken")
    async def broken() -> None:
        raise ZeroDivisionError

    return app


async def ask(
    app: FastAPI, path: str = "/users/", method: str = "POST", headers: str = "", origin: str = SITE
) -> httpx2.Response:
    """Send the preflight of a request."""
    asked = {"origin": origin, "access-control-request-method": method}
    if headers:
        asked["access-control-request-headers"] = headers
    async with open_client(app) as client:
        return await client.options(path, headers=asked)


def values_of(answer: httpx2.Response, header: str) -> set[str]:
    return {value.strip().lower() for value in answer.headers.get(header, "").split(",") if value}


@pytest.mark.parametrize("path", ["/users/", "/users/1", "/own", "/health", "/nowhere", "/broken"])
async def test_answers(database: Database, lane: str, path: str) -> None:
    """Every answer, errors included, can be read by pages that are allowed, and by no others."""
    app = serve(database, lane, cors=CORS)
    async with open_client(app) as client:
        for origin in ALLOWED:
            answer = await client.get(path, headers={"origin": origin})
            assert answer.headers.get_list(ALLOW) == [origin]
            assert "origin" in values_of(answer, "vary")
            assert {
                "etag",
                "link",
                "location",
                "x-request-id",
                "idempotency-replayed",
                "retry-after",
                "server-timing",
                "preference-applied",
            } <= values_of(answer, "access-control-expose-headers")
            assert "access-control-allow-credentials" not in answer.headers
        for headers in ({"origin": origin} for origin in REFUSED):
            await _check_bare(client, path, headers)
        await _check_bare(client, path, {})


async def _check_bare(client: httpx2.AsyncClient, path: str, headers: Mapping[str, str]) -> None:
    answer = await client.get(path, headers=headers)
    assert not [name for name in answer.headers if name.startswith("access-control-")], headers
    assert "origin" in values_of(answer, "vary")
    assert answer.headers["x-request-id"]


async def test_headers_of_answers(database: Database, lane: str) -> None:
    """CORS headers leave tags, links, and those that a stream depends on."""
    app = serve(database, lane, cors=CORS)
    headers = {"origin": SITE}
    async with open_client(app) as client:
        made = await client.post("/teams/", json={"name": "Reds"}, headers=headers)
        assert made.status_code == 201
        assert {"etag", "location", ALLOW} <= set(made.headers)
        tag = {"if-none-match": made.headers["etag"]}
        same = await client.get("/teams/1", headers=headers | tag)
        assert (same.status_code, same.headers[ALLOW]) == (304, SITE)
        stream = await client.get("/teams/stream/", headers=headers)
        assert values_of(stream, "vary") == {"accept", "prefer", "origin"}
        assert (await client.head("/teams/", headers=headers)).headers[ALLOW] == SITE


@pytest.mark.parametrize("path", ["/users/", "/users/1", "/own", "/health", "/nowhere"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
async def test_preflights(database: Database, lane: str, path: str, method: str) -> None:
    """A page may ask for every method and header of the routes of resources."""
    app = serve(database, lane, cors=CORS)
    wanted = (
        "authorization, content-type, idempotency-key, if-match, if-none-match, prefer, "
        "traceparent, x-request-id"
    )
    answer = await ask(app, path, method, wanted)
    assert answer.status_code == 200
    assert answer.headers[ALLOW] == SITE
    assert method.lower() in values_of(answer, "access-control-allow-methods")
    assert set(wanted.split(", ")) <= values_of(answer, "access-control-allow-headers")
    assert answer.headers["access-control-max-age"] == "600"
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize(
    "asked",
    [{"origin": origin} for origin in REFUSED]
    + [{"method": "TRACE"}, {"method": "post"}, {"headers": "prefer, x-tenant"}],
)
async def test_refused_preflights(database: Database, asked: dict[str, str]) -> None:
    """A forbidden preflight is refused with a problem document that gives the reason."""
    answer = await ask(serve(database, "direct", cors=CORS), **asked)
    problem = read_problem(answer, 400, "cross_origin_refused")
    assert next(iter(asked)) in problem["detail"]
    assert "evil.example" not in answer.text
    assert (ALLOW in answer.headers) is ("origin" not in asked)


async def test_options(database: Database) -> None:
    """OPTIONS that is no preflight is answered as it is without CORS."""
    async with open_client(serve(database, "direct", cors=CORS)) as client:
        read_problem(await client.options("/users/"), 405, "method_not_allowed")
        answer = await client.options("/users/", headers={"origin": SITE})
        read_problem(answer, 405, "method_not_allowed")
        assert answer.headers[ALLOW] == SITE


async def test_any_origin(database: Database, lane: str) -> None:
    """`*` allows every page, none of them with cookies."""
    app = serve(database, lane, cors=Cors(origins=["*"]))
    async with open_client(app) as client:
        for origin in (SITE, "https://evil.example", "null"):
            answer = await client.get("/users/", headers={"origin": origin, "cookie": "a=b"})
            assert answer.headers[ALLOW] == "*"
            assert "access-control-allow-credentials" not in answer.headers
            assert (await ask(app, origin=origin)).headers[ALLOW] == "*"


async def test_credentials(database: Database, lane: str) -> None:
    """Cookies are sent along where that is asked for, with the origin spelt out."""
    app = serve(database, lane, cors=Cors(origins=[SITE], credentials=True))
    async with open_client(app) as client:
        for answer in (await client.get("/users/", headers={"origin": SITE}), await ask(app)):
            assert answer.headers[ALLOW] == SITE
            assert answer.headers["access-control-allow-credentials"] == "true"


async def test_headers_of_own_endpoints(database: Database) -> None:
    """Headers of own endpoints can be allowed and shown beside the others."""
    cors = Cors(origins=[SITE], allow_headers=["X-Tenant"], expose_headers=["X-Cost"], max_age_s=5)
    app = serve(database, "direct", cors=cors)
    answer = await ask(app, headers="x-tenant, prefer")
    assert (answer.status_code, answer.headers["access-control-max-age"]) == (200, "5")
    async with open_client(app) as client:
        shown = (await client.get("/own", headers={"origin": SITE})).headers
        assert {"x-cost", "etag"} <= set(shown["access-control-expose-headers"].lower().split(", "))


async def test_off(database: Database) -> None:
    """Unless origins are named, no answer says anything of them."""
    app = serve(database, "direct")
    read_problem(await ask(app), 405, "method_not_allowed")
    async with open_client(app) as client:
        answer = await client.get("/users/", headers={"origin": SITE})
    assert not {ALLOW, "vary"} & set(answer.headers)


async def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment names origins for every application; an argument wins over it."""
    monkeypatch.setenv("MODELWIRE_CORS_ORIGINS", f"{SITE} , http://LOCALHOST:3000,")
    database = Database("sqlite://")
    await database.init_db()
    app, own = serve(database, "direct"), serve(database, "direct", cors=Cors(["http://own:1"]))
    for origin in (SITE, "http://localhost:3000"):
        assert (await ask(app, origin=origin)).headers[ALLOW] == origin
        assert ALLOW not in (await ask(own, origin=origin)).headers
    assert (await ask(own, origin="http://own:1")).headers[ALLOW] == "http://own:1"
    await database.close_db()


async def test_refused_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page can read that the host is refused."""
    monkeypatch.setenv("MODELWIRE_ALLOWED_HOSTS", "api.example.com")
    async with open_client(serve(Database("sqlite://"), "direct", cors=CORS)) as client:
        answer = await client.get("/users/", headers={"origin": SITE})
        read_problem(answer, 400, "unknown_host")
        assert answer.headers[ALLOW] == SITE


@pytest.mark.parametrize("named", ["first", "second", "both"])
async def test_mounting_twice(
    database: Database, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    """An application has one set of origins, whichever of its mounts names them."""
    app = FastAPI()
    mount(app, database, Resource(User), cors=None if named == "second" else CORS)
    mount(app, database, Resource(Team), cors=None if named == "first" else CORS)
    for path in ("/users/", "/teams/"):
        assert (await ask(app, path)).headers[ALLOW] == SITE
    async with open_client(app) as client:
        answer = await client.get("/users/", headers={"origin": SITE})
        assert answer.headers.get_list(ALLOW) == [SITE]


async def test_second_mount_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A later mount's origins replace those of the environment."""
    monkeypatch.setenv("MODELWIRE_CORS_ORIGINS", "http://environment:1")
    app, database = FastAPI(), Database("sqlite://")
    mount(app, database, Resource(User))
    mount(app, database, Resource(Team), cors=CORS)
    assert (await ask(app)).headers[ALLOW] == SITE
    assert ALLOW not in (await ask(app, origin="http://environment:1")).headers


def test_contradictions(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that can't both hold are refused, with what to write."""
    app = FastAPI()
    mount(app, database, Resource(User), cors=CORS)
    with pytest.raises(ConfigurationError, match="give both the same"):
        mount(app, database, Resource(Team), cors=Cors(origins=["*"]))
    other = FastAPI()
    other.add_middleware(CORSMiddleware, allow_origins=["*"])
    with pytest.raises(ConfigurationError, match="CORSMiddleware already"):
        mount(other, database, Resource(User), cors=CORS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"origins": ["*"], "credentials": True}, "name the origins in place of"),
        ({"origins": [SITE, "*"], "credentials": True}, "name the origins in place of"),
        ({"origins": SITE}, "should be a list"),
        ({"origins": [1]}, "should be a list"),
        ({"origins": []}, "should name an origin"),
        ({"origins": ["app.example.com"]}, r"as in https://app\.example\.com"),
        ({"origins": [f"{SITE}/"]}, r"as in https://app\.example\.com"),
        ({"origins": [f"{SITE}:443"]}, "without the default port of the scheme"),
        ({"origins": ["http://localhost:80"]}, "without the default port of the scheme"),
        ({"origins": ["https://*"]}, r"as in https://app\.example\.com"),
        ({"origins": ["null"]}, r"as in https://app\.example\.com"),
        ({"origins": [SITE], "allow_headers": ["X Tenant"]}, "no name of a header"),
        ({"origins": [SITE], "expose_headers": "X-Cost"}, "should be a list"),
        ({"origins": [SITE], "max_age_s": -1}, "from 0 on"),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    """A wrong option is refused, with what would be right."""
    with pytest.raises(ConfigurationError, match=message):
        Cors(**options)


def test_bad_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """So is a bad origin of the environment."""
    monkeypatch.setenv("MODELWIRE_CORS_ORIGINS", "app.example.com")
    with pytest.raises(ConfigurationError, match=r"MODELWIRE_CORS_ORIGINS.*app\.example\.com"):
        Database("sqlite://")


def test_bad_argument(database: Database) -> None:
    """`mount` takes a `Cors`."""
    with pytest.raises(ConfigurationError, match=r"Cors\(origins="):
        mount(FastAPI(), database, Resource(User), cors=["*"])  # type: ignore[arg-type]
