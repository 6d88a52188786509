"""Wrong queries of lists: 422 with the parameter named, on every reading path."""

import base64
import itertools
import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from modelwire import Database, Resource
from tests.conftest import MakeClient
from tests.http.problems import read_problem
from tests.http.rows import store, store_users
from tests.zoo import Category, Group, Membership, Person

from .conftest import describe
from .queries import encode

LONGEST_LIST = 200
DEEPEST_LOGIC = 8
MOST_TERMS = 50


async def refuse(client: httpx2.AsyncClient, url: str) -> dict[str, Any]:
    """Ask for what is refused; returns the only entry of the problem document."""
    with describe(url=url[:200]):
        document = read_problem(await client.get(url), 422, "invalid")
        (error,) = document["errors"]
        assert set(error) <= {"parameter", "position", "code", "message"}
        assert error["message"]
        found: dict[str, Any] = error
        return found


@pytest.mark.parametrize(
    ("query", "parameter", "told"),
    [
        ("sort=nope", "sort", ["nope"]),
        ("sort=metadata", "sort", ["metadata"]),
        ("sort=-", "sort", []),
        ("sort=id,,username", "sort", []),
        ("sort=%20id", "sort", []),
        ("sort=id;drop", "sort", []),
        ("sort=username,-username", "sort", []),
        ("order_by=id", "order_by", []),
        ("nope=1", "nope", []),
        ("usernam=1", "usernam", ["username"]),
        ("full_nam__icontains=x", "full_nam__icontains", ["full_name"]),
        ("username__foo=1", "username__foo", ["foo", "contains"]),
        ("username__icontain=1", "username__icontain", ["icontains"]),
        ("username__=1", "username__", []),
        ("__eq=1", "__eq", []),
        ("__class__=1", "__class__", []),
        ("metadata=1", "metadata", []),
        ("id__gte=abc", "id__gte", ["integer"]),
        ("id__between=1", "id__between", ["two"]),
        ("id__between=1,2,3", "id__between", ["two"]),
        ("id__in=", "id__in", ["integer"]),
        ("id__in=1,,2", "id__in", ["integer"]),
        ("id__in=1,%202", "id__in", ["integer"]),
        ("id__in=%221%22", "id__in", ["integer"]),
        ("id=", "id", ["integer"]),
        ("id=null", "id", ["integer"]),
        ("id=9223372036854775808", "id", ["64"]),
        ("id__lt=-9223372036854775809", "id__lt", ["64"]),
        ("is_active=yes", "is_active", ["true", "false"]),
        ("is_active=", "is_active", ["true", "false"]),
        ("is_active__gt=true", "is_active__gt", ["gt"]),
        ("id__icontains=1", "id__icontains", ["icontains"]),
        ("full_name__isnull=1", "full_name__isnull", ["true", "false"]),
        ("created_at__gt=yesterday", "created_at__gt", ["date"]),
        ("created_at=", "created_at", ["date"]),
        ("id=1&id=1", "id", []),
        ("username__eq=a&username__eq=b", "username__eq", []),
        ("q=a&q=b", "q", []),
        ("skip=-1", "skip", []),
        ("skip=x", "skip", []),
        ("limit=0", "limit", ["100"]),
        ("limit=101", "limit", ["100"]),
        ("count=maybe", "count", ["exact", "none", "estimate"]),
        ("count=", "count", []),
        ("fields=nope", "fields", ["nope"]),
        ("fields=id,metadata", "fields", ["metadata"]),
        ("fields=usernam", "fields", ["username"]),
        ("include=nope", "include", ["nope"]),
        ("nope.name=1", "nope.name", []),
        ("username.name=1", "username.name", []),
        ("sort=nope.name", "sort", ["nope"]),
    ],
)
async def test_parameter(
    client: httpx2.AsyncClient, query: str, parameter: str, told: Sequence[str]
) -> None:
    """A parameter that can't be understood is named, with what is wrong and what would be right."""
    error = await refuse(client, f"/users/?{query}")
    assert error["parameter"] == parameter
    for word in told:
        assert word in error["message"]


