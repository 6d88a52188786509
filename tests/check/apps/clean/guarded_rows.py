"""Rows that dependencies look up, and raise for: the endpoints have them for sure."""

from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy.exc import IntegrityError, NoResultFound
from sqlmodel import Field, Session, SQLModel, create_engine, select

engine = create_engine("sqlite:///guarded.db")


class Gadget(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True)


class GadgetIn(SQLModel):
    code: str


class GadgetPatch(SQLModel):
    code: str | None = None


def get_session():
    with Session(engine) as session:
        yield session


SessionDep = Annotated[Session, Depends(get_session)]


def raise_404(what: str) -> None:
    raise HTTPException(404, f"{what} not found")


def valid_gadget(gadget_id: int, session: SessionDep) -> Gadget:
    gadget = session.get(Gadget, gadget_id)
    if gadget is None:
        raise_404("Gadget")
    return gadget


GadgetDep = Annotated[Gadget, Depends(valid_gadget)]
app = FastAPI()


@app.get("/gadgets/{gadget_id}")
def read(gadget: GadgetDep) -> Gadget:
    return gadget


@app.get("/codes/{code}")
def read_code(code: str, session: SessionDep) -> Gadget:
    try:
        return session.exec(select(Gadget).where(Gadget.code == code)).one()
    except NoResultFound:
        raise HTTPException(404, "There is no such gadget") from None


@app.patch("/gadgets/{gadget_id}")
def patch(gadget: GadgetDep, data: GadgetPatch, session: SessionDep) -> Gadget:
    gadget.sqlmodel_update(data.model_dump(exclude_unset=True))
    try:
        session.commit()
    except IntegrityError:
        session.rollback()
        raise HTTPException(409, "This code is taken") from None
    session.refresh(gadget)
    return gadget


@app.delete("/gadgets/{gadget_id}", status_code=204)
def delete(gadget: GadgetDep, session: SessionDep) -> None:
    session.delete(gadget)
    session.commit()
