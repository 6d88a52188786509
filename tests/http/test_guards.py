"""Guards of a resource apply on the ways to it; case by case, beside the random services."""

from typing import Annotated, Any

import httpx2
import pytest
from fastapi import Body, Depends, FastAPI, Header, HTTPException, Security
from fastapi.security import SecurityScopes

from examples.league import Player, Team, User
from modelwire import ConfigurationError, Database, Resource, mount
from modelwire.resource import Operation
from tests.conftest import MakeClient
from tests.http.rows import refused_parameters, store, store_users
from tests.zoo import Author, Book, Chapter, Group, Membership, Person

WORD = {"x-word": "please"}


def require_word(x_word: Annotated[str, Header()] = "") -> None:
    """A guard that requires a word."""
    if x_word != WORD["x-word"]:
        raise HTTPException(401)


def require_scopes(scopes: SecurityScopes) -> None:
    """A guard that is declared with scopes."""


def only_own(id: int) -> None:  # noqa: A002 - it is the name of the field
    """A guard that takes the key from the path."""
    if id != 1:
        raise HTTPException(403)


def read_body(name: Annotated[str, Body(embed=True)] = "") -> None:
    """A guard that takes the body."""


GUARD = [Depends(require_word)]
SCOPED = Security(require_scopes, scopes=["a"])


def refusal(*resources: Resource, **options: Any) -> str:
    """Return the error of mounting some resources."""
    with pytest.raises(ConfigurationError) as caught:
        mount(FastAPI(), Database("sqlite://"), *resources, **options)
    return str(caught.value)


def accept(*resources: Resource, **options: Any) -> None:
    """Mount resources that are not refused."""
    mount(FastAPI(), Database("sqlite://"), *resources, **options)


def test_include_past_a_guard() -> None:
    """An include of a guarded resource is refused, with what to write and where."""
    message = refusal(Resource(Player, includes=["team"]), Resource(Team, dependencies=GUARD))
    assert message == (
        "Resource(Player, includes=['team']): Team is guarded by Depends(require_word), which "
        "does not run before create, read, list, update, bulk_create, bulk_update, bulk_delete, "
        "stream and aggregate of Player. Give Player the same, dependencies=[Depends(require_word)]"
        ", or leave the relation out."
    )


@pytest.mark.parametrize(
    ("operations", "lacking"),
    [
        (("read", "list"), None),
        (("read", "list", "delete"), None),
        (("read", "list", "update"), "update"),
        (("read", "list", "bulk_update", "bulk_create"), "bulk_create and bulk_update"),
        (("read", "list", "bulk_delete"), "bulk_delete"),
        (("read", "list", "stream"), None),
        (("stream",), None),
        (("read",), None),
        (("create",), "create"),
    ],
)
def test_operations_that_lack_a_guard(
    operations: tuple[Operation, ...], lacking: str | None
) -> None:
    """Every operation counts by which the include could be seen, or be told by filters."""
    own: dict[Operation, Any] = {"read": GUARD, "list": GUARD}
    options: dict[str, Any] = {"operations": operations, "operation_dependencies": own}
    resources = Resource(Player, includes=["team"], **options), Resource(Team, dependencies=GUARD)
    if lacking is None:
        accept(*resources)
    else:
        assert f"does not run before {lacking} of Player" in refusal(*resources)


@pytest.mark.parametrize(
    ("here", "there", "same"),
    [
        (Depends(require_word), Depends(require_word), True),
        (Depends(require_word), Depends(require_word, use_cache=False), True),
        (SCOPED, Security(require_scopes, scopes=("a",)), True),
        (SCOPED, Security(require_scopes, scopes=["b"]), False),
        (SCOPED, Depends(require_scopes), False),
        (Depends(require_scopes), Security(require_scopes, scopes=[]), True),
        (Depends(only_own), Depends(only_own), False),
        (Depends(read_body), Depends(read_body), False),
    ],
)
def test_what_is_the_same_guard(here: Any, there: Any, same: bool) -> None:
    """Two guards are the same if they would run the same, and neither speaks of one row."""
    player = Resource(Player, includes=["team"], dependencies=[here])
    team = Resource(Team, dependencies=[there])
    if same:
        accept(player, team)
    else:
        assert "Team is guarded by" in refusal(player, team)