@pytest.mark.parametrize("skip", [0, 1])
async def test_skip_with_a_cursor(client: httpx2.AsyncClient, skip: int) -> None:
    """A page is named by a cursor or by a number of rows to skip, and not by both."""
    error = await refuse(client, f"/users/?cursor=&skip={skip}")
    assert error["parameter"] in ("skip", "cursor")


@pytest.mark.parametrize(
    "query", ["skip=0", "limit=1", "cursor=", "count=none", "nope=1", "sort=nope", "or=("]
)
async def test_streams_too(client: httpx2.AsyncClient, query: str) -> None:
    """A stream takes no page, and refuses the rest as lists do."""
    error = await refuse(client, f"/users/stream/?{query}")
    assert error["parameter"] == query.partition("=")[0]


@pytest.mark.parametrize("query", ["nope=1", "sort=nope", "or=(", "limit=0", "cursor=x"])
async def test_sub_collections_too(client: httpx2.AsyncClient, query: str) -> None:
    """A sub-collection refuses what lists refuse."""
    await client.post("/teams/", json={"name": "Red"})
    error = await refuse(client, f"/teams/1/players/?{query}")
    assert error["parameter"] == query.partition("=")[0]


async def test_children_of_a_missing_parent(client: httpx2.AsyncClient) -> None:
    """A sub-collection of a row that isn't there is 404, and names the parent."""
    document = read_problem(await client.get("/teams/7/players/"), 404, "not_found")
    assert document["detail"] == "Team not found"


async def test_children_of_a_bad_key(client: httpx2.AsyncClient) -> None:
    """A sub-collection under a key that is none is 422, as the row itself is."""
    (error,) = read_problem(await client.get("/teams/x/players/"), 422, "invalid")["errors"]
    assert error["parameter"] == "id"


async def test_to_one_relations_have_no_sub_collections(client: httpx2.AsyncClient) -> None:
    """A to-one relation has no path of its own."""
    read_problem(await client.get("/players/1/team/"), 404, "no_such_path")


@pytest.mark.parametrize("query", ["sort=id", "limit=1", "q=x", "id=1", "or=(id:1)", "cursor="])
async def test_one_row(client: httpx2.AsyncClient, query: str) -> None:
    """One row takes `fields` and `include`, and nothing of a list."""
    await store_one(client)
    error = await refuse(client, f"/users/1?{query}")
    assert error["parameter"] == query.partition("=")[0]


async def store_one(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/users/", json={"username": "ann", "email": "a@example.com"})
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    ("value", "positions"),
    [
        ("", {0}),
        ("(", {1}),
        (")", {0}),
        ("()", {1}),
        ("id:1", {0}),
        ("(id:1", {5}),
        ("(id:1))", {6}),
        ("(id:1)x", {6}),
        ("(id:1,)", {6}),
        ("(,id:1)", {1}),
        ("(id:1,,id:2)", {6}),
        ("(id)", {3}),
        ("(id:)", {4}),
        ("(:1)", {1}),
        ("(id__in:(1,2)", {13}),
        ("(id__in:())", {8, 9}),
        ("(id__in:(1,))", {11}),
        ("(not(id:1,id:2))", {9}),
        ("(not())", {5}),
        ("(and())", {5}),
        ("(and(id:1)", {10}),
        ("(xor(id:1))", {1, 4}),
        ("( id:1)", {1}),
        ("(id :1)", {1, 3}),
        ("(id:1 )", {5}),
        ("(id: 1)", {4}),
        ("(username:a:b)", {11}),
        ("(username:a(b)", {11}),
        ('(username:a"b)', {11}),
        ('(username:"a)', {10, 13}),
        ('(username:"a"b)', {13}),
        ("(nope:1)", {1}),
        ("(id:1,nope:1)", {6}),
        ("(id:1,and(not(nope__gt:1)))", {14}),
        ("(id__foo:1)", {1, 5}),
        ("(id:x)", {4}),
        ("(id:1,id__between:(1,x))", {18, 21}),
        ("(id__between:(1,2,3))", {13}),
        ("(id:(1,2))", {4}),
        ("(id__between:1)", {13}),
        ("(is_active:maybe)", {11}),
        ("(nope.name:1)", {1}),
        ("(limit:1)", {1}),
    ],
)
async def test_logic(client: httpx2.AsyncClient, value: str, positions: set[int]) -> None:
    """An error in `or` says at which character it is."""
    error = await refuse(client, f"/users/?or={quote(value, safe='')}")
    assert error["parameter"] == "or"
    assert error["position"] in positions


