"""Every route is asked, or is known to say nothing of rows."""

import re
from random import Random

import pytest

from .draws import Draw
from .requests import SAYS_NOTHING, draw_request, find_routes, kind_of
from .rows import draw_rows
from .served import Worlds


def test_every_route_is_asked(worlds: Worlds) -> None:
    """Whatever the OpenAPI document names is drawn by the tests of this folder."""
    document = worlds.app.openapi()
    random = Random(1)
    rows = draw_rows(random)
    draw = Draw(random, worlds.catalog, rows, rows)
    routes = find_routes(document)
    assert len(routes) > 100
    for method, path in routes:
        request = draw_request(draw, (method, path))
        template = re.sub(r"\\{\w+\\}", "[^/?]+", re.escape(path))
        assert request.method == method
        assert re.fullmatch(rf"{template}(\?.*)?", request.url), path
    served = {(m.upper(), path) for path, item in document["paths"].items() for m in item}
    assert served - {*routes} == SAYS_NOTHING


@pytest.mark.parametrize(
    "route",
    [
        ("POST", "/invoices/{id}/issue"),
        ("POST", "/invoices/{id}"),
        ("GET", "/invoices/bulk/"),
        ("GET", "/invoices/{id}/history/{version}/lines"),
    ],
)
def test_a_new_route_is_noticed(route: tuple[str, str]) -> None:
    """A new route without requests in these tests fails them."""
    with pytest.raises(LookupError):
        kind_of(route)
