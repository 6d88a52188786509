"""Uses the client that was generated from the example's OpenAPI document.

Type-checked and run by test_client.py, where the package `league_client` is the generated one.
Takes the URL of the example, which holds no rows yet.
"""

import sys

from league_client import Client
from league_client.api.players import (
    create_players,
    read_page_players,
    read_queried_page_players,
    stream_players,
)
from league_client.api.teams import create_teams, read_children_teams_players, read_teams
from league_client.models import (
    PlayerCreate,
    PlayerKeysetPage,
    PlayerPage,
    PlayerReadWithIncludes,
    Problem,
    ReadPagePlayersFieldsItem,
    ReadQueriedPagePlayersBody,
    TeamCreate,
    TeamReadWithIncludes,
    TeamRow,
)


def main(url: str) -> None:
    with Client(base_url=url, raise_on_unexpected_status=True) as client:
        store(client)
        names = read_list(client) + read_posted(client) + read_children(client)
        assert names == ["Ben", "Ann", "Ann", "Ben", "Ann", "Ben"], names
        assert walk(client) == ["Ann", "Ben", "Cid"]
        read_one(client)
        refuse(client)


def store(client: Client) -> None:
    for name in ("Red", "Blue"):
        team = create_teams.sync(client=client, body=TeamCreate(name=name))
        assert isinstance(team, TeamReadWithIncludes), team
    for name, team_id in (("Ann", 1), ("Ben", 1), ("Cid", 2)):
        player = create_players.sync(client=client, body=PlayerCreate(name=name, team_id=team_id))
        assert isinstance(player, PlayerReadWithIncludes), player


def read_list(client: Client) -> list[str]:
    page = read_page_players.sync(
        client=client,
        id_in=[1, 2],
        team_name_icontains="red",
        or_="(name:Ann,name:Ben)",
        sort="-name",
        fields=[ReadPagePlayersFieldsItem.ID, ReadPagePlayersFieldsItem.NAME],
        include=["team", "team.players"],
    )
    assert isinstance(page, PlayerPage), page
    assert page.total == 2
    return [str(item.name) for item in page.items]


def read_posted(client: Client) -> list[str]:
    body = ReadQueriedPagePlayersBody(id_in=[1, 2], sort="name", limit=5)
    page = read_queried_page_players.sync(client=client, body=body)
    assert isinstance(page, PlayerPage), page
    return [str(item.name) for item in page.items]


def read_children(client: Client) -> list[str]:
    page = read_children_teams_players.sync(1, client=client, sort="name")
    assert isinstance(page, PlayerPage), page
    return [str(item.name) for item in page.items]


def walk(client: Client) -> list[str]:
    names: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = read_page_players.sync(client=client, cursor=cursor, limit=2, sort="name")
        assert isinstance(page, PlayerKeysetPage), page
        names += [str(item.name) for item in page.items]
        cursor = page.next_
    rows = stream_players.sync(client=client, sort="name")
    assert isinstance(rows, list)
    assert [row.name for row in rows] == names
    return names


def read_one(client: Client) -> None:
    team = read_teams.sync(2, client=client, include=["players"])
    assert isinstance(team, TeamReadWithIncludes | TeamRow), team
    assert team.players
    assert [player.name for player in team.players] == ["Cid"]


def refuse(client: Client) -> None:
    problem = read_page_players.sync(client=client, sort="nope")
    assert isinstance(problem, Problem)
    assert problem.errors
    assert problem.errors[0].parameter == "sort"


if __name__ == "__main__":
    main(sys.argv[1])
