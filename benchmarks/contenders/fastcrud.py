"""FastCRUD's `crud_router`, as its documentation writes it."""

from fastapi import FastAPI
from fastcrud import FilterConfig, crud_router

from benchmarks.schema import (
    Team,
    TeamBase,
    TeamPublicWithPlayers,
    User,
    UserCreate,
    UserPublic,
    UserUpdate,
)

from .sessions import get_session

app = FastAPI()


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


app.include_router(
    crud_router(
        session=get_session,
        model=User,
        create_schema=UserCreate,
        update_schema=UserUpdate,
        select_schema=UserPublic,
        filter_config=FilterConfig(is_active=None),
        path="/users",
    )
)
app.include_router(
    crud_router(
        session=get_session,
        model=Team,
        create_schema=TeamBase,
        update_schema=TeamBase,
        select_schema=TeamPublicWithPlayers,
        include_relationships=["players"],
        path="/teams",
    )
)