@pytest.mark.parametrize("value", ["(", "(id:1))", "(id:x)", "(nope:1)", "(username:🙂,nope:1)"])
async def test_logic_in_a_body(client: httpx2.AsyncClient, value: str) -> None:
    """An error in the `or` of a posted query has the same parameter, position and message."""
    url = f"/users/?{encode([('or', value)])}"
    document = read_problem(await client.post("/users/query", json={"or": value}), 422, "invalid")
    assert document["errors"] == [await refuse(client, url)]


async def test_position_counts_characters(client: httpx2.AsyncClient) -> None:
    """A position counts characters, not bytes or UTF-16 units."""
    error = await refuse(client, f"/users/?or={quote('(username:ß🙂,nope:1)', safe='')}")
    assert error["position"] == 13


def nest(levels: int) -> str:
    return "(" + "not(" * levels + "id:1" + ")" * levels + ")"


def many(terms: int) -> str:
    return f"({','.join(f'id:{i}' for i in range(terms))})"


@pytest.mark.parametrize("value", [nest(DEEPEST_LOGIC - 1), many(MOST_TERMS)])
async def test_logic_up_to_its_limits(client: httpx2.AsyncClient, value: str) -> None:
    """Logic 8 deep with 50 terms is taken."""
    answer = await client.get(f"/users/?or={value}")
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("value", [nest(100), nest(5000), many(10_000), "(" * 5000, "(and" * 999])
async def test_logic_beyond_its_limits(client: httpx2.AsyncClient, value: str) -> None:
    """Logic that is too deep or too long is refused with a short message."""
    answer = await client.post("/users/query", json={"or": value})
    (error,) = read_problem(answer, 422, "invalid")["errors"]
    assert error["parameter"] == "or"
    assert len(error["message"]) < 200


@pytest.mark.parametrize(("value", "limit"), [(nest(100), "8"), (many(10_000), "50")])
async def test_limit_in_the_message(client: httpx2.AsyncClient, value: str, limit: str) -> None:
    """The message says what the limit is."""
    answer = await client.post("/users/query", json={"or": value})
    (error,) = read_problem(answer, 422, "invalid")["errors"]
    assert limit in error["message"]


async def test_too_many_values(client: httpx2.AsyncClient) -> None:
    """A list of 200 values is taken; a longer one is refused with the limit in the message."""
    most = ",".join(map(str, range(LONGEST_LIST)))
    assert (await client.get(f"/users/?id__in={most}")).status_code == 200
    for query in (
        f"id__in={most},200",
        f"id__not_in={most},200",
        f"or=(id__in:({most},200))",
        "&".join("id__in=1" for _ in range(LONGEST_LIST + 1)),
    ):
        error = await refuse(client, f"/users/?{query}")
        assert error["parameter"] == query.partition("=")[0]
        assert str(LONGEST_LIST) in error["message"]


