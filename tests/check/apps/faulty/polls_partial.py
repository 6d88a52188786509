"""Polls with a read model that shows its choices, and helpers in plain functions."""

import subprocess

from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy.orm import selectinload
from sqlmodel import Field, Relationship, Session, SQLModel, create_engine, select

engine = create_engine("sqlite:///polls.db")


class Poll(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    question: str
    choices: list["Choice"] = Relationship(back_populates="poll")


class Choice(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    text: str
    poll_id: int = Field(foreign_key="poll.id")  # fault: MW501
    poll: Poll = Relationship(back_populates="choices")


class ChoiceOut(SQLModel):
    text: str


class PollOut(SQLModel):
    question: str
    choices: list[ChoiceOut]


def get_db():
    session = Session(engine)
    try:
        yield session
    finally:
        session.close()


def get_poll_or_none(session: Session, poll_id: int):
    return session.get(Poll, poll_id)


def get_poll_or_404(poll_id: int, session: Session = Depends(get_db)) -> Poll:
    poll = get_poll_or_none(session, poll_id)
    if poll is None:
        raise HTTPException(404)
    return poll


app = FastAPI()


@app.get("/polls", response_model=list[PollOut])
def list_polls(session: Session = Depends(get_db)):
    statement = select(Poll).order_by(Poll.id).limit(10)  # fault: MW301
    return session.exec(statement).all()


@app.get("/polls/choices")
def list_choices(session: Session = Depends(get_db)):
    polls = session.exec(select(Poll).limit(5)).all()
    return {poll.question: [c.text for c in poll.choices] for poll in polls}  # fault: MW302


@app.get("/polls/{poll_id}", response_model=PollOut)
def read_poll(poll: Poll = Depends(get_poll_or_404)):
    return poll


@app.get("/polls/{poll_id}/question")
def read_question(poll_id: int, session: Session = Depends(get_db)):
    poll = get_poll_or_none(session, poll_id)  # fault: MW203
    return poll.question


@app.get("/version")
async def read_version() -> str:
    return subprocess.check_output(["git", "describe"]).decode()  # fault: MW401
