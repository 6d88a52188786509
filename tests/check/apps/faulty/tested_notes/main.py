"""An application with tests beside it."""

from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from sqlmodel import Field, Session, SQLModel, create_engine

engine = create_engine("sqlite:///memo.db")


class Memo(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    text: str


class MemoIn(SQLModel):
    text: str


def get_session():
    with Session(engine) as session:
        yield session


app = FastAPI()


@app.post("/memos")  # fault: MW201
def create(memo: MemoIn, session: Annotated[Session, Depends(get_session)]):
    row = Memo(text=memo.text)
    session.add(row)
    session.commit()
    session.refresh(row)
    return row


@app.get("/memos/{key}")
def read(key: int, session: Annotated[Session, Depends(get_session)]):
    if memo := session.get(Memo, key):
        return memo
    raise HTTPException(404)
