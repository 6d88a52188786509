"""Intended code, with comments that suppress findings."""

from fastapi import FastAPI
from sqlmodel import Field, Session, SQLModel, create_engine, select

engine = create_engine("sqlite:///meant.db")


class Colour(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str


app = FastAPI()


@app.get("/colours")
def list_colours() -> list[Colour]:
    with Session(engine) as session:  # modelwire: ignore[MW101]
        return session.exec(select(Colour)).all()  # modelwire: ignore[MW303] - there are twelve