def test_guards_of_mount() -> None:
    """Dependencies of `mount` run before everything; a resource that repeats one is open."""
    accept(
        Resource(Player, includes=["team"]),
        Resource(Team, dependencies=GUARD),
        dependencies=[Depends(require_word)],
    )


async def test_each_hop(make_client: MakeClient, database: Database) -> None:
    """Guards at the end of a path apply wherever the path starts."""
    guarded: dict[str, Any] = {"dependencies": GUARD}
    client = await make_client(
        Resource(Chapter),
        Resource(Book, **guarded),
        Resource(Author, includes=["books"], **guarded),
    )
    await store(database, Author(id=1, name="a"), Book(id=1, title="t", author_id=1))
    for path in ("author.name", "author.books.title", "chapters.book_id"):
        assert (await client.get(f"/books/?{path}__isnull=false")).status_code == 401
        answer = await client.get(f"/books/?{path}__isnull=false", headers=WORD)
        assert answer.status_code == 200
    for way in ("sort=author.name", "author.name=a", "or=(author.name:a)", "include=author"):
        answer = await client.get(f"/chapters/?{way}", headers=WORD)
        assert answer.status_code == 422


async def test_mass_filter(make_client: MakeClient, database: Database) -> None:
    """The rows of a mass change can't be selected by rows behind a guard."""
    client = await make_client(Resource(Group), Resource(Person, dependencies=GUARD))
    await store(database, Group(name="g"))
    options = {"headers": {"prefer": "max-affected=1", **WORD}, "json": {}}
    answer = await client.patch("/groups/?members.first_name=p", **options)
    assert refused_parameters(answer) == ["members.first_name"]


async def links(client: httpx2.AsyncClient, headers: dict[str, str]) -> list[int]:
    """The statuses of everything that links a group and a person."""
    answers = [
        await client.put("/groups/1/members/1", headers=headers),
        await client.delete("/groups/1/members/1", headers=headers),
        await client.patch("/groups/1", json={"members": [1]}, headers=headers),
        await client.post("/groups/1/members/", json=PERSON, headers=headers),
        await client.get("/groups/1/members/", headers=headers),
    ]
    return [answer.status_code for answer in answers]


PERSON = {"first_name": "a", "last_name": "c"}


@pytest.mark.parametrize(
    ("group", "person", "membership", "expected"),
    [
        ({}, {}, {}, [204, 204, 200, 201, 200]),
        ({}, {"list": GUARD}, {}, [401, 401, 422, 201, 401]),
        ({}, {"read": GUARD}, {}, [401, 401, 422, 201, 401]),
        ({}, {"create": GUARD}, {}, [204, 204, 200, 401, 200]),
        ({"update": GUARD}, {}, {}, [401, 401, 401, 401, 200]),
        ({"create": GUARD, "update": GUARD}, {"read": GUARD}, {}, [401, 401, 401, 401, 401]),
        ({}, {}, {"create": GUARD}, [401, 401, 422, 401, 200]),
        ({}, {}, {"delete": GUARD}, [401, 401, 422, 201, 200]),
        ({}, {}, {"read": GUARD}, [401, 401, 422, 201, 401]),
    ],
)
async def test_links(
    make_client: MakeClient,
    database: Database,
    group: Any,
    person: Any,
    membership: Any,
    expected: list[int],
) -> None:
    """Links ask for what guards a change of the one row, the reading of the other, and the link."""
    client = await make_client(
        Resource(Group, operation_dependencies=group),
        Resource(Person, operation_dependencies=person),
        Resource(Membership, operation_dependencies=membership),
    )
    await store(database, Group(name="g"), Person(first_name="a", last_name="b"))
    assert await links(client, {}) == expected
    with_word = await links(client, WORD)
    assert 401 not in with_word
    # A body can name links if what is asked for runs before each body that could.
    assert with_word[2] == (422 if expected[2] == 422 else 200)


