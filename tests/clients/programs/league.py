"""The league: what is asked for, and what it is typed as."""

import asyncio
import sys
from typing import assert_type

from api import Client, Page
from api.client import Player, PlayerWhere, Team
from api.problems import AlreadyExists, Changed, Invalid, NotFound, TooManyAffected


async def main(url: str) -> None:
    async with Client(url) as league:
        red, blue = await league.teams.create_many(
            [{"name": "Red", "city": "Oslo"}, {"name": "Blue, the"}]
        )
        names = ["Ann", "Ben", "Cid", "Dan", "Eve"]
        await league.players.create_many(
            [{"name": n, "team_id": (red if i < 3 else blue).id} for i, n in enumerate(names)]
        )
        await read_pages(league, names)
        await filter_rows(league, blue)
        await change_rows(league, red, blue)
        await write_many(league, red, blue)
    print("done")


async def read_pages(league: Client, names: list[str]) -> None:
    page = await league.players.list(sort=["-name"], limit=2, include=["team"])
    assert_type(page, Page[Player])
    assert [(p.name, p.team and p.team.name) for p in page.items] == [
        ("Eve", "Blue, the"),
        ("Dan", "Blue, the"),
    ]
    assert page.total == 5
    first = await league.players.page(limit=3, sort=["name"])
    second = await league.players.page(first.next or "", limit=3, sort=["name"])
    assert [p.name for p in (*first.items, *second.items)] == names
    assert second.next is None
    for limit in (1, 2, 5, 6):
        assert [p.name async for p in league.players.each(limit=limit, sort=["name"])] == names
    assert [p.name async for p in league.players.stream(sort=["name"])] == names
    (alone,) = (await league.players.list(limit=1)).items
    assert alone.team is None and "team" not in alone.model_fields_set


async def filter_rows(league: Client, blue: Team) -> None:
    async def found(where: PlayerWhere) -> list[str]:
        return [p.name for p in (await league.players.list(where=where, sort=["name"])).items]

    assert await found({"name__in": ["Ann", "Eve"], "team": {"name": "Red"}}) == ["Ann"]
    assert await found({"team": {"name__in": ["Blue, the"]}}) == ["Dan", "Eve"]
    assert await found({"team": {"players": {"name": "Dan"}}}) == ["Dan", "Eve"]
    many = [f"{i}".rjust(60, "x") for i in range(150)]
    assert await found({"name__in": [*many, "Ann"]}) == ["Ann"]  # too long for a URL
    wanted = await league.players.list(
        or_=[{"name": 'A"(,):'}, {"name__icontains": "E", "team_id": blue.id}, {"id__lt": 3}],
        not_=[{"name": "Ann"}],
        sort=["name"],
    )
    assert [p.name for p in wanted.items] == ["Ben", "Eve"]
    try:
        await found({"id__in": []})
    except ValueError as error:
        assert str(error) == "id__in: an empty list matches nothing"
    else:
        raise AssertionError("nothing is in an empty list")


async def change_rows(league: Client, red: Team, blue: Team) -> None:
    team = await league.teams.get(red.id)
    assert len(team.players or []) == 3
    mine = await league.teams.get(red, include=[])
    assert mine.players is None and mine.etag is not None
    yours = await league.teams.update(mine, {"city": None})
    assert yours.city is None
    try:
        await league.teams.update(mine, {"city": "Bergen"})
    except Changed as problem:
        assert problem.status == 412
    else:
        raise AssertionError("the row has changed")
    assert (await league.teams.update(mine, {"city": "Bergen"}, if_match=False)).city == "Bergen"
    try:
        await league.players.create({"name": "", "team_id": 1})
    except Invalid as problem:
        assert [(f.pointer, f.code) for f in problem.errors] == [("/name", "string_too_short")]
        assert problem.request_id is not None
    else:
        raise AssertionError("it is not valid")
    try:
        await league.teams.create({"name": "Red"})
    except AlreadyExists as problem:
        assert (problem.code, problem.errors[0].pointer) == ("already_exists", "/name")
    else:
        raise AssertionError("it is taken")
    try:
        await league.players.get(99)
    except NotFound as problem:
        assert problem.detail == "Player not found"
    else:
        raise AssertionError("it is not there")
    zoe = await league.teams.players_of(blue).create({"name": "Zoe"})
    assert zoe.team_id == blue.id
    assert (await league.teams.players_of(blue).list(where={"name": "Zoe"})).total == 1


async def write_many(league: Client, red: Team, blue: Team) -> None:
    (merged,) = await league.teams.create_many(
        [{"name": "Red", "city": "Bodø"}], on_conflict="name"
    )
    assert (merged.id, merged.city) == (red.id, "Bodø")
    (kept,) = await league.teams.create_many(
        [{"name": "Red", "city": "Narvik"}], on_conflict="name", keep=True
    )
    assert kept.city == "Bodø"
    (zoe,) = (await league.players.list(where={"name": "Zoe"})).items
    (changed,) = await league.players.update_many([{"id": zoe.id, "position": "goal"}])
    assert changed.position == "goal"
    wing = {"team_id": red.id}
    assert (
        await league.players.update_matching(
            {"position": "wing"}, where={"team_id": wing["team_id"]}, max_affected=3
        )
        == 3
    )
    try:
        await league.players.delete_matching(where={"id__gt": 0}, max_affected=1)
    except TooManyAffected:
        pass
    else:
        raise AssertionError("they are more")
    tried = league.players.delete_matching(where={"name": "Zoe"}, max_affected=1, dry_run=True)
    assert await tried == 1
    await league.players.delete_many([zoe])
    sums = await league.players.aggregate(
        group=["team.name"],
        measures=["count", "id:max"],
        having={"count__gte": 3},
        sort=["-count"],
    )
    assert sums.items == [{"team.name": "Red", "count": 3, "id:max": 3}]
    assert blue.id == 2


async def wrong(league: Client, player: Player) -> None:
    """Requests that no program may make; comments mark those that mypy would let pass."""
    await league.players.list(where={"id__in": ["x"]})  # type: ignore[list-item]
    await league.players.list(where={"id__icontains": "x"})  # type: ignore[typeddict-unknown-key]
    await league.players.list(where={"team": {"nope": 1}})  # type: ignore[typeddict-unknown-key]
    await league.players.list(sort=["nope"])  # type: ignore[list-item]
    await league.players.list(include=["teams"])  # type: ignore[list-item]
    await league.players.create({"team_id": 1})  # type: ignore[typeddict-item]
    await league.players.update(1, {"name": None})  # type: ignore[typeddict-item]
    await league.players.list(deleted="only")  # type: ignore[arg-type]
    player.team.name  # type: ignore[union-attr]  # noqa: B018
    player.nope  # type: ignore[attr-defined]  # noqa: B018


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
