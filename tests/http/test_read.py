"""Reading one row."""

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import quote
from uuid import UUID

import httpx2
import pytest

from examples.league import Player, Team, User
from modelwire import Database
from tests.http.rows import refused_parameters, store, store_users
from tests.zoo import City, Country, Group, Membership, Person, Thing


async def test_row_is_answered_with_its_own_columns(client: httpx2.AsyncClient) -> None:
    """A row that was stored is read back as it is, under the address that creating it gave."""
    created = await client.post("/users/", json={"username": "ann", "email": "ann@example.com"})
    read = await client.get(created.headers["location"])
    assert read.status_code == 200
    assert read.headers["content-type"] == "application/json"
    assert read.json() == created.json()


async def test_every_kind_of_value(zoo_client: httpx2.AsyncClient) -> None:
    """Every kind of column is shown in its one form, whatever form it was sent in."""
    shown = {
        "text": "x 'ü' \u2028",
        "short": "é",
        "small": -32768,
        "number": 2**31 - 1,
        "big": -(2**63),
        "ratio": 0.1,
        "price": "1.50",
        "flag": False,
        "day": "2026-02-28",
        "moment": "2025-12-31T22:00:00Z",
        "local": "2026-01-01T00:00:00.000001",
        "clock": "23:59:59.999999",
        "span": "PT1H",
        "color": "red",
        "reference": str(UUID(int=1)),
        "data": {"a": [1, None, "ü"]},
        "tags": ["b", "a"],
    }
    sent = {**shown, "moment": "2026-01-01T00:00:00+02:00", "price": 1.5, "span": 3600}
    created = await zoo_client.post("/things/", json=sent)
    assert created.status_code == 201, created.text
    read = await zoo_client.get(created.headers["location"])
    assert {name: read.json()[name] for name in shown} == shown


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("/order_lines/1", "Order line not found"),
        (f"/things/{UUID(int=1)}", "Thing not found"),
        ("/memberships/7,12", "Membership not found"),
        ("/countries/nowhere", "Country not found"),
    ],
)
async def test_missing_row(zoo_client: httpx2.AsyncClient, path: str, detail: str) -> None:
    """A row that does not exist is 404, and the detail names the class as words."""
    answer = await zoo_client.get(path)
    assert answer.status_code == 404
    assert (answer.json()["code"], answer.json()["detail"]) == ("not_found", detail)


@pytest.mark.parametrize("key", [0, -1, 2**31, -(2**31) - 1, 2**63 - 1, -(2**63)])
async def test_key_beyond_its_column(client: httpx2.AsyncClient, key: int) -> None:
    """A key within 64 bits that its column can't hold is that of a row that does not exist."""
    answer = await client.get(f"/users/{key}")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "User not found"


@pytest.mark.parametrize(
    "key",
    ["abc", "1.0", "1_0", "%201", "1%00", "%FF", "%D9%A1", "1,2", f"{2**63}", "9" * 5000],
)
async def test_malformed_number_key(client: httpx2.AsyncClient, key: str) -> None:
    """A key that is no integer within 64 bits is 422 and names the key's field."""
    assert refused_parameters(await client.get(f"/users/{key}")) == ["id"]


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/things/1", "id"),
        ("/things/00000000-0000-0000-0000-00000000000g", "id"),
        ("/countries/a%00b", "code"),
        ("/countries/%FF", "code"),
        ("/countries/%ED%A0%80", "code"),
        ("/memberships/7", "group_id,person_id"),
        ("/memberships/7,12,1", "group_id,person_id"),
        ("/memberships/7,", "person_id"),
        ("/memberships/x,12", "group_id"),
        ("/memberships/7,9223372036854775808", "person_id"),
    ],
)
async def test_malformed_key(zoo_client: httpx2.AsyncClient, path: str, parameter: str) -> None:
    """A malformed key is 422 and names the part of it that is wrong."""
    assert refused_parameters(await zoo_client.get(path)) == [parameter]