async def test_links_that_are_switched_off(make_client: MakeClient, database: Database) -> None:
    """A link table whose rows can't be created can't be linked by, however."""
    reading = Resource(Membership, operations=["read", "list"])
    client = await make_client(Resource(Group), Resource(Person), reading)
    await store(database, Group(name="g"), Person(first_name="a", last_name="b"))
    assert await links(client, {}) == [404, 404, 422, 405, 200]


def test_nested_writes_past_a_guard() -> None:
    """Rows can be nested only if they can be created, and by callers who may create them."""
    team = Resource(Team, nested_writes=["players"])
    message = refusal(team, Resource(Player, operations=["read", "list"]))
    assert "nested_writes=['players']): Player lacks the operation create; add it" in message
    guarded = Resource(Player, operation_dependencies={"create": GUARD})
    message = refusal(team, guarded)
    assert "Player is guarded by Depends(require_word), which does not run before create" in message
    team = Resource(Team, nested_writes=["players"], operation_dependencies={"create": GUARD})
    accept(team, guarded)


def test_nested_writes_and_readers() -> None:
    """Guards on reading rows don't prevent creating some."""
    team = Resource(Team, nested_writes=["players"])
    accept(team, Resource(Player, operation_dependencies={"read": GUARD, "list": GUARD}))


@pytest.mark.parametrize("guard", [only_own, read_body])
async def test_guard_of_one_row(make_client: MakeClient, database: Database, guard: Any) -> None:
    """A guard that needs one row can't guard the rows of others, and closes the ways to them."""
    own: dict[Operation, list[Any]] = {"read": [Depends(guard)]}
    message = refusal(
        Resource(Player, includes=["team"]), Resource(Team, operation_dependencies=own)
    )
    assert "can't decide about the rows of another resource" in message
    client = await make_client(
        Resource(Team), Resource(Player, operation_dependencies={"read": [Depends(guard)]})
    )
    await store(database, Team(id=1, name="Red"), Player(name="ann", team_id=1))
    assert (await client.get("/teams/1/players/")).status_code == 405
    assert (await client.get("/teams/?players.name=ann")).status_code == 422


async def test_guard_of_one_row_and_many(make_client: MakeClient, database: Database) -> None:
    """A guard of a change by key can't guard that of many, which is not served."""
    own: dict[Operation, list[Any]] = {
        "update": [Depends(only_own)],
        "delete": [Depends(only_own)],
    }
    client = await make_client(Resource(User, operation_dependencies=own))
    await store_users(database, ann=None, bob=None)
    ask = {"prefer": "max-affected=9"}
    for method, url, body in (
        ("PATCH", "/users/bulk/?id=1", [{"id": 2, "full_name": "x"}]),
        ("PATCH", "/users/?id=1", {"full_name": "x"}),
        ("DELETE", "/users/bulk/?id=1", [2]),
        ("DELETE", "/users/?id=1", None),
    ):
        answer = await client.request(method, url, json=body, headers=ask)
        assert answer.status_code == 405, url
    row = {"username": "bob", "email": "bob@example.com", "full_name": "x"}
    answer = await client.post("/users/bulk/?on_conflict=username&id=1", json=[row])
    assert answer.status_code == 422
    assert (await client.patch("/users/1", json={"full_name": "x"})).status_code == 200
    assert (await client.patch("/users/2", json={"full_name": "x"})).status_code == 403


async def test_replay_behind_a_guard(make_client: MakeClient) -> None:
    """An answer that was stored for a key is repeated to those only who get past the guard."""
    client = await make_client(Resource(Team, operation_dependencies={"create": GUARD}))
    key = {"idempotency-key": "k"}
    first = await client.post("/teams/", json={"name": "Red"}, headers={**key, **WORD})
    assert first.status_code == 201
    assert (await client.post("/teams/", json={"name": "Red"}, headers=key)).status_code == 401


async def test_closed_ways_are_not_documented(make_client: MakeClient) -> None:
    """Closed ways are in no parameter, path or schema of the OpenAPI document."""
    client = await make_client(Resource(Group), Resource(Person, dependencies=[Depends(only_own)]))
    document = (await client.get("/openapi.json")).text
    assert "members" not in document
    assert "groups" in document