@pytest.mark.parametrize("parameter", ["id__in", "or"])
async def test_ten_thousand_values(client: httpx2.AsyncClient, parameter: str) -> None:
    """A list of 10,000 values is refused where it is posted, as one of 201 is in the URL."""
    values = ",".join(map(str, range(10_000)))
    body = {"id__in": values, "or": f"(id__in:({values}))"}
    answer = await client.post("/users/query", json={parameter: body[parameter]})
    (error,) = read_problem(answer, 422, "invalid")["errors"]
    assert error["parameter"] == parameter
    assert str(LONGEST_LIST) in error["message"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("include={0}.{0}.{0}.{0}.{0}.{0}.{0}.{0}.{0}", "include"),
        ("{0}.{0}.{0}.{0}.{0}.{0}.{0}.{0}.{0}.name=x", None),
        ("sort={0}.{0}.{0}.{0}.{0}.{0}.{0}.{0}.{0}.name", "sort"),
        ("or=({0}.{0}.{0}.{0}.{0}.{0}.{0}.{0}.{0}.name:x)", "or"),
    ],
)
async def test_paths_too_deep(
    zoo_client: httpx2.AsyncClient, query: str, parameter: str | None
) -> None:
    """A path of too many relations is refused with the limit in the message."""
    text = query.format("parent")
    error = await refuse(zoo_client, f"/categories/?{text}")
    assert error["parameter"] == (parameter or text.partition("=")[0])
    assert any(character.isdigit() for character in error["message"])


@pytest.mark.parametrize("relation", ["parent", "children"])
async def test_paths_of_three_relations(zoo_client: httpx2.AsyncClient, relation: str) -> None:
    """A path of three relations is taken, for filters, logic and includes."""
    path = ".".join([relation] * 3)
    for query in (f"{path}.name=x", f"or=({path}.name:x)", f"include={path}"):
        answer = await zoo_client.get(f"/categories/?{query}")
        assert answer.status_code == 200, answer.text


async def test_sort_through_to_many(zoo_client: httpx2.AsyncClient) -> None:
    """Rows can't be sorted by rows of which each has many."""
    for path in ("children.name", "children.parent.name", "parent.children.name"):
        error = await refuse(zoo_client, f"/categories/?sort={path}")
        assert error["parameter"] == "sort"
        assert "children" in error["message"]


async def test_sort_by_a_relation_itself(zoo_client: httpx2.AsyncClient) -> None:
    """A relation is no field: it can't be sorted on, filtered or listed among fields."""
    for query in ("sort=parent", "fields=parent", "parent=1", "children__in=1", "or=(parent:1)"):
        error = await refuse(zoo_client, f"/categories/?{query}")
        assert error["parameter"] == query.partition("=")[0]


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({"nope": 1}, "nope"),
        ({"id__gte": "abc"}, "id__gte"),
        ({"id__gte": 1.5}, "id__gte"),
        ({"id__gte": None}, "id__gte"),
        ({"id__gte": {"a": 1}}, "id__gte"),
        ({"id__in": [1, None]}, "id__in"),
        ({"id__in": [[1]]}, "id__in"),
        ({"id__in": []}, "id__in"),
        ({"id": [1, 2]}, "id"),
        ({"limit": 0}, "limit"),
        ({"limit": True}, "limit"),
        ({"sort": "nope"}, "sort"),
        ({"or": "("}, "or"),
        ({"cursor": "nope"}, "cursor"),
        ({"username": "\u0000"}, "username"),
        ({"username": "\ud800"}, "username"),
        ({"is_active": 1}, "is_active"),
    ],
)
async def test_query_in_a_body(
    client: httpx2.AsyncClient, body: dict[str, Any], parameter: str
) -> None:
    """A posted query is refused as one in the URL is; null and objects mean nothing."""
    content = json.dumps(body)
    answer = await client.post(
        "/users/query", content=content, headers={"content-type": "application/json"}
    )
    (error,) = read_problem(answer, 422, "invalid")["errors"]
    assert parameter in (error.get("parameter"), error.get("pointer", "").lstrip("/"))


@pytest.mark.parametrize("body", [[], "id=1", 1, None, True])
async def test_body_that_is_no_object(client: httpx2.AsyncClient, body: object) -> None:
    """A posted query is an object."""
    answer = await client.post(
        "/users/query", content=json.dumps(body), headers={"content-type": "application/json"}
    )
    read_problem(answer, 422, "invalid")


# ---- cursors ------------------------------------------------------------------------------------


