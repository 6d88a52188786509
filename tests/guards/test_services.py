"""In random services, no way leads to rows past their guards."""

import re
from collections.abc import Callable
from random import Random
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwire import ConfigurationError
from modelwire.catalog.access import Access
from modelwire.catalog.read import read_catalog
from modelwire.catalog.tables import Catalog
from modelwire.web.row_dependencies import is_bound
from tests.conftest import empty_tables, make_app, open_client
from tests.examples import examples
from tests.lanes import LANES
from tests.worlds import World

from .model import Model
from .requests import Asked, ask_all
from .services import LETTERS, Service, draw_service, letter_of
from .tables import MODELS, RELATIONS, fill

REQUESTS = 150
"""Requests of one service that are tried, each as several callers."""

SHOWN = re.compile(r"mark (\w+)")


@examples(1000, quick=30)
@given(seed=st.integers(0, 2**32))
def test_rule(seed: int) -> None:
    """The ways of a service, and the guards of each route, follow the rule."""
    service = mountable(draw_service(Random(seed)), read_service)
    model, catalog = Model(service), read_service(service)
    for name in service.tables:
        table, relations = catalog.tables[name], RELATIONS[name]
        assert set(table.paths) == {r for r in relations if model.is_open(name, r)}, service
        assert set(table.linked) == {r for r in relations if model.is_linked(name, r)}, service
        for access, kind in BELOW.items():
            found = {r: set(map(letter_of, guards)) for r, guards in table.below[access].items()}
            asked = {r: model.below(name, r, kind) for r in relations}
            assert found == {r: a for r, a in asked.items() if a is not None}, f"{kind} {service}"


BELOW = {
    Access.LIST: "list",
    Access.AGGREGATE: "aggregate",
    Access.CREATE: "create",
    Access.LINK: "link",
}


def read_service(service: Service) -> Catalog:
    return read_catalog(service.resources(), base=service.dependencies(), is_bound=is_bound)


@pytest.mark.parametrize("lane", LANES)
@examples(30, quick=4)
@given(seed=st.integers(0, 2**32))
async def test_random_services(world: World, lane: str, seed: int) -> None:
    """Each request is let in, closed or answered as the rule says, and shows no more."""
    random = Random(seed)
    await empty_tables(world.database)
    await fill(world.database)
    service = mountable(draw_service(random), read_service)
    model = Model(service)
    asked = list(ask_all(model, service.tables))
    options = {"dependencies": service.dependencies()}
    app = make_app(world.database, lane, tuple(service.resources()), options)
    async with open_client(app) as client:
        for request in random.sample(asked, min(REQUESTS, len(asked))):
            for passes in callers(request, random):
                problem = await try_request(client, model, request, passes)
                assert problem is None, f"{problem}: {passes=} {request} {service}"


def mountable(service: Service, mount_it: Callable[[Service], Any]) -> Service:
    """The service without what mount refuses, which is what the rule does not allow."""
    while fault := next(Model(service).faults(), None):
        table, argument, name = fault
        with pytest.raises(ConfigurationError) as caught:
            mount_it(service)
        assert re.search(
            rf"^Resource\({MODELS[table].__name__}, {argument}\w*=\['{name}'\]", str(caught.value)
        ), service
        service = service.without(table, argument, name)
    return service


def callers(request: Asked, random: Random) -> set[str]:
    """Return callers with all guards, with just the needed ones, and with all but one."""
    needs = sorted(request.needs or ())
    least = [needs[:i] + needs[i + 1 :] for i in range(len(needs))]
    return {LETTERS, "".join(needs), *map("".join, least)}


async def try_request(
    client: httpx2.AsyncClient, model: Model, request: Asked, passes: str
) -> str | None:
    """Send a request; what is wrong with the answer."""
    answer = await client.request(
        request.method,
        request.url,
        json=request.body,
        headers={**request.headers, "x-pass": passes},
    )
    table = request.url.split("/")[1]
    for shown in set(SHOWN.findall(answer.text)) - {table}:
        if not model.reads(shown) <= set(passes):
            return f"{shown} is shown"
    status = answer.status_code
    if request.needs is None:
        return None if status in (404, 405) else f"{status} where nothing should be"
    if not request.needs <= set(passes):
        return None if status == 401 else f"{status} without all passes"
    if not request.is_open:
        return None if status == 422 else f"{status} by a closed way"
    if not answer.is_success:
        return f"{status} by an open way: {answer.text}"
    if not all(f"mark {name}" in answer.text for name in request.shows):
        return f"something is missing: {answer.text}"
    if request.finds and not (f"mark {table}" in answer.text and "other" not in answer.text):
        return f"not what was to be found: {answer.text}"
    return None
