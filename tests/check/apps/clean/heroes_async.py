"""Heroes with teams on an async engine, as they should be."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Query, status
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import selectinload
from sqlmodel import Field, Relationship, SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession


class Team(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    heroes: list["Hero"] = Relationship(back_populates="team")


class Hero(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(index=True)
    secret_name: str
    team_id: int | None = Field(default=None, foreign_key="team.id", index=True)
    team: Team | None = Relationship(back_populates="heroes")


class HeroPublic(SQLModel):
    id: int
    name: str


class HeroCreate(SQLModel):
    name: str
    secret_name: str
    team_id: int | None = None


class TeamPublic(SQLModel):
    id: int
    name: str
    heroes: list[HeroPublic] = []


engine = create_async_engine("sqlite+aiosqlite:///heroes.db")
make_session = async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.create_all)
    yield
    await engine.dispose()


async def get_session() -> AsyncIterator[AsyncSession]:
    async with make_session() as session:
        yield session


SessionDep = Annotated[AsyncSession, Depends(get_session)]
Limit = Annotated[int, Query(ge=1, le=100)]
app = FastAPI(lifespan=lifespan)


@app.get("/heroes")
async def list_heroes(
    session: SessionDep, offset: Annotated[int, Query(ge=0)] = 0, limit: Limit = 20
) -> list[HeroPublic]:
    query = select(Hero).order_by(Hero.id).offset(offset).limit(limit)
    return list((await session.exec(query)).all())


@app.get("/heroes/named/{name}")
async def read_named(name: str, session: SessionDep) -> HeroPublic:
    hero = (await session.exec(select(Hero).where(Hero.name == name))).first()
    if hero is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND)
    return hero


@app.get("/teams/{team_id}", response_model=TeamPublic)
async def read_team(team_id: int, session: SessionDep):
    team = await session.get(Team, team_id, options=[selectinload(Team.heroes)])
    if not team:
        raise HTTPException(404, "Team not found")
    return team


@app.get("/teams/{team_id}/names")
async def read_names(team_id: int, session: SessionDep) -> list[str]:
    query = select(Team).where(Team.id == team_id).options(selectinload(Team.heroes))
    team = (await session.exec(query)).one_or_none()
    if team is None:
        raise HTTPException(404, "Team not found")
    return [hero.name for hero in team.heroes]


@app.post("/heroes", status_code=201)
async def create_hero(data: HeroCreate, session: SessionDep) -> HeroPublic:
    hero = Hero.model_validate(data)
    session.add(hero)
    try:
        await session.commit()
    except IntegrityError as error:
        await session.rollback()
        raise HTTPException(409, "There is no such team") from error
    return hero


@app.delete("/heroes/{hero_id}", status_code=204)
async def delete_hero(hero_id: int, session: SessionDep) -> None:
    hero = await session.get(Hero, hero_id)
    if hero is None:
        raise HTTPException(404, "Hero not found")
    await session.delete(hero)
    await session.commit()
