"""A generic CRUD class with typed schemas, shared by all resources."""

from typing import Any, Generic, Optional, Type, TypeVar

from fastapi import APIRouter, Depends, FastAPI, HTTPException
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import Field, Relationship, SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession

ModelType = TypeVar("ModelType", bound=SQLModel)
CreateSchema = TypeVar("CreateSchema", bound=BaseModel)


class Movie(SQLModel, table=True):
    id: Optional[int] = Field(default=None, primary_key=True)
    title: str = Field(unique=True)
    reviews: list["Review"] = Relationship(back_populates="movie")


class Review(SQLModel, table=True):
    id: Optional[int] = Field(default=None, primary_key=True)
    stars: int
    movie_id: int = Field(foreign_key="movie.id")  # fault: MW501
    movie: Optional[Movie] = Relationship(back_populates="reviews")


class MovieCreate(BaseModel):
    title: str


class ReviewRead(SQLModel):
    id: int
    stars: int


class MovieRead(SQLModel):
    id: int
    title: str
    reviews: list[ReviewRead]


class CRUDBase(Generic[ModelType, CreateSchema]):
    def __init__(self, model: Type[ModelType]):
        self.model = model

    async def get(self, db: AsyncSession, id: Any) -> Optional[ModelType]:
        return await db.get(self.model, id)

    async def create(self, db: AsyncSession, obj_in: CreateSchema) -> ModelType:
        db_obj = self.model(**obj_in.model_dump())
        db.add(db_obj)
        await db.commit()
        await db.refresh(db_obj)
        return db_obj


class CRUDMovie(CRUDBase[Movie, MovieCreate]):
    async def get_multi(self, db: AsyncSession, *, skip: int = 0, limit: int = 100):
        query = select(Movie).offset(skip).limit(limit)  # fault: MW305 MW301
        return (await db.exec(query)).all()

    async def make(self, db: AsyncSession, title: str) -> Movie:
        movie = Movie(title=title)
        db.add(movie)
        await db.commit()  # fault: MW102
        await db.refresh(movie)
        return movie


movies = CRUDMovie(Movie)
engine = create_async_engine("sqlite+aiosqlite:///movies.db", echo=True)  # fault: MW602


async def get_db():
    async with AsyncSession(engine, expire_on_commit=False) as session:
        yield session


router = APIRouter(prefix="/movies")


@router.get("/", response_model=list[MovieRead])
async def list_movies(
    skip: int = 0,
    limit: int = 100,  # fault: MW304
    db: AsyncSession = Depends(get_db),
):
    return await movies.get_multi(db, skip=skip, limit=limit)


@router.post("/", response_model=MovieRead)  # fault: MW201
async def create_movie(data: MovieCreate, db: AsyncSession = Depends(get_db)):
    return await movies.make(db, data.title)


@router.delete("/{movie_id}")  # fault: MW202
async def delete_movie(movie_id: int, db: AsyncSession = Depends(get_db)):
    movie = await db.get(Movie, movie_id)
    if movie is None:
        raise HTTPException(404)
    await db.delete(movie)
    await db.commit()
    return {"status": "deleted"}


app = FastAPI()
app.include_router(router)