async def take_cursor(client: httpx2.AsyncClient, query: str = "") -> str:
    """The cursor of the second page of the users."""
    answer = await client.get(f"/users/?cursor=&limit=1&{query}")
    assert answer.status_code == 200, answer.text
    cursor: str = answer.json()["next"]
    return cursor


@pytest.mark.parametrize(
    ("made_for", "sent_with"),
    [
        ("", "sort=username"),
        ("sort=username", ""),
        ("sort=username", "sort=-username"),
        ("sort=username", "sort=username,email"),
        ("", "username=a"),
        ("username=a", "username=n"),
        ("username=a", "username__contains=a"),
        ("id__in=1,2", "id__in=1,3"),
        ("q=a", "q=n"),
        ("q=a", ""),
        ("or=(id:1,id:2)", "or=(id:1,id:3)"),
        ("or=(id:1,id:2)", ""),
    ],
)
async def test_cursor_of_another_query(
    client: httpx2.AsyncClient, database: Database, made_for: str, sent_with: str
) -> None:
    """A cursor is bound to the filters, the logic, `q` and the order that it was made for."""
    await store_users(database, anna=None, joanna=None, diana=None)
    cursor = await take_cursor(client, made_for)
    assert (await client.get(f"/users/?cursor={cursor}&{made_for}")).status_code == 200
    error = await refuse(client, f"/users/?cursor={cursor}&{sent_with}")
    assert error["parameter"] == "cursor"


async def test_cursor_of_another_path(client: httpx2.AsyncClient) -> None:
    """A cursor is bound to its path: another table's, and another parent's, are refused."""
    for name in ("Red", "Blue"):
        await client.post("/teams/", json={"name": name})
    for team, name in itertools.product((1, 2), "ab"):
        answer = await client.post("/players/", json={"name": name, "team_id": team})
        assert answer.status_code == 201, answer.text
    url = "/teams/1/players/"
    cursor = (await client.get(f"{url}?cursor=&limit=1")).json()["next"]
    assert (await client.get(f"{url}?cursor={cursor}")).status_code == 200
    for other in ("/teams/2/players/", "/players/", "/teams/"):
        assert (await refuse(client, f"{other}?cursor={cursor}"))["parameter"] == "cursor"


async def test_every_broken_cursor(client: httpx2.AsyncClient, database: Database) -> None:
    """A cursor that is truncated, extended, or changed in any bit is refused."""
    await store_users(database, anna=None, joanna=None)
    cursor = await take_cursor(client, "sort=-username")
    url = "/users/?sort=-username&cursor="
    assert (await client.get(url + cursor)).status_code == 200
    for broken in {*_truncated(cursor), *_flipped(cursor), *_strange()}:
        error = await refuse(client, url + quote(broken, safe=""))
        assert error["parameter"] == "cursor", broken


def _truncated(cursor: str) -> list[str]:
    return [cursor[:length] for length in range(1, len(cursor))] + [cursor + "A", "A" + cursor]


def _flipped(cursor: str) -> list[str]:
    """The cursor with single bits of what it encodes flipped, and with characters exchanged."""
    raw = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    found = []
    for position, bit in itertools.product(range(len(raw)), range(0, 8, 3)):
        changed = bytearray(raw)
        changed[position] ^= 1 << bit
        found.append(base64.urlsafe_b64encode(bytes(changed)).decode().rstrip("="))
    for position in range(0, len(cursor) - 1, 5):
        other = "A" if cursor[position] != "A" else "B"
        found.append(cursor[:position] + other + cursor[position + 1 :])
    return found


def _strange() -> list[str]:
    texts = ["null", "1", "[]", "{}", '["v0"]', '{"v":99}', "\x80", "x" * 10_000]
    encoded = [base64.urlsafe_b64encode(text.encode()).decode().rstrip("=") for text in texts]
    return [*encoded, "x", "====", "%", "../..", " ", "é", "🙂", "\x7f", "x" * 5000]


# ---- what is hidden is not there ----------------------------------------------------------------

SECRET, NEVER = "password_hash", "password_hush"
"""A hidden field of people, and a name that no field ever had."""