@pytest.mark.parametrize("path", ["/users/1", "/users/1/", "/users", "/users/"])
async def test_last_slash(client: httpx2.AsyncClient, database: Database, path: str) -> None:
    """A path answers with and without its last slash, without a redirect."""
    await store_users(database, ann=None)
    assert (await client.get(path)).status_code == 200


@pytest.mark.parametrize("separator", [",", "%2C", "%2c"])
async def test_composite_key(
    zoo_client: httpx2.AsyncClient, database: Database, separator: str
) -> None:
    """A composite key is written in the key's order, with a comma between its parts."""
    await store(database, Group(id=7, name="red"))
    await store(database, Person(id=12, first_name="Ann", last_name="Smith"))
    await store(database, Membership(group_id=7, person_id=12))
    answer = await zoo_client.get(f"/memberships/7{separator}12")
    assert answer.json() == {"group_id": 7, "person_id": 12, "role": "member"}


@pytest.mark.parametrize(
    "code",
    ["a/b", "/", "a,b", "a b", " ", "ünï", "日本", "100%", "%2F", "a?b#c", "a+b", "a;b=c", "'\"\\"],
)
async def test_text_key(zoo_client: httpx2.AsyncClient, database: Database, code: str) -> None:
    """A key of text may hold any character, percent-encoded."""
    await store(database, Country(code=code, name="x"))
    answer = await zoo_client.get(f"/countries/{quote(code, safe='')}")
    assert answer.status_code == 200, answer.text
    assert answer.json()["code"] == code


async def test_composite_key_with_separators(
    zoo_client: httpx2.AsyncClient, database: Database
) -> None:
    """A comma or a slash inside a part of a composite key is percent-encoded."""
    await store(database, Country(code="a,b", name="x"))
    await store(
        database,
        City(country_code="a,b", name="c/d, é", founded=datetime(2026, 1, 1, tzinfo=UTC)),
    )
    answer = await zoo_client.get("/cities/a%2Cb,c%2Fd%2C%20%C3%A9")
    assert answer.status_code == 200, answer.text
    assert answer.json()["name"] == "c/d, é"


@pytest.mark.parametrize("write", [str, lambda key: str(key).upper(), lambda key: key.hex])
async def test_uuid_key(
    zoo_client: httpx2.AsyncClient, database: Database, write: Callable[[UUID], str]
) -> None:
    """A UUID key is read in capitals and without hyphens too."""
    key = UUID("abcdef01-2345-6789-abcd-ef0123456789")
    await store(database, Thing(id=key, tags=[]))
    answer = await zoo_client.get(f"/things/{write(key)}")
    assert answer.json()["id"] == str(key)


@pytest.mark.parametrize(
    ("query", "refused"),
    [
        ("nope=1", ["nope"]),
        ("limit=1", ["limit"]),
        ("id=1", ["id"]),
        ("a=1&b=2", ["a", "b"]),
        ("include=%FF", ["include"]),
        ("include=%00", ["include"]),
    ],
)
async def test_unknown_parameter(
    client: httpx2.AsyncClient, database: Database, query: str, refused: list[str]
) -> None:
    """A parameter that means nothing when reading one row is 422."""
    await store(database, Team(id=1, name="Red"))
    assert refused_parameters(await client.get(f"/teams/1?{query}")) == refused


