"""Links that are rows of a resource: its policy decides which of them a caller may change."""

from typing import Annotated, Any

import pytest
from fastapi import Header
from pydantic import BaseModel
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Caller, Policy, Resource, everyone
from tests.conftest import MakeClient

from .two_worlds.planted import find_plants


class TalentBadge(SQLModel, table=True):
    """Link between a holder and a skill."""

    __tablename__ = "links_badges"

    holder_id: int = Field(foreign_key="links_holders.id", primary_key=True)
    skill_id: int = Field(foreign_key="links_talents.id", primary_key=True)


class TalentHolder(SQLModel, table=True):
    __tablename__ = "links_holders"

    id: int | None = Field(default=None, primary_key=True)
    name: str

    skills: list["Talent"] = Relationship(link_model=TalentBadge)


class Talent(SQLModel, table=True):
    __tablename__ = "links_talents"

    id: int | None = Field(default=None, primary_key=True)
    name: str


class Guest(BaseModel):
    id: int
    is_chief: bool


async def read_guest(x_guest: Annotated[int, Header()]) -> Guest:
    return Guest(id=x_guest, is_chief=x_guest == 1)


me = Caller(read_guest)
CHIEF, GUEST = {"x-guest": "1"}, {"x-guest": "2"}
FIXED, PLAIN, LOCKED, SECRET, UNSEEN = 1, 2, 3, 4, 5
"""A guest can't remove the first, can't give the third, sees no badge of the fourth, and the
fifth not at all."""

chief = me.is_chief
RESOURCES = (
    Resource(TalentHolder, policy=Policy(read=everyone), includes=["skills"]),
    Resource(Talent, policy=Policy(read=chief | (Talent.id != UNSEEN))),
    Resource(
        TalentBadge,
        policy=Policy(
            read=chief | (TalentBadge.skill_id != SECRET),
            create=chief | (TalentBadge.skill_id != LOCKED),
            delete=chief | (TalentBadge.skill_id != FIXED),
        ),
    ),
)


class People:
    """The service, with one person who has some skills."""

    def __init__(self, client: Any) -> None:
        self.client = client

    async def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        who = options.get("who", GUEST)
        return await self.client.request(method, path, json=body, headers=who)

    async def have(self, *skills: int) -> None:
        body = {"skills": list(skills)}
        answer = await self.ask("PATCH", "/links_holders/1", body, who=CHIEF)
        assert answer.status_code == 200, answer.text

    async def skills(self) -> list[int]:
        answer = await self.ask("GET", "/links_holders/1?include=skills", who=CHIEF)
        return sorted(skill["id"] for skill in answer.json()["skills"])


@pytest.fixture
async def people(make_client: MakeClient) -> People:
    made = People(await make_client(*RESOURCES, caller=me))
    for number in range(1, 6):
        await made.ask("POST", "/links_talents/", {"name": f"{number}"}, who=CHIEF)
    answer = await made.ask("POST", "/links_holders/", {"name": "Ann"}, who=CHIEF)
    assert answer.status_code == 201, answer.text
    return made


WRITES = [
    ("PATCH", "/links_holders/1", lambda skills: {"skills": skills}),
    ("PUT", "/links_holders/1", lambda skills: {"name": "Ann", "skills": skills}),
    ("PATCH", "/links_holders/bulk/", lambda skills: [{"id": 1, "skills": skills}]),
]


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
async def test_list_is_replaced(people: People, method: str, path: str, body: Any) -> None:
    """A forbidden removal or link refuses the whole list; unseen links stay."""
    await people.have(FIXED, PLAIN, SECRET, UNSEEN)
    for skills in ([], [PLAIN], [FIXED, PLAIN, LOCKED]):
        refused = await people.ask(method, path, body(skills))
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden"), skills
        assert await people.skills() == [FIXED, PLAIN, SECRET, UNSEEN]
    assert (await people.ask(method, path, body([FIXED]))).status_code == 200
    assert await people.skills() == [FIXED, SECRET, UNSEEN]


async def test_one_link(people: People) -> None:
    await people.have(FIXED, PLAIN)
    for method, skill, status in (
        ("DELETE", FIXED, 403),
        ("DELETE", PLAIN, 204),
        ("PUT", LOCKED, 403),
        ("PUT", UNSEEN, 404),
        ("PUT", PLAIN, 204),
    ):
        answer = await people.ask(method, f"/links_holders/1/skills/{skill}")
        assert answer.status_code == status, (method, skill, answer.text)
    assert await people.skills() == [FIXED, PLAIN]


async def test_new_rows_with_links(people: People) -> None:
    """A row that is created with links, and one that is created below another."""
    body = {"name": "Ben", "skills": [PLAIN, LOCKED]}
    refused = await people.ask("POST", "/links_holders/", body)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert (await people.ask("GET", "/links_holders/")).json()["total"] == 1
    made = await people.ask("POST", "/links_holders/", {"name": "Ben", "skills": [PLAIN]})
    assert made.status_code == 201, made.text


PLANTED = (
    "execute/write/link.py:Linker._check_gone:restricts:0",
    "execute/write/link.py:Linker._check_gone:raise refuse:0",
    "execute/write/link.py:Linker._check_made:raise refuse:0",
)


@pytest.mark.parametrize("name", PLANTED)
async def test_planted(people: People, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each check is one that a test misses."""
    plants = {str(plant): plant for plant in find_plants()}
    plants[name].install(monkeypatch)
    with pytest.raises(AssertionError):
        await test_one_link(people)
