"""Undocumented parts of FastAPI that modelwire uses."""

from __future__ import annotations

import inspect
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Body, Depends, FastAPI, Header
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer, SecurityScopes
from starlette.responses import PlainTextResponse

from modelwire.compat import fastapi as compat

from .canary import ask, parameters_of


def find() -> None: ...
def find_below(_found: Annotated[None, Depends(find)]) -> None: ...
def find_row(id: int) -> int:  # noqa: A002
    return id


def find_with(_scopes: SecurityScopes) -> None: ...
def find_scoped(_found: Annotated[None, Depends(find_with)]) -> None: ...
def take_body(name: Annotated[str, Body()]) -> str:
    return name


CALLS: list[str] = []


def first() -> None:
    CALLS.append("first")


def needs() -> None:
    CALLS.append("needs")


def below(_needed: Annotated[None, Depends(needs)]) -> str:
    return "below"


def read() -> str:
    return "read"


class OwnRoute(APIRoute): ...


def test_dependants_have_their_parts() -> None:
    names = {"dependencies", "call", "path_params", "body_params", "security_scopes_param_name"}
    found = Dependant(call=read)
    assert {name for name in names if not hasattr(found, name)} == set(), "Dependant"


def test_dependencies_are_found_at_any_depth() -> None:
    route = APIRoute("/", read, dependencies=[Depends(find_below)])
    assert compat.resolves(route, find), "APIRoute.dependant, Dependant.dependencies and .call"
    assert not compat.resolves(route, find_row)


def test_what_takes_a_path_or_a_body_is_known() -> None:
    path = "/{id}"
    assert compat.takes_path_or_body(Depends(find_row), path), "Dependant.path_params"
    assert compat.takes_path_or_body(Depends(take_body), path), "Dependant.body_params"
    assert not compat.takes_path_or_body(Depends(find_below), path)


def test_what_a_route_resolves_is_known() -> None:
    route = APIRoute("/{id}", take_body)
    assert [f.name for f in compat.dependant_of(route).body_params], "Dependant.body_params"
    assert compat.is_security(HTTPBearer()), "fastapi.security.base.SecurityBase"
    assert not compat.is_security(find)


async def test_dependencies_are_put_before_those_of_a_route() -> None:
    """Of routers that are included too: each application has its own."""
    router, apps = APIRouter(), [FastAPI(openapi_url=None), FastAPI(openapi_url=None)]
    router.add_api_route("/in", below)
    for app in apps:
        app.include_router(router)
        app.add_api_route("/own", below)
    placed = [found for found in compat.place_routes(apps[0].routes) if found.endpoint is below]
    assert [found.methods for found in placed] == [{"GET"}] * 2, "APIRoute.methods"
    for found in placed * 2:
        assert needs in compat.functions_of(found), "APIRoute.dependant"
        compat.resolve_first(found, Depends(first))
    for path in ("/in", "/own"):
        CALLS.clear()
        assert await ask(apps[0], path) == (200, b'"below"')
        assert CALLS == ["first", "needs"], "Dependant.dependencies"
        CALLS.clear()
        assert (await ask(apps[1], path))[0] == 200
        assert CALLS == ["needs"], "the dependant of a route that two applications include"


def test_what_takes_scopes_is_known() -> None:
    assert compat.takes_scopes(Depends(find_scoped)), "Dependant.security_scopes_param_name"
    assert not compat.takes_scopes(Depends(find_below))


def test_what_clients_tell_is_known() -> None:
    def take(name: str, note: Annotated[str, Body()], key: Annotated[str, Header()]) -> None: ...

    told = compat.names_told_by_clients(Depends(take))
    assert told == {"name", "note"}, "Dependant.query_params, Dependant.body_params"


async def test_routes_can_have_a_class_and_an_application_of_their_own() -> None:
    assert "route_class_override" in parameters_of(APIRouter.add_api_route)
    app = FastAPI()
    route = compat.add_route(app.router, OwnRoute, "/own", read)
    assert isinstance(route, OwnRoute), "route_class_override"
    compat.allow_slash(route, "/own")
    assert compat.app_of(route) is route.app, "APIRoute.app"
    compat.replace_app(route, PlainTextResponse("replaced"))
    assert await ask(app, "/own") == (200, b"replaced"), "APIRoute.app"
    assert await ask(app, "/own/") == (200, b"replaced"), "APIRoute.path_regex"


def test_routes_of_included_routers_are_placed() -> None:
    inner, app = APIRouter(), FastAPI(openapi_url=None)
    inner.add_api_route("/{id}", read)
    app.include_router(inner, prefix="/inner")
    placed = [*compat.place_routes(app.router.routes)]
    assert [(p.path, p.endpoint) for p in placed] == [("/inner/{id}", read)], "iter_route_contexts"
    has_copies = isinstance(app.router.routes[-1], APIRoute)
    lists = [*compat.lists_of(app.router.routes)]
    assert has_copies or inner.routes in lists, "original_router"


def test_limit_of_bodies_is_an_attribute_where_there_is_one() -> None:
    takes_limit = "max_body_size" in inspect.signature(APIRoute).parameters
    limited = APIRoute("/", read, max_body_size=5) if takes_limit else None
    assert not compat.limits_body(APIRoute("/", read))
    assert limited is None or compat.limits_body(limited), "APIRoute.max_body_size"


def test_telemetry_is_kept_under_its_name_where_there_is_any() -> None:
    spec = find_spec("fastapi.telemetry")
    if spec is None or spec.origin is None:
        return  # this FastAPI has none
    sources = [path.read_text() for path in Path(spec.origin).parent.glob("*.py")]
    assert any(f'scope["{compat.TELEMETRY}"]' in text for text in sources), compat.TELEMETRY