@pytest.mark.parametrize(
    "query",
    [
        "{}=x",
        "{}__eq=x",
        "{}__isnull=true",
        "{}__nope=x",
        "sort={}",
        "sort=-{}",
        "fields={}",
        "fields=id,{}",
        "include={}",
        "or=({}:x)",
        "or=(id:1,not({}__contains:x))",
        "groups.members.{}=x",
        "groups.members.{}__startswith=x",
        "or=(groups.members.{}:x)",
        "groups.{}=x",
        "include=groups.{}",
    ],
)
async def test_hidden_field(zoo_client: httpx2.AsyncClient, query: str) -> None:
    """A hidden field is refused with the very words for a name that never existed."""
    hidden = await refuse(zoo_client, f"/people/?{query.format(SECRET)}")
    absent = await refuse(zoo_client, f"/people/?{query.format(NEVER)}")
    assert without_suggestion(hidden, SECRET) == without_suggestion(absent, NEVER)


def without_suggestion(error: dict[str, Any], name: str) -> dict[str, Any]:
    """An entry with a name left open, and without the closest name, which depends on it."""
    message = re.sub(r" \(did you mean [^)]*\)", "", error["message"])
    parameter = error["parameter"].replace(name, "…")
    return {**error, "parameter": parameter, "message": message.replace(name, "…")}


@pytest.mark.parametrize(
    "query", ["passwordhash=x", "sort=password", "fields=password_has", "or=(password_has:1)"]
)
async def test_hidden_field_is_not_suggested(zoo_client: httpx2.AsyncClient, query: str) -> None:
    """A hidden field is never the closest name."""
    assert SECRET not in (await refuse(zoo_client, f"/people/?{query}"))["message"]


@pytest.mark.parametrize("path", ["/groups/", "/groups/stream/", "/groups/1/members/"])
async def test_hidden_field_of_related_rows(
    zoo_client: httpx2.AsyncClient, database: Database, path: str
) -> None:
    """A hidden field can't be reached over a relation either, on any reading path."""
    await store(database, Group(id=1, name="g"))
    name = SECRET if path.endswith("members/") else f"members.{SECRET}"
    assert (await refuse(zoo_client, f"{path}?{name}__like=x"))["parameter"] == f"{name}__like"


async def test_hidden_field_is_not_searched(
    zoo_client: httpx2.AsyncClient, database: Database
) -> None:
    """`q` finds nothing by a hidden text."""
    await store(database, Person(id=1, first_name="Ann", last_name="x", password_hash="zebra"))
    for q, total in (("zebra", 0), ("ann", 1), ("ann zebra", 0)):
        assert (await zoo_client.get(f"/people/?q={q}")).json()["total"] == total


async def test_hidden_key_of_a_join(make_client: MakeClient, database: Database) -> None:
    """A relation may be filtered through although the columns that join it are hidden."""
    made = await make_client(
        Resource(Category, includes=["parent", "children"], hidden=["parent_id"]),
    )
    await store(database, Category(id=1, name="root"))
    await store(database, Category(id=2, name="leaf", parent_id=1))
    answer = await made.get("/categories/?parent.name=root")
    assert [item["id"] for item in answer.json()["items"]] == [2]
    assert (await refuse(made, "/categories/?parent_id=1"))["parameter"] == "parent_id"


async def test_relation_to_what_is_no_resource(make_client: MakeClient, database: Database) -> None:
    """A relation whose target is no resource is not there: not in filters, sort or includes."""
    made = await make_client(Resource(Person))
    await store(database, Group(id=1, name="g"), Person(id=1, first_name="a", last_name="b"))
    await store(database, Membership(group_id=1, person_id=1))
    for query in ("{}.name=g", "include={}", "or=({}.name:g)", "sort={}.name"):
        real = await refuse(made, f"/people/?{query.format('groups')}")
        absent = await refuse(made, f"/people/?{query.format('clouds')}")
        assert without_suggestion(real, "groups") == without_suggestion(absent, "clouds")
    read_problem(await made.get("/people/1/groups/"), 404, "no_such_path")
