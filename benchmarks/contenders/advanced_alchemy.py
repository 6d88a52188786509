"""Litestar with Advanced Alchemy's services, as its documentation writes it."""

import datetime as dt
from typing import Annotated

from advanced_alchemy.extensions.litestar import (
    AsyncSessionConfig,
    EngineConfig,
    SQLAlchemyAsyncConfig,
    SQLAlchemyPlugin,
    base,
    filters,
    providers,
    repository,
    service,
)
from advanced_alchemy.types import DateTimeUTC
from litestar import Controller, Litestar, delete, get, patch, post
from litestar.params import Dependency
from pydantic import BaseModel
from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .sessions import async_url


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class UserModel(base.DefaultBase):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(50), unique=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    full_name: Mapped[str | None] = mapped_column(String(200))
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[dt.datetime] = mapped_column(DateTimeUTC(timezone=True), default=_now)


class PlayerModel(base.DefaultBase):
    __tablename__ = "players"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    position: Mapped[str | None] = mapped_column(String(50))
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), index=True)


class TeamModel(base.DefaultBase):
    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    city: Mapped[str | None] = mapped_column(String(100))
    players: Mapped[list[PlayerModel]] = relationship(lazy="selectin")


class User(BaseModel):
    id: int
    username: str
    email: str
    full_name: str | None
    is_active: bool
    created_at: dt.datetime


class UserCreate(BaseModel):
    username: str
    email: str
    full_name: str | None = None
    is_active: bool = True


class UserUpdate(BaseModel):
    username: str | None = None
    email: str | None = None
    full_name: str | None = None
    is_active: bool | None = None


class Player(BaseModel):
    id: int
    name: str
    position: str | None
    team_id: int


class Team(BaseModel):
    id: int
    name: str
    city: str | None
    players: list[Player]


class UserService(service.SQLAlchemyAsyncRepositoryService[UserModel]):
    class Repo(repository.SQLAlchemyAsyncRepository[UserModel]):
        model_type = UserModel

    repository_type = Repo


class TeamService(service.SQLAlchemyAsyncRepositoryService[TeamModel]):
    class Repo(repository.SQLAlchemyAsyncRepository[TeamModel]):
        model_type = TeamModel

    repository_type = Repo


class PlayerService(service.SQLAlchemyAsyncRepositoryService[PlayerModel]):
    class Repo(repository.SQLAlchemyAsyncRepository[PlayerModel]):
        model_type = PlayerModel

    repository_type = Repo


Filters = Annotated[list[filters.FilterTypes], Dependency(skip_validation=True)]


class UserController(Controller):
    path = "/users"
    dependencies = providers.create_service_dependencies(
        UserService,
        "users_service",
        filters={
            "pagination_type": "limit_offset",
            "sort_field": "id",
            "sort_order": "asc",
            "boolean_fields": {"is_active"},
        },
    )

    @get()
    async def list_users(
        self, users_service: UserService, filters: Filters
    ) -> service.OffsetPagination[User]:
        results, total = await users_service.get_many_and_count(*filters)
        return users_service.to_schema(results, total, filters=filters, schema_type=User)

    @get(path="/{user_id:int}")
    async def get_user(self, users_service: UserService, user_id: int) -> User:
        obj = await users_service.get(user_id)
        return users_service.to_schema(obj, schema_type=User)

    @post()
    async def create_user(self, users_service: UserService, data: UserCreate) -> User:
        obj = await users_service.create(data)
        return users_service.to_schema(obj, schema_type=User)

    @post(path="/bulk")
    async def create_users(
        self, users_service: UserService, data: list[UserCreate]
    ) -> service.OffsetPagination[User]:
        results = await users_service.create_many(data)
        return users_service.to_schema(results, schema_type=User)

    @patch(path="/{user_id:int}")
    async def update_user(self, users_service: UserService, data: UserUpdate, user_id: int) -> User:
        changes = data.model_dump(exclude_unset=True)
        obj = await users_service.update(changes, item_id=user_id, auto_commit=True)
        return users_service.to_schema(obj, schema_type=User)

    @delete(path="/{user_id:int}")
    async def delete_user(self, users_service: UserService, user_id: int) -> None:
        await users_service.delete(user_id)


class TeamController(Controller):
    path = "/teams"
    dependencies = providers.create_service_dependencies(
        TeamService,
        "teams_service",
        load=[TeamModel.players],
        filters={
            "pagination_type": "limit_offset",
            "sort_field": "id",
            "sort_order": "asc",
        },
    )

    @get()
    async def list_teams(
        self, teams_service: TeamService, filters: Filters
    ) -> service.OffsetPagination[Team]:
        results, total = await teams_service.get_many_and_count(*filters)
        return teams_service.to_schema(results, total, filters=filters, schema_type=Team)

    @get(path="/{team_id:int}")
    async def get_team(self, teams_service: TeamService, team_id: int) -> Team:
        obj = await teams_service.get(team_id)
        return teams_service.to_schema(obj, schema_type=Team)


class PlayerController(Controller):
    path = "/players"
    dependencies = providers.create_service_dependencies(PlayerService, "players_service")

    @get()
    async def list_players(
        self, players_service: PlayerService
    ) -> service.OffsetPagination[Player]:
        results = await players_service.get_many(order_by=[("id", False)])
        return players_service.to_schema(results, schema_type=Player)


@get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


alchemy_config = SQLAlchemyAsyncConfig(
    connection_string=async_url(),
    engine_config=EngineConfig(pool_size=10, max_overflow=0),
    before_send_handler="autocommit",
    session_config=AsyncSessionConfig(expire_on_commit=False),
)

app = Litestar(
    route_handlers=[health, UserController, TeamController, PlayerController],
    plugins=[SQLAlchemyPlugin(config=alchemy_config)],
)
