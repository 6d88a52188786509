"""Endpoints as methods of a class, which is registered route by route."""

import shutil
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, HTTPException
from sqlmodel import Field, Session, SQLModel, create_engine, select

engine = create_engine("sqlite:///views.db")


class Picture(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    file: str
    album: str


def get_session():
    with Session(engine) as session:
        yield session


SessionDep = Annotated[Session, Depends(get_session)]


class PictureViews:
    def __init__(self) -> None:
        self.router = APIRouter(prefix="/pictures")
        self.router.add_api_route("/", self.create, methods=["POST"])
        self.router.add_api_route("/{key}", self.read, methods=["GET"])
        self.router.add_api_route("/{key}", self.delete, methods=["DELETE"])
        self.router.add_api_route("/albums/{album}", self.album, methods=["GET"])

    def create(self, file: str, album: str, session: SessionDep):  # fault: MW201
        picture = Picture(file=file, album=album)
        session.add(picture)
        session.commit()
        session.refresh(picture)
        return picture

    def read(self, key: int, session: SessionDep):
        picture = session.get(Picture, key)  # fault: MW203
        return {"file": picture.file}

    async def delete(
        self,
        key: int,
        session: SessionDep,  # fault: MW402
    ):  # the decorator that it has not got would be here
        picture = session.get(Picture, key)
        if picture is None:
            raise HTTPException(404)
        shutil.copy(picture.file, "/tmp")  # fault: MW401
        session.delete(picture)
        session.commit()
        return picture

    def album(self, album: str, session: SessionDep):
        query = select(Picture).where(Picture.album == album)  # fault: MW303 MW502
        return session.exec(query).all()


app = FastAPI()
app.include_router(PictureViews().router)
