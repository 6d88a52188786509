"""An Idempotency-Key belongs to who sends it."""

import itertools

import httpx2
import pytest
from sqlalchemy import String, cast, select

from modelwire import Database
from modelwire.statement.idempotency import KEYS
from tests.http.problems import count_rows, read_problem

pytestmark = pytest.mark.both_lanes

KEY = {"Idempotency-Key": "5f2f9a34"}
ANN = {"Authorization": "Bearer annsTokenValue"}
BOB = {"Authorization": "Bearer bobsTokenValue"}
SESSION = {"Cookie": "session=annsCookieValue"}
CALLERS = {"nobody": {}, "ann": ANN, "bob": BOB, "session": SESSION, "ann's session": ANN | SESSION}


async def create(client: httpx2.AsyncClient, caller: dict[str, str], name: str) -> httpx2.Response:
    return await client.post("/teams/", json={"name": name}, headers=KEY | caller)


@pytest.mark.parametrize(("first", "second"), [*itertools.permutations(CALLERS, 2)])
async def test_same_key_of_another_caller(
    client: httpx2.AsyncClient, first: str, second: str
) -> None:
    """The same request with the same key is carried out for each caller, once."""
    stored = await create(client, CALLERS[first], "Red")
    assert stored.status_code == 201
    refused = await create(client, CALLERS[second], "Red")
    read_problem(refused, 400, "already_exists")
    assert "idempotency-replayed" not in refused.headers
    again = await create(client, CALLERS[first], "Red")
    assert again.content == stored.content
    assert again.headers["idempotency-replayed"] == "true"


async def test_another_request_of_another_caller(client: httpx2.AsyncClient) -> None:
    """A key that others have used for something else is not taken."""
    assert (await create(client, ANN, "Red")).status_code == 201
    assert (await create(client, BOB, "Blue")).status_code == 201
    read_problem(await create(client, ANN, "Blue"), 422, "key_reused")
    assert await count_rows(client, "/teams/") == 2


async def test_where_a_value_ends(client: httpx2.AsyncClient) -> None:
    """The end of one header can't stand at the start of the other."""
    assert (await create(client, {"Authorization": "ab", "Cookie": "c"}, "Red")).is_success
    assert (await create(client, {"Authorization": "a", "Cookie": "bc"}, "Blue")).is_success


POSITIONS = (
    SESSION,
    {"Cookie": "session=annsCookieValue; modelwire_position=0/16B3740"},
    {"Cookie": "modelwire_position=0/16B3750;session=annsCookieValue"},
)
ALONE: tuple[dict[str, str], ...] = (
    {},
    {"Cookie": "modelwire_position=0/16B3740"},
    {"Cookie": "modelwire_position=latest"},
)


@pytest.mark.parametrize("attempts", [POSITIONS, ALONE])
async def test_a_cookie_with_a_position(
    client: httpx2.AsyncClient, attempts: tuple[dict[str, str], ...]
) -> None:
    """It says nothing about who asks: the answer to the first attempt may have set it."""
    answers = [await create(client, attempt, "Red") for attempt in attempts]
    assert [answer.status_code for answer in answers] == [201] * 3
    replayed = ["idempotency-replayed" in answer.headers for answer in answers]
    assert replayed == [False, True, True]


async def test_any_other_cookie(client: httpx2.AsyncClient) -> None:
    """All others may say who asks, also those that are named similarly."""
    for name in ("a", "my_modelwire_position", "modelwire_position_2"):
        asked = await create(client, {"Cookie": f"session=a; {name}=0/16B3740"}, name)
        assert asked.status_code == 201
        assert "idempotency-replayed" not in asked.headers


async def test_cookies_in_several_headers(client: httpx2.AsyncClient) -> None:
    """HTTP/2 splits the header; its parts are joined as one."""
    split = [("Cookie", "session=a"), ("Cookie", "theme=b"), *KEY.items()]
    await client.post("/teams/", json={"name": "Red"}, headers=split)
    again = await create(client, {"Cookie": "session=a; theme=b"}, "Red")
    assert again.headers["idempotency-replayed"] == "true"


async def test_what_is_kept(client: httpx2.AsyncClient, database: Database) -> None:
    """Neither credentials nor keys are stored."""
    await create(client, ANN | SESSION, "Red")
    async with database.engine.connect() as connection:
        columns = [cast(column, String) for column in KEYS.columns if column is not KEYS.c.body]
        (row,) = await connection.execute(select(*columns))
    shown = repr(row)
    for secret in ("annsTokenValue", "annsCookieValue", KEY["Idempotency-Key"]):
        assert secret not in shown
