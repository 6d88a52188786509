"""A table class for everything: body, row and answer."""

from contextlib import asynccontextmanager
from datetime import datetime, timezone
from uuid import UUID, uuid4

from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, Session, SQLModel, create_engine, select

engine = create_engine("sqlite:///notes.db")


class Note(SQLModel, table=True):
    id: UUID = Field(default=uuid4(), primary_key=True)  # fault: MW505
    text: str
    tag: str
    at: datetime = Field(default=datetime.now(timezone.utc))  # fault: MW505


@asynccontextmanager
async def lifespan(app: FastAPI):
    SQLModel.metadata.create_all(engine)
    yield


def get_session():
    with Session(engine) as session:
        yield session


app = FastAPI(lifespan=lifespan)


@app.post("/notes", status_code=201)
def create_note(note: Note, session: Session = Depends(get_session)):  # fault: MW206
    session.add(note)
    try:
        session.commit()
    except IntegrityError:
        raise HTTPException(409, "This note is there already")
    session.refresh(note)
    return note


@app.get("/notes/{note_id}")
def read_note(note_id: UUID, session: Session = Depends(get_session)):
    note = session.get(Note, note_id)  # fault: MW203
    return note


@app.get("/tags/{tag}")
def read_tag(tag: str, offset: int = 0, session: Session = Depends(get_session)):
    query = select(Note).where(Note.tag == tag).offset(offset).limit(50)  # fault: MW305 MW502
    return session.exec(query).all()


@app.delete("/notes/{note_id}")  # fault: MW202
def delete_note(note_id: UUID, session: Session = Depends(get_session)) -> None:
    note = session.get(Note, note_id)
    if note is None:
        raise HTTPException(status_code=400, detail="Note not found")  # fault: MW204
    session.delete(note)
    session.commit()