async def test_hidden_fields(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """A field that is hidden by its name is not shown."""
    await store(database, Person(id=1, first_name="A", last_name="B", password_hash="x"))
    answer = await zoo_client.get("/people/1")
    assert answer.json() == {"id": 1, "first_name": "A", "last_name": "B"}


@pytest.mark.parametrize("header", ["{}", "W/{}", '"x", {}', '"x" ,W/{} , "y"', "*", " * "])
async def test_not_modified(client: httpx2.AsyncClient, database: Database, header: str) -> None:
    """A copy that is still right is 304 with its tag: alone, weak, in a list, or by `*`."""
    await store_users(database, ann=None)
    tag = (await client.get("/users/1")).headers["etag"]
    answer = await client.get("/users/1", headers={"if-none-match": header.format(tag)})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == tag


async def test_modified(client: httpx2.AsyncClient, database: Database) -> None:
    """A copy that is no longer right is answered with the row and its new tag."""
    await store_users(database, ann=None)
    old = (await client.get("/users/1")).headers["etag"]
    await client.patch("/users/1", json={"full_name": "Ann"})
    answer = await client.get("/users/1", headers={"if-none-match": f'"x", {old}'})
    assert answer.status_code == 200
    assert answer.json()["full_name"] == "Ann"
    assert answer.headers["etag"] != old


async def test_condition_on_a_missing_row(client: httpx2.AsyncClient) -> None:
    """A row that does not exist is 404 whatever tags the client has."""
    answer = await client.get("/users/1", headers={"if-none-match": "*"})
    assert answer.status_code == 404


async def test_tag_without_a_change(zoo_client: httpx2.AsyncClient) -> None:
    """The tag that creating a row answers is the one under which it is read."""
    row = {"moment": "2026-01-01T00:00:00+02:00", "price": "1.5", "data": {}, "span": "PT1H"}
    created = await zoo_client.post("/things/", json=row)
    read = await zoo_client.get(created.headers["location"])
    assert read.headers["etag"] == created.headers["etag"]


@pytest.mark.parametrize("change", ["changed", "added", "removed"])
async def test_tag_when_a_child_changes(
    client: httpx2.AsyncClient, database: Database, change: str
) -> None:
    """A change of a shown child changes the tag, but not its part for the row itself."""
    await store(database, Team(id=1, name="Red"), Player(id=5, name="Ann", team_id=1))
    before = (await client.get("/teams/1")).headers["etag"].strip('"')
    if change == "changed":
        await client.patch("/players/5", json={"name": "Joanna"})
    elif change == "added":
        await client.post("/players/", json={"name": "Ben", "team_id": 1})
    else:
        await client.delete("/players/5")
    after = (await client.get("/teams/1")).headers["etag"].strip('"')
    assert after != before
    assert after.partition("-")[0] == before.partition("-")[0]


async def test_row_part_whatever_is_shown(client: httpx2.AsyncClient, database: Database) -> None:
    """The tag's part for the row itself does not depend on what is included."""
    await store(database, Team(id=1, name="Red"), Player(id=5, name="Ann", team_id=1))
    full = (await client.get("/teams/1")).headers["etag"].strip('"')
    bare = (await client.get("/teams/1?include=")).headers["etag"].strip('"')
    assert full != bare
    assert full.partition("-")[0] == bare.partition("-")[0]


async def test_row_part_when_the_row_changes(
    client: httpx2.AsyncClient, database: Database
) -> None:
    """A change of the row changes the tag's part for it."""
    await store(database, Team(id=1, name="Red"))
    before = (await client.get("/teams/1")).headers["etag"].strip('"')
    await client.patch("/teams/1", json={"city": "Rome"})
    after = (await client.get("/teams/1")).headers["etag"].strip('"')
    assert after.partition("-")[0] != before.partition("-")[0]


@pytest.mark.parametrize("path", ["/users/1", "/users/2", "/users/x", "/users/", "/users/?nope=1"])
async def test_head(client: httpx2.AsyncClient, database: Database, path: str) -> None:
    """HEAD answers the status and the headers of GET, without a body."""
    await store(database, User(id=1, username="ann", email="ann@example.com"))
    headers = {"x-request-id": "same"}
    get = await client.get(path, headers=headers)
    head = await client.head(path, headers=headers)
    assert head.content == b""
    assert (head.status_code, dict(head.headers)) == (get.status_code, dict(get.headers))


async def test_head_not_modified(client: httpx2.AsyncClient, database: Database) -> None:
    """HEAD is conditional as GET is."""
    await store_users(database, ann=None)
    tag = (await client.get("/users/1")).headers["etag"]
    answer = await client.head("/users/1", headers={"if-none-match": tag})
    assert (answer.status_code, answer.headers["etag"]) == (304, tag)
