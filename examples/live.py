"""A list that changes in the browser as soon as its rows change."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from modelwire import Changes, Database, Resource, mount

PAGE = Path(__file__).with_name("live.html")


class Table(SQLModel, registry=registry()):
    pass


class Task(Table, table=True):
    __tablename__ = "tasks"

    id: int | None = Field(default=None, primary_key=True)
    title: str = Field(min_length=1, max_length=200)
    done: bool = False


def create_app(database: Database) -> FastAPI:
    app = FastAPI(title="Tasks", lifespan=database.lifespan)
    mount(app, database, Resource(Task, changes=Changes()))

    @app.get("/", include_in_schema=False)
    def show_page() -> FileResponse:
        return FileResponse(PAGE)

    return app


app = create_app(Database(metadata=Table.metadata))
