"""Bookmarks, with the small mistakes of a quick start."""

import requests as http
from datetime import datetime
from time import sleep
from typing import List

from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel
from sqlalchemy import Column, DateTime, Integer, String, create_engine
from sqlalchemy.orm import Session, declarative_base, sessionmaker

Base = declarative_base()
engine = create_engine("sqlite:///bookmarks.db")
SessionLocal = sessionmaker(bind=engine)


class Bookmark(Base):
    __tablename__ = "bookmarks"
    id = Column(Integer, primary_key=True)
    url = Column(String, unique=True)
    folder = Column(String)
    created = Column(DateTime, default=datetime.utcnow())  # fault: MW505


def init_db():
    Base.metadata.create_all(engine)


init_db()  # fault: MW601


class BookmarkIn(BaseModel):
    url: str
    folder: str


class BookmarkOut(BookmarkIn):
    id: int
    model_config = {"from_attributes": True}


def get_db():
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()


app = FastAPI()


@app.on_event("shutdown")  # fault: MW603
def close():
    engine.dispose()


@app.get("/bookmarks", response_model=List[BookmarkOut])
def list_all(db: Session = Depends(get_db), skip: int = 0, limit: int = 100):  # fault: MW304
    return db.query(Bookmark).offset(skip).limit(limit).all()  # fault: MW305


@app.get("/folders/{folder}", response_model=List[BookmarkOut])
def list_folder(folder: str, db: Session = Depends(get_db)):
    return db.query(Bookmark).filter_by(folder=folder).all()  # fault: MW303 MW502


@app.post("/bookmarks", response_model=BookmarkOut)  # fault: MW201
def create(data: BookmarkIn, db: Session = Depends(get_db)):
    bookmark = Bookmark(**data.dict())
    db.add(bookmark)
    db.commit()  # fault: MW102
    db.refresh(bookmark)
    return bookmark


@app.get("/bookmarks/{key}/title")
async def read_title(key: int):
    db = SessionLocal()  # fault: MW101 MW402
    bookmark = db.query(Bookmark).get(key)
    db.close()
    if bookmark is None:
        raise HTTPException(status_code=404, detail="Bookmark not found")
    sleep(1)  # fault: MW401
    return http.get(bookmark.url).text[:80]  # fault: MW401


@app.delete("/bookmarks/{key}", status_code=200)
def remove(key: int, db: Session = Depends(get_db)):
    db.query(Bookmark).filter(Bookmark.id == key).delete()
    db.commit()
    return {"deleted": key}


@app.put("/bookmarks/{key}", response_model=BookmarkOut)
def replace(key: int, data: BookmarkIn, db: Session = Depends(get_db)):
    bookmark = db.query(Bookmark).filter(Bookmark.id == key).first()  # fault: MW203
    for name, value in data.dict().items():
        setattr(bookmark, name, value)
    db.commit()  # fault: MW102
    return bookmark
