"""Logic across fields: `or=(…)`, what it finds and what is wrong with it."""

import httpx2
import pytest

from examples.league import User
from modelwire import Database
from tests.http.rows import read_ids, refused_parameters, store
from tests.zoo import Thing

NAMES = ["ann", "bob", "a,b", 'say "hi"', "back\\slash", " edge ", "(x)"]


async def store_users(database: Database) -> None:
    """Store users by NAMES with keys from 1; of each second one the full name is NULL."""
    rows = [
        User(
            id=i,
            username=name,
            email=f"{i}@x.org",
            full_name=None if i % 2 == 0 else name.upper(),
            is_active=i > 3,
        )
        for i, name in enumerate(NAMES, 1)
    ]
    await store(database, *rows)


@pytest.mark.parametrize(
    ("logic", "ids"),
    [
        ("(id:1)", [1]),
        ("(id:1,id:2)", [1, 2]),
        ("(id__lt:2,and(id__gt:2,is_active:false))", [1, 3]),
        ("(and(id__gte:2,id__lte:4,or(id:2,id:4)))", [2, 4]),
        ("(id__in:(1,3))", [1, 3]),
        ("(id__not_in:(1,2,3,4,5,6))", [7]),
        ("(id__between:(2,3))", [2, 3]),
        ("(not(id__in:(1,2)))", [3, 4, 5, 6, 7]),
        ("(username:NN)", [1]),
        ("(username__eq:ann)", [1]),
        ('(username__eq:"a,b")', [3]),
        ('(username__eq:"say \\"hi\\"")', [4]),
        ("(username__eq:back\\slash)", [5]),
        ('(username__eq:"back\\\\slash")', [5]),
        ('(username__eq:" edge ")', [6]),
        ('(username__eq:"(x)")', [7]),
        ('(username__in:("a,b",ann))', [1, 3]),
        ('(full_name:"")', []),
        ("(created_at__gt:2001-01-01)", [1, 2, 3, 4, 5, 6, 7]),
        ('(created_at__gt:"2001-01-01T00:00:00Z")', [1, 2, 3, 4, 5, 6, 7]),
    ],
)
async def test_logic(
    client: httpx2.AsyncClient, database: Database, logic: str, ids: list[int]
) -> None:
    """One of the terms must hold; groups nest, values are quoted where they hold signs."""
    await store_users(database)
    answer = await client.get("/users/", params={"or": logic})
    assert answer.status_code == 200, answer.text
    assert [item["id"] for item in answer.json()["items"]] == ids


@pytest.mark.parametrize(
    "term",
    [
        "full_name:ANN",
        "full_name__ne:ANN",
        "full_name__in:(ANN,x)",
        "full_name__not_in:(ANN,x)",
        "full_name__isnull:true",
        "full_name__gt:B",
        "full_name__between:(A,C)",
        "full_name__icontains:n",
        "and(full_name:ANN,id:1)",
        "and(full_name:ANN,id:2)",
        "or(full_name:ANN,id:2)",
        "not(full_name:ANN)",
        "not(and(full_name__lt:B,is_active:true))",
    ],
)
async def test_not_is_the_exact_complement(
    client: httpx2.AsyncClient, database: Database, term: str
) -> None:
    """Every row is found either by a term or by its negation, NULL or not."""
    await store_users(database)
    found = await read_ids(client, f"/users/?or=({term})")
    rest = await read_ids(client, f"/users/?or=(not({term}))")
    assert sorted(found + rest) == list(range(1, 8))
    assert not set(found) & set(rest)


async def test_logic_beside_filters(client: httpx2.AsyncClient, database: Database) -> None:
    """`or` and the other filters must all hold."""
    await store_users(database)
    assert await read_ids(client, "/users/?or=(id:1,id:2,id:5)&is_active=false") == [1, 2]
    assert await read_ids(client, "/users/?or=(id:1,id:2,id:5)&id__ne=1&q=b") == [2, 5]


@pytest.mark.parametrize(
    ("logic", "position"),
    [
        ("", 0),
        ("id:1", 0),
        ("(", 1),
        ("()", 1),
        ("(id)", 3),
        ("(id:)", 4),
        ("(id:1", 5),
        ("(id:1,)", 6),
        ("(id:1)x", 6),
        ("(id:1))", 6),
        ("( id:1)", 1),
        ("(id: 1)", 4),
        ("(id:1 )", 5),
        ("(id:1, id:2)", 6),
        ("(and(id:1)", 10),
        ("(and())", 5),
        ("(not(id:1,id:2))", 9),
        ("(not())", 5),
        ("(id:1:2)", 5),
        ('(id:1"2")', 5),
        ('(username:"a)', 10),
        ('(username:"a"b)', 13),
        ("(id__in:1)", 8),
        ("(id:(1))", 4),
        ("(id__in:(1,2)", 13),
        ("(id__in:())", 9),
        ("(id__in:(1,x))", 8),
        ("(id__between:(1,2,3))", 13),
        ("(id:x)", 4),
        ("(nope:1)", 1),
        ("(id:1,nope.id:1)", 6),
        ("(id__nope:1)", 1),
        ("(id__contains:1)", 1),
        ("(created_at:12:00)", 14),
        ("(xor(id:1))", 4),
    ],
)
async def test_fault_and_its_place(client: httpx2.AsyncClient, logic: str, position: int) -> None:
    """A fault in `or` is 422, with its character."""
    answer = await client.get("/users/", params={"or": logic})
    assert refused_parameters(answer) == ["or"]
    assert answer.json()["errors"][0]["position"] == position, answer.text


@pytest.mark.parametrize(
    ("logic", "limit"),
    [
        ("(" + "not(" * 8 + "id:1" + ")" * 9, None),
        ("(" + "not(" * 9 + "id:1" + ")" * 10, "8 levels"),
        ("(" + "and(" * 10_000, "8 levels"),
        ("(" + ",".join(["id:1"] * 50) + ")", None),
        ("(" + ",".join(["id:1"] * 51) + ")", "50 comparisons"),
        ("(id__in:(" + ",".join(["1"] * 200) + "))", None),
        ("(id__in:(" + ",".join(["1"] * 201) + "))", "200 values"),
    ],
)
async def test_limit(client: httpx2.AsyncClient, logic: str, limit: str | None) -> None:
    """Logic nests eight deep and has fifty comparisons; more is 422, which names the limit."""
    answer = await client.get("/users/", params={"or": logic})
    if limit is None:
        assert answer.status_code == 200, answer.text
        return
    assert refused_parameters(answer) == ["or"]
    assert f"at most {limit}" in answer.text


async def test_either_bound_of_a_nullable_field(
    zoo_client: httpx2.AsyncClient, database: Database
) -> None:
    """Two comparisons of one field stand beside each other."""
    await store(database, *[Thing(number=n, tags=[]) for n in (1, 5, 9, None)])
    url = "/things/?sort=number&or=(number__lt:3,number__gt:7)"
    items = (await zoo_client.get(url)).json()["items"]
    assert [item["number"] for item in items] == [1, 9]


@pytest.mark.parametrize("operator", ["contains", "startswith", "endswith", "like", "ilike"])
async def test_not_of_a_pattern(
    client: httpx2.AsyncClient, database: Database, operator: str
) -> None:
    """A comparison with a pattern is negated on a field that is never NULL, too."""
    await store_users(database)
    found = await read_ids(client, f"/users/?or=(username__{operator}:ann)")
    rest = await read_ids(client, f"/users/?or=(not(username__{operator}:ann))")
    assert (found, rest) == ([1], [2, 3, 4, 5, 6, 7])
