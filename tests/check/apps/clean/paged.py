"""Pages in many ways: a class of parameters, a limit that is cut, keysets."""

from typing import Annotated

from fastapi import Depends, FastAPI, Query
from pydantic import BaseModel
from sqlmodel import Field, Session, SQLModel, create_engine, select

engine = create_engine("sqlite:///paged.db")


class Entry(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    text: str


class Page(BaseModel):
    offset: int = 0
    limit: int = 20


class EntryPage(SQLModel):
    items: list[Entry]
    next: int | None


def page(offset: int = 0, limit: int = 20) -> Page:
    return Page(offset=max(offset, 0), limit=min(max(limit, 1), 100))


def get_session():
    with Session(engine) as session:
        yield session


app = FastAPI()
SessionDep = Annotated[Session, Depends(get_session)]


@app.get("/entries")
def list_entries(session: SessionDep, page: Annotated[Page, Depends(page)]) -> list[Entry]:
    query = select(Entry).order_by(Entry.id)
    return list(session.exec(query.offset(page.offset).limit(page.limit)).all())


@app.get("/after")
def list_after(
    session: SessionDep, after: int = 0, size: Annotated[int, Query(gt=0, lt=101)] = 20
) -> EntryPage:
    found = session.exec(
        select(Entry).where(Entry.id > after).order_by(Entry.id).limit(size)
    ).all()
    return EntryPage(items=found, next=found[-1].id if found else None)


@app.get("/latest")
def read_latest(session: SessionDep) -> Entry | None:
    return session.exec(select(Entry).order_by(Entry.id.desc()).limit(1)).first()
