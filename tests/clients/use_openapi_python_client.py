"""More that a client by openapi-python-client does, beside what the page shows.

Type-checked and run by test_python.py, where the package `league` is the generated one. Takes the
URL of the example with the rows of the page.
"""

import sys

from league import Client
from league.api.players import (
    bulk_create_players,
    create_player,
    list_players,
    patch_player,
    query_players,
    read_player,
    stream_players,
    update_matching_players,
)
from league.api.teams import create_team_player, list_team_players, read_team
from league.models import (
    Affected,
    ListPlayersPlayerFilters,
    PlayerCreate,
    PlayerCreateWithoutTeamId,
    PlayerInclude,
    PlayerPage,
    PlayerQuery,
    PlayerRead,
    PlayerSort,
    PlayerUpdate,
    Problem,
    TeamInclude,
    TeamRead,
    UpdateMatchingPlayersPlayerFilters,
)


def main(url: str) -> None:
    with Client(base_url=url, raise_on_unexpected_status=True) as client:
        read_lists(client)
        write(client)
        refuse(client)


def read_lists(client: Client) -> None:
    page = list_players.sync(
        client=client,
        or_="(name:Ann,name:Ben)",
        filters=ListPlayersPlayerFilters(id_between=[1, 9], name_like="_en"),
        include=[PlayerInclude.TEAM, PlayerInclude.TEAM_PLAYERS],
    )
    (ben,) = items_of(page)
    assert ben.team
    assert ben.team.players
    assert [player.name for player in ben.team.players] == ["Ann", "Ben"]
    body = PlayerQuery(sort=[PlayerSort.NAME], limit=5)
    body.additional_properties["id__in"] = [1, 2]
    assert names_of(query_players.sync(client=client, body=body)) == ["Ann", "Ben"]
    listed = list_team_players.sync(2, client=client, sort=[PlayerSort.NAME_DESC])
    assert names_of(listed) == ["Dan", "Cid"]
    rows = stream_players.sync(client=client, sort=[PlayerSort.TEAM_NAME, PlayerSort.NAME])
    assert isinstance(rows, list)
    assert [row.name for row in rows] == ["Cid", "Dan", "Ann", "Ben"]


def write(client: Client) -> None:
    eve = create_player.sync(client=client, body=PlayerCreate(name="Eve", team_id=1))
    assert isinstance(eve, PlayerRead), eve
    child = create_team_player.sync(2, client=client, body=PlayerCreateWithoutTeamId(name="Fay"))
    assert isinstance(child, PlayerRead), child
    new = [PlayerCreate(name="Gil", team_id=1, position="goal")]
    many = bulk_create_players.sync(client=client, body=new)
    assert isinstance(many, list)
    gil = many[0]
    # What a change does not name it leaves alone.
    changed = patch_player.sync(gil.id, client=client, body=PlayerUpdate(name="Gus"))
    assert isinstance(changed, PlayerRead), changed
    assert (changed.name, changed.position) == ("Gus", "goal")
    affected = update_matching_players.sync(
        client=client,
        prefer="max-affected=9",
        filters=UpdateMatchingPlayersPlayerFilters(id_gte=eve.id),
        body=PlayerUpdate(position="wing"),
    )
    assert isinstance(affected, Affected), affected
    assert affected.affected == len([eve, child, gil])
    team = read_team.sync(2, client=client, include=[TeamInclude.PLAYERS])
    assert isinstance(team, TeamRead), team
    assert team.players
    assert [player.name for player in team.players] == ["Cid", "Dan", "Fay"]


def refuse(client: Client) -> None:
    problem = list_players.sync(client=client, limit=1000)
    assert isinstance(problem, Problem)
    assert problem.errors
    assert problem.errors[0].parameter == "limit"
    missing = read_player.sync(99, client=client)
    assert isinstance(missing, Problem)
    assert (missing.status, missing.code) == (404, "not_found")


def items_of(page: PlayerPage | Problem | None) -> list[PlayerRead]:
    assert isinstance(page, PlayerPage), page
    return page.items


def names_of(page: PlayerPage | Problem | None) -> list[str]:
    return [player.name for player in items_of(page)]


if __name__ == "__main__":
    main(sys.argv[1])
