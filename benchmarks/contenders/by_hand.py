"""FastAPI and SQLModel by hand, as the tutorials write it: sessions, entities, response models."""

from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy.orm import selectinload
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from benchmarks.schema import (
    Page,
    Player,
    PlayerPublic,
    Team,
    TeamPublicWithPlayers,
    User,
    UserCreate,
    UserPublic,
    UserUpdate,
)

from .sessions import get_session

SessionDep = Annotated[AsyncSession, Depends(get_session)]

app = FastAPI()


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/users/", response_model=Page[UserPublic])
async def read_users(
    session: SessionDep,
    skip: int = 0,
    limit: int = 10,
    is_active: bool | None = None,
    sort: str = "id",
    count: str = "exact",
) -> Any:
    statement = select(User)
    counted = select(func.count()).select_from(User)
    if is_active is not None:
        statement = statement.where(User.is_active == is_active)
        counted = counted.where(User.is_active == is_active)
    column = col(getattr(User, sort.removeprefix("-")))
    order = column.desc() if sort.startswith("-") else column.asc()
    users = (await session.exec(statement.order_by(order).offset(skip).limit(limit))).all()
    total = (await session.exec(counted)).one() if count == "exact" else None
    return {"items": users, "total": total, "skip": skip, "limit": limit}


@app.get("/users/{user_id}", response_model=UserPublic)
async def read_user(user_id: int, session: SessionDep) -> Any:
    user = await session.get(User, user_id)
    if not user:
        raise HTTPException(status_code=404, detail="User not found")
    return user


@app.post("/users/", response_model=UserPublic, status_code=201)
async def create_user(user: UserCreate, session: SessionDep) -> Any:
    db_user = User.model_validate(user)
    session.add(db_user)
    await session.commit()
    await session.refresh(db_user)
    return db_user


@app.post("/users/bulk/", response_model=list[UserPublic], status_code=201)
async def create_users(users: list[UserCreate], session: SessionDep) -> Any:
    db_users = [User.model_validate(user) for user in users]
    session.add_all(db_users)
    await session.commit()
    for db_user in db_users:
        await session.refresh(db_user)
    return db_users


@app.put("/users/{user_id}", response_model=UserPublic)
async def update_user(user_id: int, user: UserUpdate, session: SessionDep) -> Any:
    db_user = await session.get(User, user_id)
    if not db_user:
        raise HTTPException(status_code=404, detail="User not found")
    db_user.sqlmodel_update(user.model_dump(exclude_unset=True))
    session.add(db_user)
    await session.commit()
    await session.refresh(db_user)
    return db_user


@app.delete("/users/{user_id}", status_code=204)
async def delete_user(user_id: int, session: SessionDep) -> None:
    user = await session.get(User, user_id)
    if not user:
        raise HTTPException(status_code=404, detail="User not found")
    await session.delete(user)
    await session.commit()


@app.get("/teams/", response_model=Page[TeamPublicWithPlayers])
async def read_teams(session: SessionDep, skip: int = 0, limit: int = 10) -> Any:
    statement = select(Team).options(selectinload(Team.players))  # type: ignore[arg-type]
    page = statement.order_by(col(Team.id)).offset(skip).limit(limit)
    teams = (await session.exec(page)).all()
    total = (await session.exec(select(func.count()).select_from(Team))).one()
    return {"items": teams, "total": total, "skip": skip, "limit": limit}


@app.get("/teams/{team_id}", response_model=TeamPublicWithPlayers)
async def read_team(team_id: int, session: SessionDep) -> Any:
    options = [selectinload(Team.players)]  # type: ignore[arg-type]
    team = await session.get(Team, team_id, options=options)
    if not team:
        raise HTTPException(status_code=404, detail="Team not found")
    return team


@app.get("/players/stream/", response_model=list[PlayerPublic])
async def read_players(session: SessionDep) -> Any:
    return (await session.exec(select(Player).order_by(col(Player.id)))).all()
