"""Whatever a batch holds, it is answered, and never with an error of the server's."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import empty_tables
from tests.examples import examples
from tests.lanes import LANES
from tests.writes.conftest import World

from .sending import JSON

pytestmark = pytest.mark.both_lanes

TEXTS = st.sampled_from(
    [
        *("", "0.id", "0.name", "1.id", "0.items.0.id", "$ref", "\x00", "\ud800", "é", "%", "%00"),
        *("..", "bulk", "{", "}", "{0.id}", "a" * 300, "9" * 30, "0.id\n", "0." + "a." * 50),
    ]
)
NUMBERS = st.sampled_from([0, -1, 2**31, 2**63, 2**64, 10**400, 1.5, 1e308, -0.0])
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(TEXTS, inner, max_size=3),
        st.fixed_dictionaries({"$ref": inner}),
    ),
    max_leaves=8,
)
PATHS = st.one_of(
    st.sampled_from(["/teams/", "/teams/bulk/", "/teams/1", "/authors/", "/clubs/a/members/1"]),
    st.builds("/teams/{}".format, TEXTS),
    st.builds("/teams/?name={}".format, TEXTS),
    st.builds("/{}".format, TEXTS),
    TEXTS,
)
REQUESTS: st.SearchStrategy[JSON] = st.fixed_dictionaries(
    {
        "method": st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]),
        "path": PATHS,
    },
    optional={
        "body": st.one_of(
            VALUES,
            st.fixed_dictionaries({"name": VALUES}),
            st.fixed_dictionaries({"name": st.just("x"), "data": VALUES}),
        ),
        "headers": st.dictionaries(st.sampled_from(["Prefer", "If-Match", "X"]), TEXTS, max_size=2),
    },
)
FIRST: JSON = {"method": "POST", "path": "/teams/", "body": {"name": "first"}}


@pytest.mark.parametrize("lane", LANES)
@examples(2000, quick=60)
@given(requests=st.lists(st.one_of(REQUESTS, VALUES), max_size=4))
async def test_whatever_it_holds(world: World, lane: str, requests: list[Any]) -> None:
    await empty_tables(world.database)
    content = json.dumps({"requests": [FIRST, *requests]}).encode()
    headers = {"content-type": "application/json"}
    answer = await world.clients[lane].post("/batch", content=content, headers=headers)
    assert answer.status_code < 500, (content, answer.text)
    document = answer.json()
    if answer.is_error:
        assert document["status"] == answer.status_code
        assert (await world.clients[lane].get("/teams/?count=exact")).json()["total"] == 0
    else:
        assert len(document["responses"]) == len(requests) + 1
