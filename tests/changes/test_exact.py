"""Whatever many clients write at once, the log has it: replayed it gives every table, and each row
as it was at any instant."""

import asyncio
import random
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx2
from hypothesis import given
from hypothesis import strategies as st

from modelwire import Database
from tests.changes.exact import check_exact
from tests.changes.tables import TABLES
from tests.examples import THOROUGH, examples
from tests.worlds import World

ROUNDS = 3 * max(1, THOROUGH)
REQUESTS = 12
CLIENTS = 4

PATHS = ("/firms/", "/bills/", "/posts/")
MASS = {"Prefer": "max-affected=100"}


def draw_request(draw: random.Random) -> tuple[str, str, Any, dict[str, str]]:
    """Draw a write of any kind, many of which are refused."""
    key, other = draw.randint(1, 12), draw.randint(1, 12)
    code = draw.choice("abcdefgh")
    name = draw.choice(["n", "ñ", 'q"', "x\\y", "'"])
    return draw.choice(
        [
            ("POST", "/firms/", {"name": name, "above_id": draw.choice([None, key])}, {}),
            ("POST", "/firms/bulk/", [{"name": name}, {"name": "m"}], {}),
            ("PATCH", f"/firms/{key}", {"name": name, "above_id": None}, {}),
            ("PATCH", f"/firms/?name={code}", {"name": name}, MASS),
            ("DELETE", f"/firms/{key}", None, {}),
            ("POST", "/bills/", {"code": code, "firm_id": other, "posts": [{}]}, {}),
            (
                "POST",
                "/bills/bulk/?on_conflict=code",
                [{"code": code, "note": name}, {"code": "z", "note": name}],
                {},
            ),
            ("POST", "/bills/bulk/?atomic=false", [{"code": code}, {"code": code}], {}),
            ("PATCH", f"/bills/{key}", {"total": f"{draw.randint(0, 99)}.50"}, {}),
            ("PATCH", f"/bills/?note={code}", {"note": name}, MASS),
            ("DELETE", f"/bills/{key}", None, {}),
            ("DELETE", f"/bills/?code={code}", None, MASS),
            ("POST", f"/bills/{key}/posts/", {"price": draw.random()}, {}),
            ("PATCH", f"/posts/{key}", {"price": draw.random() * 1e9}, {}),
            ("POST", "/marks/", {"name": code}, {}),
            ("PUT", f"/firms/{key}/marks/{other}", None, {}),
            ("DELETE", f"/firms/{key}/marks/{other}", None, {}),
            ("PATCH", f"/firms/{key}", {"marks": []}, {}),
            ("POST", "/own/objects", None, {}),
            ("POST", "/own/statements", None, {}),
            ("POST", f"/firms/{key}/history/{draw.randint(1, 99)}/revert", None, {}),
            (
                "POST",
                "/batch",
                {
                    "requests": [
                        {"method": "POST", "path": "/bills/", "body": {"code": code}},
                        {"method": "DELETE", "path": f"/firms/{key}"},
                    ]
                },
                {},
            ),
        ]
    )


async def write_some(client: httpx2.AsyncClient, draw: random.Random) -> None:
    for _ in range(REQUESTS):
        method, path, body, headers = draw_request(draw)
        json = {} if body is None else {"json": body}
        answer = await client.request(method, path, headers=headers, **json)
        # In a session that is put in the way, what meets others is not tried again.
        assert answer.status_code < 500 or answer.status_code == 503, answer.text


async def read_all(client: httpx2.AsyncClient) -> dict[str, Any]:
    """Every row as its own path shows it, and what there may be that is not there."""
    found: dict[str, Any] = {f"{path}{key}": None for path in PATHS for key in range(1, 13)}
    for path in PATHS:
        rows = (await client.get(path, params={"limit": 100})).json()["items"]
        found |= {f"{path}{row['id']}": row for row in rows}
    return found


async def test_many_clients(kept_world: World, database: Database) -> None:
    """Concurrent writes of many clients on both lanes are all in the log."""
    clients = [*kept_world.clients.values()]
    seen: list[tuple[datetime, dict[str, Any]]] = []
    for number in range(ROUNDS):
        seed = f"{number} {random.random() if THOROUGH else ''}"
        async with asyncio.TaskGroup() as group:
            for i in range(CLIENTS):
                draw = random.Random(f"{seed} {i}")
                group.create_task(write_some(clients[i % len(clients)], draw))
        seen.append((datetime.now(UTC), await read_all(clients[0])))
        await check_exact(database, TABLES)
    for at, rows in seen:
        for path, row in rows.items():
            answer = await clients[0].get(path, params={"as_of": at.isoformat()})
            assert (answer.json() if answer.is_success else None) == row, path


SORTS = st.fixed_dictionaries(
    {
        "name": st.text(
            st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1
        ),
        "place": st.integers(-(2**31), 2**31 - 1),
        "flag": st.none() | st.booleans(),
        "ratio": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "amount": st.none()
        | st.decimals(-9999, 9999, places=6, allow_nan=False, allow_infinity=False).map(str),
        "day": st.none() | st.dates().map(str),
        "moment": st.none()
        | st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.isoformat()),
        "clock": st.none() | st.times().map(str),
        "span": st.none()
        | st.timedeltas().map(lambda span: f"PT{span.seconds}.{span.microseconds:06}S"),
        "grade": st.sampled_from([None, "low", "high"]),
        "token_id": st.none() | st.uuids().map(str),
        "data": st.none()
        | st.dictionaries(
            st.sampled_from(["a", "b"]),
            st.integers(-(2**40), 2**40)
            | st.floats(allow_nan=False, allow_infinity=False)
            | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
        ),
        "blob": st.none() | st.sampled_from(["", "AP8=", "YWJj"]),
    }
)


async def test_values_of_every_type(client: httpx2.AsyncClient, database: Database) -> None:
    """Rows of every type are in the log without loss, and shown out of it as they are."""
    rows: list[dict[str, Any]] = []

    @given(SORTS)
    @examples(90, quick=40)
    def collect(row: dict[str, Any]) -> None:
        rows.append(row)

    collect()
    stored: dict[str, Any] = {}
    for row in rows:
        answer = await client.post("/sorts/bulk/?on_conflict=name,place", json=[row])
        assert answer.status_code in (200, 422), answer.text
        if answer.is_success:
            stored[f"/sorts/{quote(row['name'], safe='')},{row['place']}"] = answer.json()[0]
    await check_exact(database, TABLES)
    for path, row in stored.items():
        now = datetime.now(UTC).isoformat()
        assert (await client.get(path, params={"as_of": now})).json() == row
        (*_, first) = (await client.get(f"{path}/history/")).json()["items"]
        shown = {name: value["new"] for name, value in first["changed"].items()}
        assert shown["place"] == row["place"]
